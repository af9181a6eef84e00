"""Whether a photo is well lit, from features that can be measured, and if not, why not.

Skin tone must not decide: dark skin in good light is as dark as light skin in bad light, so nothing here compares
brightness with a fixed idea of skin. Where a photo does not tell the two apart, the light counts as good.
"""

from dataclasses import asdict, dataclass

import cv2
import numpy as np
import numpy.typing as npt

from triage.photo import Photo, center_crop, small_copy
from triage.skin_color import LINEAR
from triage.skin_tone import looks_like_skin

Plane = npt.NDArray[np.float32]

REASONS = ("too_dark", "too_bright", "glare", "uneven", "blurry", "colour_cast")
"""What can be wrong with the light; ids, in the order of the features that show it."""

GLARE_CORE = 236
ANALYSIS_SIDE = 224
"""Longer side in pixels at which light is measured: what the model sees, so what blurs only finer detail is no fault."""
NEAR_CLIPPED = 250
"""Channel values from here on count as clipped: JPEG spreads 255 downward by some steps."""
GRID = 6
"""Cells along each side for the unevenness."""
MIN_SKIN_CELLS = 12
"""Fewer cells that are mostly skin do not tell unevenness from the scene: it counts as none."""
FLOOR = 0.002
"""Linear luminance added before a logarithm, about one step of an 8-bit sRGB value near black."""


@dataclass(frozen=True)
class LightingFeatures:
    """Measured features of the light in the centre crop that the model sees.

    Attributes:
        value_mean: mean of HSV value, [0, 1].
        value_spread: standard deviation of HSV value, [0, 0.5].
        value_high: 95th percentile of HSV value, [0, 1].
        exposure: median log2 of the linear luminance of the brighter half; 0 is a white sheet, -9 black.
        clipped: share of pixels with at least two channels clipped, [0, 1].
        saturated: share of pixels with any channel clipped, [0, 1].
        specular: share of pixels that are far brighter than the rest and almost without colour, [0, 1].
        unevenness: how far a plane fitted to the log2 luminance of the skin falls across the crop, in stops.
        sharpness: contrast of detail of 1 to 2 pixels relative to detail of 2 to 4 pixels; needs no scale, so tone and
            exposure cancel.
        noise: robust standard deviation of the finest detail relative to full scale, [0, 1].
        red_green: median log2 of linear red over green in the brighter half, stops.
        green_blue: the same of green over blue.
        colour_cast: how far these two lie outside the range that skin has in white light, stops; 0 inside.
    """

    value_mean: float
    value_spread: float
    value_high: float
    exposure: float
    highlights: float
    clipped: float
    saturated: float
    specular: float
    unevenness: float
    sharpness: float
    noise: float
    red_green: float
    green_blue: float
    colour_cast: float

    def as_dict(self) -> dict[str, float]:
        """Feature name -> value."""
        return asdict(self)


@dataclass(frozen=True)
class LightingVerdict:
    """Whether the light is good.

    Attributes:
        ok: no reason against it was found.
        reasons: ids out of `REASONS`, most serious first: how far beyond its threshold each feature is.
    """

    ok: bool
    reasons: tuple[str, ...]


THRESHOLDS = {
    "too_dark": -6.3,
    "too_dark_colored": -5.0,
    "too_bright": 0.04,
    "saturated": 0.25,
    "glare": 0.004,
    "uneven": 2.5,
    "blurry": 1.85,
    "colour_cast": 0.0,
}

SKIN_RED_GREEN = (-0.05, 2.2)
SKIN_GREEN_BLUE = (-0.75, 1.7)


def measure_lighting(photo: Photo) -> LightingFeatures:
    """Measure the light of a photo.

    Args:
        photo: uint8 [height, width, 3], RGB.
    """
    pixels = small_copy(center_crop(photo), ANALYSIS_SIDE)
    ordered = np.sort(pixels, axis=-1)
    lowest, middle, value = ordered[..., 0], ordered[..., 1], ordered[..., 2]
    linear = LINEAR[pixels]
    # Rec. 709 luminance.
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    log_luminance = np.log2(luminance + np.float32(FLOOR))
    # Lesions, hair and most backgrounds are darker than skin: the brighter half is mostly skin.
    bright = (value >= np.median(value)) & (middle < NEAR_CLIPPED)
    if not bright.any():
        bright = np.ones_like(bright)
    red, green, blue = (np.maximum(linear[bright][:, channel], np.float32(1e-3)) for channel in range(3))
    red_green = float(np.median(np.log2(red / green)))
    green_blue = float(np.median(np.log2(green / blue)))
    level = float(np.median(log_luminance[bright]))
    smooth = np.log2(cv2.blur(luminance, (3, 3)) + np.float32(FLOOR))
    return LightingFeatures(
        value_mean=float(value.mean()) / 255,
        value_spread=float(value.std()) / 255,
        value_high=float(np.percentile(value, 95)) / 255,
        exposure=level,
        highlights=float(np.percentile(smooth, 99.7)) - level,
        clipped=float((middle >= NEAR_CLIPPED).mean()),
        saturated=float((value >= NEAR_CLIPPED).mean()),
        specular=_specular(lowest, value),
        unevenness=_unevenness(log_luminance, value, looks_like_skin(pixels)),
        sharpness=_sharpness(pixels[..., 1]),
        noise=_noise(pixels[..., 1]),
        red_green=red_green,
        green_blue=green_blue,
        colour_cast=float(np.hypot(_outside(red_green, SKIN_RED_GREEN), _outside(green_blue, SKIN_GREEN_BLUE))),
    )


def judge_lighting(features: LightingFeatures) -> LightingVerdict:
    """Judge measured features by `THRESHOLDS`."""
    reasons = []
    dark=features.exposure < np.interp(features.red_green, (0.3, 0.46, 0.8), (-6.2, -5.4, -4.85)) or (features.highlights<0.5 and features.exposure < np.interp(features.red_green, (0.5, 0.95), (-3.8, -4.85)))
    if dark:
        reasons.append("too_dark")
    if features.clipped > THRESHOLDS["too_bright"] or features.saturated > THRESHOLDS["saturated"]:
        reasons.append("too_bright")
    if features.specular > THRESHOLDS["glare"]:
        reasons.append("glare")
    if features.unevenness > THRESHOLDS["uneven"]:
        reasons.append("uneven")
    if features.sharpness < THRESHOLDS["blurry"]:
        reasons.append("blurry")
    if features.colour_cast > THRESHOLDS["colour_cast"]:
        reasons.append("colour_cast")
    return LightingVerdict(not reasons, tuple(reasons))


def _specular(lowest: npt.NDArray[np.uint8], value: npt.NDArray[np.uint8]) -> float:
    """Share of mirror-like highlights.

    The skin's surface mirrors the light without colouring it, so a highlight lifts the lowest channel most (dichromatic
    reflection, Shafer 1985). Half way from the photo's own middle to white is far for skin of any tone.
    """
    skin = float(np.percentile(lowest, 80))
    colorless = 4 * lowest.astype(np.int16) >= 3 * value.astype(np.int16)
    highlight = (colorless & (lowest >= max(GLARE_CORE, skin + 0.5 * (255 - skin)))).astype(np.uint8)
    # Thin things are hair, scale, writing or a watermark.
    return float(cv2.morphologyEx(highlight, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)).mean())


def _unevenness(log_luminance: Plane, value: npt.NDArray[np.uint8], skin: npt.NDArray[np.bool_]) -> float:
    """Fall of a plane fitted to the cells of a grid that are mostly skin, in stops from corner to corner."""
    grid = (GRID, GRID)
    skin = skin & (value >= np.float32(0.25) * np.percentile(value, 95))
    share = cv2.resize(skin.astype(np.float32), grid, interpolation=cv2.INTER_AREA)
    total = cv2.resize(np.where(skin, log_luminance, np.float32(0)), grid, interpolation=cv2.INTER_AREA)
    used = share > 0.5
    if used.sum() < MIN_SKIN_CELLS:
        return 0.0
    levels = (total[used] / share[used]).astype(np.float64)
    rows, columns = np.nonzero(used)
    design = np.column_stack([np.ones(len(levels)), rows / GRID, columns / GRID])
    weights = np.ones(len(levels))
    slopes = np.zeros(3)
    # Iteratively reweighted least squares for the least absolute residuals: a lesion in some cells tilts nothing.
    for _ in range(6):
        root = np.sqrt(weights)
        slopes = np.linalg.lstsq(design * root[:, np.newaxis], levels * root, rcond=None)[0]
        weights = 1 / np.maximum(np.abs(levels - design @ slopes), 0.1)
    return float(np.abs(slopes[1]) + np.abs(slopes[2]))


def _sharpness(plane: npt.NDArray[np.uint8]) -> float:
    """Curvature of the picture smoothed by 1 pixel relative to by 2 pixels, in the direction where it is least.

    A sharp picture loses much of its curvature by more smoothing, a blurred one little, whatever its contrast or
    brightness; a shaken one loses little along the shake alone. 5.7 for white noise, towards 1 for strong blur.
    """
    fine = plane.astype(np.float32)
    narrow, wide = (_curvature(cv2.GaussianBlur(fine, (0, 0), sigma)) for sigma in (1.0, 2.0))
    return float(np.min(narrow / np.maximum(wide, 1e-3)))


def _noise(plane: npt.NDArray[np.uint8]) -> float:
    residual = plane.astype(np.int16) - cv2.medianBlur(plane, 3)
    return 1.4826 * float(np.median(np.abs(residual))) / 255


def _curvature(plane: Plane) -> Plane:
    """Deviation of the second difference along rows, columns and both diagonals, float32 [4]."""
    middle = 2 * plane[1:-1, 1:-1]
    pairs = (
        (plane[1:-1, 2:], plane[1:-1, :-2]),
        (plane[2:, 1:-1], plane[:-2, 1:-1]),
        (plane[2:, 2:], plane[:-2, :-2]),
        (plane[2:, :-2], plane[:-2, 2:]),
    )
    return np.array([np.std(one - middle + other) for one, other in pairs], np.float32)


def _outside(value: float, limits: tuple[float, float]) -> float:
    low, high = limits
    return max(low - value, value - high, 0.0)
