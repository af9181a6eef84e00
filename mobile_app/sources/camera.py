"""A camera of a desktop machine, through OpenCV."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mobile_app.sources.source import Frame, SourceUnavailable

WIDTH, HEIGHT, RATE = 1280, 720, 30
"""What the camera is asked for; it gives what it has."""
FAILED_READS = 5
"""A camera that gives nothing so many times in a row is gone."""


class Camera:
    """Camera `number` of this machine."""

    live = True

    def __init__(self, number: int = 0):
        self.name = f"camera {number}"
        self._number = number
        self._capture: Any = None
        self._count = 0

    def open(self) -> None:
        """Take hold of the camera and ask for 1280 x 720 at 30 frames a second."""
        self.close()
        capture = cv2.VideoCapture(self._number)
        if not capture.isOpened():
            capture.release()
            raise self._unavailable()
        # Over USB raw frames of this size come at 10 a second at best; compressed ones at 30.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT)
        capture.set(cv2.CAP_PROP_FPS, RATE)
        # Frames that wait in a queue are old when they are shown.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture

    def read(self) -> Frame:
        """Wait for the next frame."""
        for _ in range(FAILED_READS):
            if self._capture is None:
                break
            ok, picture = self._capture.read()
            if ok and picture is not None and picture.dtype == np.uint8 and picture.ndim == 3:
                taken = time.monotonic()
                self._count += 1
                return Frame(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), taken, self._count)
        raise SourceUnavailable(
            "unplugged", f"The camera gives no frames any more. Received: nothing from {self.name}."
        )

    def close(self) -> None:
        """Release the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _unavailable(self) -> SourceUnavailable:
        device = Path(f"/dev/video{self._number}")
        if sys.platform == "linux" and device.exists():
            if not os.access(device, os.R_OK | os.W_OK):
                return SourceUnavailable(
                    "denied",
                    f"This user may not use the camera. Received: {device}. Add the user to the group `video`.",
                )
            return SourceUnavailable(
                "busy", f"The camera cannot be opened. Received: {device}. Close other programs that use it."
            )
        return SourceUnavailable("absent", f"There is no such camera. Received: {self.name}. Plug one in.")
