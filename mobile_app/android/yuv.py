"""Conversion of camera pictures (YUV planes) to upright RGB."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from triage.photo import Photo

Plane = npt.NDArray[np.uint8]

# Degrees clockwise -> OpenCV's constant.
_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class YuvLayout(NamedTuple):
    """Memory layout of a picture in Android's YUV_420_888, in the order of FrameCamera.layout().

    Attributes:
        width: in sensor orientation, pixels.
        height: in sensor orientation, pixels.
        row_stride: bytes between rows of Y.
        chroma_row_stride: bytes between rows of U and V, which have half as many rows and columns.
        chroma_stride: bytes between values of U and V: 1, or 2 if interleaved.
        u_begin: offset of U; Y starts at 0.
        v_begin: offset of V.
        turn: rotation to apply, degrees clockwise, a multiple of 90.
        full_range: 1 if values span 0 to 255 (JPEG), 0 if 16 to 235 (video).
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


def yuv_to_rgb(planes: bytes, layout: YuvLayout) -> Photo:
    """Convert the bytes of Y, U and V by ITU-R BT.601, as cameras and JPEG do, and rotate the picture upright.

    Returns:
        uint8 [height, width, 3], RGB, contiguous; a quarter turn swaps width and height.
    """
    width, height = layout.width, layout.height
    luma = _plane(planes, 0, (height, width), (layout.row_stride, 1))
    chroma_shape, strides = (height // 2, width // 2), (layout.chroma_row_stride, layout.chroma_stride)
    u = _plane(planes, layout.u_begin, chroma_shape, strides)
    v = _plane(planes, layout.v_begin, chroma_shape, strides)
    if layout.full_range:
        # OpenCV's 4:2:0 conversions assume video range and would clip highlights and shadows.
        red, blue = (cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR) for plane in (v, u))
        pixels = cv2.cvtColor(cv2.merge((luma, red, blue)), cv2.COLOR_YCrCb2RGB)
    else:
        stacked = np.concatenate([luma.ravel(), u.ravel(), v.ravel()]).reshape(height * 3 // 2, width)
        pixels = cv2.cvtColor(stacked, cv2.COLOR_YUV2RGB_I420)
    turned = cv2.rotate(pixels, _ROTATIONS[layout.turn]) if layout.turn else pixels
    return np.asarray(turned, np.uint8)


def _plane(planes: bytes, begin: int, shape: tuple[int, int], strides: tuple[int, int]) -> Plane:
    # An explicit buffer view: some cameras omit the padding after the last row.
    return np.ascontiguousarray(np.ndarray(shape, np.uint8, planes, begin, strides))
