"""Colour of skin from its chromophores: melanin in the epidermis, blood in the dermis.

A two-layer model. Light crosses the epidermis twice, where melanin absorbs it (Beer and Lambert), and the dermis
returns the share that Jacques' fit gives for a semi-infinite turbid medium. Sources: S. L. Jacques 1998, "Skin
optics" (melanin, baseline); S. L. Jacques 2013, "Optical properties of biological tissues: a review" (scattering);
S. Prahl 1999, "Tabulated molar extinction coefficient for hemoglobin in water"; S. L. Jacques 1999, "Diffuse
reflectance from a semiinfinite medium"; Wyman, Sloan and Shirley 2013 (colour matching functions).
"""

import functools

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

WAVELENGTHS = np.arange(400.0, 701.0, 10.0)
"""Sampled wavelengths in nm."""
# Molar extinction in 1/(cm M), Prahl 1999.
OXYHAEMOGLOBIN = np.array([
    266232, 466840, 480360, 246072, 102580, 62816, 44480, 33209, 26629, 23684, 20932, 20035, 24202, 39957, 53236,
    43016, 32613, 44496, 50104, 14400, 3200, 1506, 942, 610, 442, 368, 320, 294, 278, 276, 290,
])  # fmt: skip
DEOXYHAEMOGLOBIN = np.array([
    223296, 303956, 407560, 528600, 413280, 103292, 23389, 16156, 14550, 16684, 20862, 25774, 31590, 39036, 46592,
    53412, 53788, 45072, 37020, 28324, 14677, 9444, 6510, 5149, 4345, 3750, 3227, 2795, 2408, 2052, 1794,
])  # fmt: skip
# Relative spectral power of CIE standard illuminant D65.
DAYLIGHT_65 = np.array([
    82.75, 91.49, 93.43, 86.68, 104.86, 117.01, 117.81, 114.86, 115.92, 108.81, 109.35, 107.80, 104.79, 107.69,
    104.41, 104.05, 100.00, 96.33, 95.79, 88.69, 90.01, 89.60, 87.70, 83.29, 83.70, 80.03, 80.21, 82.28, 78.28,
    69.72, 71.61,
])  # fmt: skip
XYZ_TO_LINEAR_SRGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])

HAEMOGLOBIN_IN_BLOOD = 2.303 * 150.0 / 64500.0  # g/l over g/mol: extinction to absorption in 1/cm (Prahl 1999)
OXYGENATION = 0.75  # fraction of oxygenated haemoglobin in dermal blood (Jacques 1998)
EPIDERMIS_CM = 0.006  # 60 micrometres (Jacques 1998)
SURFACE = 0.02  # share that the rough horny layer scatters back unseen by pigment, near Fresnel's 2.8 % at n = 1.4
SCATTER_500, SCATTER_POWER = 46.0, 1.421  # reduced scattering of skin at 500 nm in 1/cm, and its slope (Jacques 2013)

MELANIN = (0.0, 0.60)
"""Volume fraction of melanosomes in the epidermis that the table covers. Healthy skin: 0.013 to 0.43 (Jacques 1998)."""
BLOOD = (0.001, 0.16)
"""Volume fraction of blood in the dermis that the table covers. Healthy skin: 0.002 to 0.05."""
_STEPS_MELANIN, _STEPS_BLOOD = 128, 64


def reflectance(melanin: npt.NDArray[np.float64], blood: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Diffuse reflectance spectrum of skin.

    Args:
        melanin: volume fraction in the epidermis, any shape.
        blood: volume fraction in the dermis, the same shape.

    Returns:
        float64 [..., 31] in (0, 1), at `WAVELENGTHS`.
    """
    melanin, blood = melanin[..., None], blood[..., None]
    baseline = 0.244 + 85.3 * np.exp(-(WAVELENGTHS - 154.0) / 66.2)
    melanosome = 6.6e11 * WAVELENGTHS**-3.33
    haemoglobin = HAEMOGLOBIN_IN_BLOOD * (OXYGENATION * OXYHAEMOGLOBIN + (1 - OXYGENATION) * DEOXYHAEMOGLOBIN)
    epidermis = melanin * melanosome + (1 - melanin) * baseline
    dermis = blood * haemoglobin + (1 - blood) * baseline
    ratio = SCATTER_500 * (500.0 / WAVELENGTHS) ** SCATTER_POWER / dermis
    steepness = 6.3744 + 0.35688 * np.exp(np.log(ratio) / 3.4739)
    returned = np.exp(-steepness / np.sqrt(3 * (1 + ratio)))
    # Down through the epidermis and up again.
    return SURFACE + (1 - SURFACE) * np.exp(-2 * EPIDERMIS_CM * epidermis) * returned


def color_matching() -> npt.NDArray[np.float64]:
    """CIE 1931 colour matching functions, float64 [31, 3], by the multi-lobe fit of Wyman et al. 2013."""

    def lobe(peak: float, below: float, above: float) -> npt.NDArray[np.float64]:
        slope = np.where(peak > WAVELENGTHS, below, above)
        return np.exp(-0.5 * ((WAVELENGTHS - peak) * slope) ** 2)

    x = 0.362 * lobe(442.0, 0.0624, 0.0374) + 1.056 * lobe(599.8, 0.0264, 0.0323) - 0.065 * lobe(501.1, 0.0490, 0.0382)
    y = 0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * lobe(437.0, 0.0845, 0.0278) + 0.681 * lobe(459.0, 0.0385, 0.0725)
    return np.stack([x, y, z], axis=1)


def linear_srgb(spectrum: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Linear sRGB of a reflectance [..., 31] under D65; a perfect white is exactly (1, 1, 1)."""
    weights = DAYLIGHT_65[:, None] * color_matching() @ XYZ_TO_LINEAR_SRGB.T
    return spectrum @ (weights / weights.sum(axis=0))


@functools.cache
def skin_table() -> Floats:
    """Linear sRGB by blood (rows) and melanin (columns), float32 [64, 128, 3]; both axes are square-root spaced."""
    melanin = np.linspace(np.sqrt(MELANIN[0]), np.sqrt(MELANIN[1]), _STEPS_MELANIN) ** 2
    blood = np.linspace(np.sqrt(BLOOD[0]), np.sqrt(BLOOD[1]), _STEPS_BLOOD) ** 2
    grid = np.meshgrid(melanin, blood)
    return np.clip(linear_srgb(reflectance(*grid)), 0, 1).astype(np.float32)


def skin_color(melanin: Floats, blood: Floats) -> Floats:
    """Linear sRGB under D65 of maps of chromophores, by look-up.

    Args:
        melanin: float32 [height, width], clipped to `MELANIN`.
        blood: float32 [height, width], clipped to `BLOOD`.

    Returns:
        float32 [height, width, 3] in [0, 1].
    """
    columns = _position(melanin, MELANIN, _STEPS_MELANIN)
    rows = _position(blood, BLOOD, _STEPS_BLOOD)
    return np.asarray(cv2.remap(skin_table(), columns, rows, cv2.INTER_LINEAR), np.float32)


def _position(values: Floats, limits: tuple[float, float], steps: int) -> Floats:
    low, high = np.sqrt(limits)
    return ((np.sqrt(np.clip(values, *limits)) - low) * ((steps - 1) / (high - low))).astype(np.float32)


def lab_of(linear: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """CIE L*a*b* (D65) of linear sRGB colours [..., 3], float64 [..., 3]."""
    xyz = np.asarray(linear, float) @ np.linalg.inv(XYZ_TO_LINEAR_SRGB).T
    ratio = xyz / np.linalg.inv(XYZ_TO_LINEAR_SRGB).sum(axis=1)
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def individual_typology_angle(linear: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """ITA of linear sRGB colours [..., 3] in degrees, [...]: atan2(L* - 50, b*) (Chardon et al. 1991)."""
    lab = lab_of(linear)
    return np.degrees(np.arctan2(lab[..., 0] - 50, lab[..., 2]))


def melanin_for(ita: float, blood: float) -> float:
    """Melanin fraction at which skin with this much blood has this ITA in degrees; clipped to `MELANIN`."""
    melanin = np.linspace(*MELANIN, 400)
    angles = individual_typology_angle(linear_srgb(reflectance(melanin, np.full(400, blood))))
    return float(np.interp(-ita, -angles, melanin))
