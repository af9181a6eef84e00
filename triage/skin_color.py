"""Colour of sRGB pixels in the terms that skin is described in."""

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# sRGB to linear light (IEC 61966-2-1), for the 256 values a channel can have.
_CODES = np.arange(256) / 255.0
LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
# Linear sRGB to CIE XYZ (IEC 61966-2-1), rows scaled by the D65 white point (2 degree observer).
_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_D65 = np.array([0.95047, 1.0, 1.08883])
_TO_RELATIVE_XYZ = (_TO_XYZ / _D65[:, np.newaxis]).astype(np.float32)
# L*, a* and b* of the three f of CIE 15:2004; the last column is added.
_TO_LAB = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], np.float32)


def to_lab(pixels: npt.NDArray[np.uint8]) -> Floats:
    """CIE 1976 L*a*b* under D65 of sRGB pixels, uint8 [..., 3] to float32 [..., 3]."""
    relative = cv2.transform(cv2.LUT(pixels.reshape(1, -1, 3), LINEAR), _TO_RELATIVE_XYZ)
    # CIE 15:2004: a cube root, continued by its tangent near black.
    f = np.cbrt(relative)
    dark = relative <= (6 / 29) ** 3
    if dark.any():
        f[dark] = relative[dark] * np.float32((29 / 6) ** 2 / 3) + np.float32(4 / 29)
    return np.asarray(cv2.transform(f, _TO_LAB), np.float32).reshape(pixels.shape)


def individual_typology_angle(lightness: Floats, yellowness: Floats) -> Floats:
    """ITA in degrees, atan2(L* - 50, b*): Chardon, Cretois and Hourseau 1991. L* and b* of the same shape."""
    return np.degrees(np.arctan2(lightness - 50, yellowness)).astype(np.float32)
