"""The frame around the centre crop of a photo: its colours, and fine detail such as writing."""

import base64

import cv2
import numpy as np
import numpy.typing as npt

from skin_data.perceptual_hash import quick_copy
from triage.photo import Photo

GRID = 12
"""Cells along each side; the outermost ring lies outside the centre crop."""
DETAIL_SIDE = 96
"""Pixels; writing still shows as detail at this size."""


def frame_signature(photo: Photo) -> str:
    """Describe the frame around the centre crop of a photo, uint8 [height, width, 3], in 176 bytes.

    Base64 text of the 44 cells of the outermost ring: mean red, green, blue and mean fine detail of each.
    """
    photo = quick_copy(photo)
    shape = (min(DETAIL_SIDE, photo.shape[1]), min(DETAIL_SIDE, photo.shape[0]))
    small = cv2.resize(photo, shape, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    detail = cv2.multiply(cv2.absdiff(grey, cv2.blur(grey, (5, 5))), np.array([4.0]))
    colors, details = (cv2.resize(plane, (GRID, GRID), interpolation=cv2.INTER_AREA) for plane in (small, detail))
    cells = np.dstack([colors, details])
    return base64.b64encode(cells[_ring()].tobytes()).decode("ascii")


def read_frame(signature: str) -> npt.NDArray[np.uint8]:
    """Decode a `frame_signature`: uint8 [44, 4], red, green, blue and detail of each cell."""
    return np.frombuffer(base64.b64decode(signature), np.uint8).reshape(-1, 4)


def _ring() -> npt.NDArray[np.bool_]:
    ring = np.ones((GRID, GRID), dtype=bool)
    ring[1:-1, 1:-1] = False
    return ring
