"""Colour of sRGB pixels in the terms that skin is described in."""

import numpy as np
import numpy.typing as npt

# sRGB to linear light (IEC 61966-2-1), for the 256 values a channel can have.
_CODES = np.arange(256) / 255.0
LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
# Linear sRGB to CIE XYZ (IEC 61966-2-1), rows scaled by the D65 white point (2 degree observer).
_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_D65 = np.array([0.95047, 1.0, 1.08883])
_TO_RELATIVE_XYZ = (_TO_XYZ / _D65[:, np.newaxis]).T.astype(np.float32)


def to_lab(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """CIE 1976 L*a*b* under D65 of sRGB pixels, uint8 [..., 3] to float32 [..., 3]."""
    relative = LINEAR[pixels] @ _TO_RELATIVE_XYZ
    # CIE 15:2004: a cube root, continued by its tangent near black.
    f = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative * ((29 / 6) ** 2 / 3) + 4 / 29)
    lightness = 116 * f[..., 1] - 16
    return np.stack(
        [lightness, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1, dtype=np.float32
    )


def individual_typology_angle(lab: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """ITA in degrees, atan2(L* - 50, b*): Chardon, Cretois and Hourseau 1991. Lab [..., 3] to [...]."""
    return np.degrees(np.arctan2(lab[..., 0] - 50, lab[..., 2])).astype(np.float32)
