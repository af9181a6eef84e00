"""Whether a photo is well lit, from features that can be measured, and if not, why not.

Skin tone must not decide. Dark skin in good light is as dark as light skin in bad light, so no feature is compared
with a fixed brightness: darkness is judged together with the redness that melanin gives to dark skin, and with
highlights, which only truly dark skin has above it. Where a photo does not tell, the light counts as good.
"""

from dataclasses import asdict, dataclass, fields

import numpy as np

from triage.light_measures import half_size, noise_level, quantile, sharpness, specular_share, unevenness_stops
from triage.photo import Photo, center_crop, small_copy
from triage.skin_color import LINEAR
from triage.skin_tone import looks_like_skin

REASONS = ("too_dark", "too_bright", "blurry", "glare", "uneven", "colour_cast")
"""Ids of what can be wrong with the light, the one that hides most of the picture first."""

ANALYSIS_SIDE = 224
"""Longer side in pixels at which light is measured: as the model sees it. Blur of finer detail is no fault."""
NEAR_CLIPPED = 250
"""Channel values from here on count as clipped; JPEG spreads 255 downward by some steps."""
FLOOR = 0.002
"""Linear luminance added before a logarithm: some steps of an 8-bit sRGB value near black."""
LOG_LINEAR = np.log2(np.maximum(LINEAR, np.float32(FLOOR)))
"""log2 of linear light for each of the 256 channel values, stops."""
_LOG = np.log2(LINEAR + np.float32(0.01))
EVENED = np.rint((_LOG - _LOG[0]) / (_LOG[-1] - _LOG[0]) * 255).astype(np.uint8)
"""Channel values on a nearly logarithmic scale, on which the texture of dark skin has the contrast of light skin's:
otherwise a smooth pale lesion on dark skin outweighs it and the photo passes for blurred."""
# Rec. 709 luminance of linear sRGB.
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
Curve = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Thresholds:
    """Where each reason begins. A curve is (positions, values), linear in between and constant outside.

    Set on 5,200 phantoms (series 7, 11 and 23) and the ten Monk swatches. On 2,000 phantoms not looked at before
    (series 31) 0.5%, 0.5% and 0.0% of the well-lit ones are called poor (light, medium, dark skin), and of the faults
    90% (too dark), 87% (too bright), 92% (blurry), 98% (glare), 100% (uneven) and 100% (colour cast) are. Of 2,000
    real photographs 78% of the clinical and 95% of the dermoscopic ones count as well lit. More in docs/lighting.md.

    Attributes:
        dark: exposure below which any photo is too dark, by its red_green.
        dark_for_its_color: the same for a photo without highlights. Skin as pale as red_green says is brighter in good
            light; but pigment and neutral white balance together can look so, and then shine tells.
        few_highlights: highlights below this are none, stops.
        saturated: share of saturated pixels from which a photo is too bright.
        clipped: share of clipped pixels from which it is.
        blurry: sharpness below this.
        very_blurry: coarse_sharpness below this.
        glare: specular share above this.
        uneven: unevenness above this, stops.
        red_green: lowest and highest value that skin has in white light, stops.
        green_blue_lowest: lowest green_blue of skin by its exposure. The bluish lamps of dermoscopy make light skin
            pink; skin that dark is never bluish.
        green_blue_highest: highest green_blue of skin.
    """

    dark: Curve = ((0.3, 0.46, 0.8), (-6.2, -5.4, -4.85))
    dark_for_its_color: Curve = ((0.5, 0.95), (-3.7, -4.85))
    few_highlights: float = 0.8
    saturated: float = 0.6
    clipped: float = 0.3
    blurry: float = 1.8
    very_blurry: float = 1.65
    glare: float = 0.004
    uneven: float = 2.5
    red_green: tuple[float, float] = (-0.05, 2.2)
    green_blue_lowest: Curve = ((-2.6, -1.8), (-0.1, -0.75))
    green_blue_highest: float = 1.85


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class LightingFeatures:
    """Measured features of the light in the centre crop that the model sees.

    The brighter half is the pixels from the median value up, without clipped ones: lesions, hair and most backgrounds
    are darker than skin, so it is mostly skin.

    Attributes:
        value_mean: mean of HSV value, [0, 1].
        value_spread: standard deviation of HSV value, [0, 0.5].
        exposure: median log2 of linear luminance in the brighter half, stops; 0 is a white sheet, -9 is black.
        highlights: how far the brightest 0.3% lie above the exposure, stops.
        clipped: share of pixels with at least two channels clipped, [0, 1].
        saturated: share of pixels with any channel clipped, [0, 1].
        specular: share of mirror-like highlights, [0, 1].
        unevenness: fall of the light across the skin, stops.
        sharpness: curvature of fine relative to coarser detail, about 1 (blurred) to 6 (noise).
        coarse_sharpness: the same at half the size, where noise cannot hide a strong blur.
        noise: robust standard deviation of the finest detail relative to full scale, [0, 1].
        red_green: median log2 of linear red over green in the brighter half, stops.
        green_blue: the same of green over blue.
        colour_cast: how far these two lie outside the range that skin has in white light, stops; 0 is inside.
    """

    value_mean: float
    value_spread: float
    exposure: float
    highlights: float
    clipped: float
    saturated: float
    specular: float
    unevenness: float
    sharpness: float
    coarse_sharpness: float
    noise: float
    red_green: float
    green_blue: float
    colour_cast: float

    def as_dict(self) -> dict[str, float]:
        """Feature name -> value."""
        return asdict(self)


FEATURE_NAMES = tuple(field.name for field in fields(LightingFeatures))


@dataclass(frozen=True)
class LightingVerdict:
    """Whether the light is good.

    Attributes:
        ok: no reason against it was found.
        reasons: ids out of `REASONS`, most serious first.
    """

    ok: bool
    reasons: tuple[str, ...]


def measure_lighting(photo: Photo) -> LightingFeatures:
    """Measure the light of a photo.

    Args:
        photo: uint8 [height, width, 3], RGB.
    """
    pixels = small_copy(center_crop(photo), ANALYSIS_SIDE)
    red, green, blue = (np.ascontiguousarray(pixels[..., channel]) for channel in range(3))
    value = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    # The sum of three bytes wraps, and wraps back: what is left is the middle one.
    middle = red + green + blue - value - lowest
    # Light and colour are smooth: every second pixel both ways tells as much.
    thin = pixels[::2, ::2]
    log_luminance = np.log2(LINEAR[thin] @ LUMINANCE + np.float32(FLOOR))
    bright = (value[::2, ::2] >= quantile(value, 0.5)) & (middle[::2, ::2] < NEAR_CLIPPED)
    if not bright.any():
        bright = np.ones_like(bright)
    log_rgb = LOG_LINEAR[thin[bright]]
    exposure = float(np.median(log_luminance[bright]))
    red_green = float(np.median(log_rgb[:, 0] - log_rgb[:, 1]))
    green_blue = float(np.median(log_rgb[:, 1] - log_rgb[:, 2]))
    evened = EVENED[green]
    return LightingFeatures(
        value_mean=float(value.mean()) / 255,
        value_spread=float(value.std()) / 255,
        exposure=exposure,
        highlights=float(np.percentile(log_luminance, 99.7)) - exposure,
        clipped=float((middle >= NEAR_CLIPPED).mean()),
        saturated=float((value >= NEAR_CLIPPED).mean()),
        specular=specular_share(lowest, value),
        unevenness=unevenness_stops(log_luminance, value[::2, ::2], looks_like_skin(thin)),
        sharpness=sharpness(evened),
        coarse_sharpness=sharpness(half_size(evened)),
        noise=noise_level(green),
        red_green=red_green,
        green_blue=green_blue,
        colour_cast=_colour_cast(exposure, red_green, green_blue),
    )


def judge_lighting(features: LightingFeatures) -> LightingVerdict:
    """Judge measured features by `THRESHOLDS`."""
    limits = THRESHOLDS
    cast = features.colour_cast > 0
    found = {
        "too_dark": features.exposure < _on(limits.dark, features.red_green)
        or (
            features.highlights < limits.few_highlights
            and features.exposure < _on(limits.dark_for_its_color, features.red_green)
        ),
        # A strong cast saturates one channel of a photo that is not too bright.
        "too_bright": features.clipped > limits.clipped or (features.saturated > limits.saturated and not cast),
        "blurry": features.sharpness < limits.blurry or features.coarse_sharpness < limits.very_blurry,
        "glare": features.specular > limits.glare,
        "uneven": features.unevenness > limits.uneven,
        "colour_cast": cast,
    }
    reasons = tuple(reason for reason in REASONS if found[reason])
    return LightingVerdict(not reasons, reasons)


def _colour_cast(exposure: float, red_green: float, green_blue: float) -> float:
    lowest, highest = THRESHOLDS.red_green
    red = max(lowest - red_green, red_green - highest, 0.0)
    lowest, highest = _on(THRESHOLDS.green_blue_lowest, exposure), THRESHOLDS.green_blue_highest
    blue = max(lowest - green_blue, green_blue - highest, 0.0)
    return float(np.hypot(red, blue))


def _on(curve: Curve, position: float) -> float:
    return float(np.interp(position, *curve))
