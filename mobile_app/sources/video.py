"""A video file, played in real time."""

from pathlib import Path

import cv2
import numpy as np

from mobile_app.sources.source import Frame, FrameTimer, SourceUnavailable

DEFAULT_RATE = 30.0
"""Frames per second if the file does not say."""


class VideoFile:
    """The frames of a video file in real time; `open` starts from the beginning."""

    live = True
    synthetic = False

    def __init__(self, path: Path):
        self.name = path.name
        self._path = path
        self._capture: cv2.VideoCapture | None = None
        self._count = 0
        self._timer = FrameTimer(1 / DEFAULT_RATE)

    def open(self) -> None:
        """Open the file at its first frame."""
        self.close()
        if not self._path.is_file():
            raise SourceUnavailable("unreadable", f"The video file does not exist. Received: {self._path}.")
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            capture.release()
            raise SourceUnavailable("unreadable", f"OpenCV cannot read this video. Received: {self._path}. Try MP4.")
        rate = capture.get(cv2.CAP_PROP_FPS)
        self._timer = FrameTimer(1 / (rate if 1 <= rate <= 240 else DEFAULT_RATE))
        self._capture = capture

    def read(self) -> Frame | None:
        """Wait until the next frame is due; None at the end."""
        if self._capture is None:
            return None
        ok, picture = self._capture.read()
        if not ok:
            return None
        taken = self._timer.wait()
        self._count += 1
        return Frame(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8), taken, self._count)

    def close(self) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None
