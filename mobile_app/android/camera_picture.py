"""From the three planes of a phone camera's picture to an upright photo."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from triage.photo import Photo

Plane = npt.NDArray[np.uint8]

# Degrees clockwise -> how OpenCV calls it.
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class Layout(NamedTuple):
    """Where what lies in the bytes of a picture in Android's YUV_420_888, in the order of FrameCamera.layout().

    Attributes:
        width: of the picture as the sensor sees it, in pixels.
        height: likewise.
        row_stride: bytes from row to row of the brightness Y.
        chroma_row_stride: bytes from row to row of the colours U and V, which have half as many rows and columns.
        chroma_stride: bytes from value to value of U and V: 1, or 2 where they alternate.
        u_begin: first byte of U; Y begins at 0.
        v_begin: first byte of V.
        turn: degrees by which to turn it clockwise, a multiple of 90.
        full_range: 1 where values go from 0 to 255 as in JPEG, 0 where from 16 to 235 as in video.
    """

    width: int
    height: int
    row_stride: int
    chroma_row_stride: int
    chroma_stride: int
    u_begin: int
    v_begin: int
    turn: int
    full_range: int


def upright_rgb(planes: bytes, layout: Layout) -> Photo:
    """Convert a picture by ITU-R BT.601, as cameras and JPEG do, and turn it.

    Args:
        planes: the bytes of Y, U and V.
        layout: of them.

    Returns:
        uint8 [height, width, 3], RGB, contiguous; width and height change places with a quarter turn.
    """
    width, height = layout.width, layout.height
    luma = _plane(planes, 0, (height, width), (layout.row_stride, 1))
    chroma_shape, strides = (height // 2, width // 2), (layout.chroma_row_stride, layout.chroma_stride)
    u = _plane(planes, layout.u_begin, chroma_shape, strides)
    v = _plane(planes, layout.v_begin, chroma_shape, strides)
    if layout.full_range:
        # OpenCV's 4:2:0 conversions take video range only, and would clip a camera's lights and shadows.
        red, blue = (cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in (v, u))
        pixels = cv2.cvtColor(cv2.merge((luma, red, blue)), cv2.COLOR_YCrCb2RGB)
    else:
        stacked = np.concatenate([luma.ravel(), u.ravel(), v.ravel()]).reshape(height * 3 // 2, width)
        pixels = cv2.cvtColor(stacked, cv2.COLOR_YUV2RGB_I420)
    turned = cv2.rotate(pixels, _TURNS[layout.turn]) if layout.turn else pixels
    return np.asarray(turned, np.uint8)


def _plane(planes: bytes, begin: int, shape: tuple[int, int], strides: tuple[int, int]) -> Plane:
    # Without padding behind the last row, which some cameras leave away.
    return np.ascontiguousarray(np.ndarray(shape, np.uint8, planes, begin, strides))
