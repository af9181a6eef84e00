"""A desktop camera, through OpenCV."""

import os
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from mobile_app.sources.source import Frame, SourceUnavailable

WIDTH, HEIGHT, RATE = 1280, 720, 30
"""Requested format; cameras may ignore it."""
MAX_FAILED_READS = 5
"""After this many empty reads in a row the camera counts as disconnected."""


class Camera:
    """Camera `number` of this machine."""

    live = True
    synthetic = False

    def __init__(self, number: int = 0):
        self.name = f"camera {number}"
        self._number = number
        self._capture: cv2.VideoCapture | None = None
        self._count = 0

    def open(self) -> None:
        """Open the camera and request 1280 x 720 at 30 frames per second."""
        self.close()
        capture = cv2.VideoCapture(self._number)
        if not capture.isOpened():
            capture.release()
            raise self._unavailable()
        # USB carries raw frames of this size at 10 per second at best, compressed ones at 30.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT)
        capture.set(cv2.CAP_PROP_FPS, RATE)
        # No queue: queued frames are old when shown.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture = capture

    def read(self) -> Frame:
        """Wait for the next frame."""
        for _ in range(MAX_FAILED_READS):
            if self._capture is None:
                break
            ok, picture = self._capture.read()
            if ok and picture is not None and picture.dtype == np.uint8 and picture.ndim == 3:
                taken = time.monotonic()
                self._count += 1
                return Frame(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8), taken, self._count)
        raise SourceUnavailable("unplugged", f"The camera sends no more frames. Received: nothing from {self.name}.")

    def close(self) -> None:
        """Release the camera."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _unavailable(self) -> SourceUnavailable:
        device = Path(f"/dev/video{self._number}")
        if sys.platform == "linux" and device.exists():
            if not os.access(device, os.R_OK | os.W_OK):
                message = f"No permission to use the camera. Received: {device}. Add your user to the group `video`."
                return SourceUnavailable("denied", message)
            message = f"The camera cannot be opened. Received: {device}. Close other programs that use it."
            return SourceUnavailable("busy", message)
        return SourceUnavailable("absent", f"No such camera. Received: {self.name}. Plug one in.")
