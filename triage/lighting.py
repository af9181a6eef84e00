"""Whether a photo is well lit, from features that can be measured, and if not, why not.

Skin tone must not decide. Dark skin in good light is as dark as light skin in bad light, so no feature is compared
with a fixed brightness: darkness is judged together with the redness that melanin gives to dark skin, and with
highlights, which only truly dark skin has above it. Where a photo does not tell, the light counts as good.
"""

import math
from dataclasses import dataclass, fields, replace
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from triage.counting import Bytes, counts_of, quantile_of_counts, quantile_on_scale
from triage.crop import CROP, Crop
from triage.light_measures import (
    half_size,
    highlight_core,
    noise_level,
    sharpness,
    specular_share,
    unevenness_stops,
)
from triage.photo import Photo, center_crop, samples, small_copy, thinned
from triage.skin_color import LINEAR
from triage.skin_region import LAMPS, NEAR_CLIPPED, SkinRegion, find_skin, log_ratios, sorted_channels

REASONS = ("too_dark", "too_bright", "blurry", "glare", "uneven", "colour_cast")
"""Ids of what can be wrong with the light, the one that hides most of the picture first."""

ANALYSIS_SIDE = 224
"""Longer side in pixels at which light is measured: as the model sees it. Blur of finer detail is no fault."""
LEAST_SPECULAR = 0.001
"""Fraction of highlights that counts as none, a third of what is called glare: no closer look is taken."""
FLOOR = 0.002
"""Linear luminance added before a logarithm: some steps of an 8-bit sRGB value near black."""
LOG_LINEAR = np.log2(np.maximum(LINEAR, np.float32(FLOOR)))
"""log2 of linear light for each of the 256 channel values, stops."""
STEPS = 512
"""Steps a stop in which medians of logarithms are counted."""
_LOG = np.log2(LINEAR + np.float32(0.01))
EVENED = np.rint((_LOG - _LOG[0]) / (_LOG[-1] - _LOG[0]) * 255).astype(np.uint8)
"""Channel values on a nearly logarithmic scale, on which the texture of dark skin has the contrast of light skin's:
otherwise a smooth pale lesion on dark skin outweighs it and the photo passes for blurred."""
# Rec. 709 luminance of linear sRGB.
LUMINANCE_AND_FLOOR = np.array([[0.2126, 0.7152, 0.0722, FLOOR]], np.float32)
CODES = np.arange(256.0)
"""The values that a channel can have."""
Curve = tuple[tuple[float, ...], tuple[float, ...]]
View = tuple[Photo, SkinRegion]
"""Samples of the crop that the model sees, uint8 [height, width, 3], and the skin in them."""


@dataclass(frozen=True)
class Thresholds:
    """Where each reason begins. A curve is (positions, values), linear in between and constant outside.

    Those of unevenness, glare and colour were set on 317 photographs of Fitzpatrick17k whose light two readers call
    good and on the same photographs relit by known amounts, the others on 5,200 phantoms (series 7, 11 and 23) and the
    ten Monk swatches. docs/lighting.md says what they refuse and find.

    Attributes:
        dark: exposure below which any photo is too dark, by its red_green.
        dark_for_its_color: the same for a photo without highlights. Skin as pale as red_green says is brighter in good
            light; but pigment and neutral white balance together can look so, and then shine tells.
        few_highlights: highlights below this are none, stops.
        saturated: fraction of saturated pixels from which a photo is too bright.
        clipped: fraction of clipped pixels from which it is.
        blurry: sharpness below this.
        very_blurry: coarse_sharpness below this.
        glare: specular share above this.
        uneven: unevenness above this, stops.
        along_lamps_lowest: lowest place of skin in white light along `triage.skin_region.LAMPS`, stops, by exposure.
            The bluish lamps of dermoscopy make light skin pink; skin that dark is never bluish.
        along_lamps_highest: highest place of skin along them.
        across_lamps: lowest and highest place of skin across that direction.
    """

    dark: Curve = ((0.3, 0.46, 0.8), (-6.1, -5.3, -4.8))
    dark_for_its_color: Curve = ((0.5, 0.95), (-3.6, -4.8))
    few_highlights: float = 0.8
    saturated: float = 0.6
    clipped: float = 0.3
    blurry: float = 1.8
    very_blurry: float = 1.65
    glare: float = 0.003
    uneven: float = 2.7
    along_lamps_lowest: Curve = ((-3.2, -2.2), (-0.05, -0.35))
    along_lamps_highest: float = 2.05
    across_lamps: tuple[float, float] = (-0.5, 3.2)


THRESHOLDS = Thresholds()
"""From here on a photo is refused."""
PREVIEW_THRESHOLDS = replace(THRESHOLDS, uneven=2.0)
"""From here on a live preview gives a tip: turning towards the light costs nothing then."""


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
        clipped: fraction of pixels with at least two channels clipped, [0, 1].
        saturated: fraction of pixels with any channel clipped, of all or of the middle half of each side, whichever is
            more, [0, 1].
        specular: fraction of mirror-like highlights, [0, 1].
        unevenness: fall of the light across the picture, stops.
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
        return {name: getattr(self, name) for name in FEATURE_NAMES}


FEATURE_NAMES = tuple(field.name for field in fields(LightingFeatures))


@dataclass(frozen=True)
class Limit:
    """A limit that one measure must not cross.

    Attributes:
        measure: name of the measure, for light one of `FEATURE_NAMES`.
        at: the limit, in the measure's own unit.
        above: values above it are wrong; otherwise those below.
    """

    measure: str
    at: float
    above: bool

    def excess(self, value: float) -> float:
        """How far a value lies on the wrong side, in the measure's own unit; 0 or less on the right one."""
        return value - self.at if self.above else self.at - value


@dataclass(frozen=True)
class Rule:
    """One way in which light is poor; plain data, so that other languages can judge by it.

    Attributes:
        reason: one of `REASONS`.
        measure: one of `FEATURE_NAMES`.
        at: its limit, or a curve of limits along another measure.
        above: values above the limit are wrong; otherwise those below.
        along: the measure that a curve goes along.
        only_if: the rule holds only for photos that lie on the limit or beyond it.
    """

    reason: str
    measure: str
    at: float | Curve
    above: bool
    along: str | None = None
    only_if: Limit | None = None

    def limit_for(self, features: LightingFeatures) -> Limit | None:
        """The limit in a photo with these features; None where the rule does not hold."""
        if self.only_if and self.only_if.excess(getattr(features, self.only_if.measure)) < 0:
            return None
        at = self.at if isinstance(self.at, float) else _on(self.at, getattr(features, str(self.along)))
        return Limit(self.measure, at, self.above)


@dataclass(frozen=True)
class LightingVerdict:
    """Whether the light is good.

    Attributes:
        ok: no reason against it was found.
        reasons: ids out of `REASONS`, most serious first.
    """

    ok: bool
    reasons: tuple[str, ...]


def view_of(photo: Photo, crop: Crop = CROP) -> View:
    """Sample the crop of a photo that the model sees, and find the skin in it; arguments as for `measure_lighting`."""
    # Light and colour are smooth: half as many samples both ways tell as much.
    thin = samples(center_crop(photo, crop), ANALYSIS_SIDE)
    return thin, find_skin(thin)


def measure_lighting(photo: Photo, crop: Crop = CROP, view: View | None = None) -> LightingFeatures:
    """Measure the light of a photo.

    Args:
        photo: uint8 [height, width, 3], RGB.
        crop: what the model sees of it.
        view: `view_of` the same photo and crop, if it is there already.
    """
    cropped = center_crop(photo, crop)
    thin, skin = view or view_of(photo, crop)
    # Detail is measured in the green channel, of which a sensor has most.
    green = small_copy(np.asarray(cv2.extractChannel(thinned(cropped, ANALYSIS_SIDE), 1), np.uint8), ANALYSIS_SIDE)
    evened = np.asarray(cv2.LUT(green, EVENED), np.uint8)
    lowest, middle, value = sorted_channels(thin)
    counts = counts_of(value)
    mean = float(counts @ CODES / value.size)
    linear = np.asarray(cv2.LUT(thin, LINEAR), np.float32)
    log_luminance = cv2.log(cv2.transform(linear, LUMINANCE_AND_FLOOR)) * np.float32(1 / math.log(2))
    _, *ratios = log_ratios(thin, LOG_LINEAR)
    chosen = np.flatnonzero((value >= quantile_of_counts(counts, 0.5)) & (middle < NEAR_CLIPPED))
    if not len(chosen):
        chosen = np.arange(value.size)
    red_green, green_blue = (quantile_on_scale(ratio.ravel()[chosen], STEPS, 0.5) for ratio in ratios)
    exposure = quantile_on_scale(log_luminance.ravel()[chosen], STEPS, 0.5)
    return LightingFeatures(
        value_mean=mean / 255,
        value_spread=math.sqrt(counts @ (CODES - mean) ** 2 / value.size) / 255,
        exposure=exposure,
        highlights=quantile_on_scale(log_luminance, STEPS, 0.997) - exposure,
        clipped=float(np.count_nonzero(middle >= NEAR_CLIPPED) / middle.size),
        saturated=max(float(np.count_nonzero(plane >= NEAR_CLIPPED) / plane.size) for plane in (value, _middle(value))),
        specular=_specular(cropped, lowest, value, skin.own),
        unevenness=unevenness_stops(linear),
        sharpness=sharpness(evened),
        coarse_sharpness=sharpness(half_size(evened)),
        noise=noise_level(green),
        red_green=red_green,
        green_blue=green_blue,
        colour_cast=_colour_cast(exposure, skin.red_green, skin.green_blue),
    )


def _specular(crop: Photo, lowest: Bytes, value: Bytes, own_skin: npt.NDArray[np.bool_]) -> float:
    """Fraction of highlights in a crop, whose thin samples have these smallest and largest channels."""
    # The closer look only takes away from what the samples show, and most photos show nothing.
    if np.count_nonzero(highlight_core(lowest, value)) <= LEAST_SPECULAR * value.size:
        return 0.0
    return specular_share(small_copy(crop, ANALYSIS_SIDE), own_skin)


def _middle(plane: Bytes) -> Bytes:
    height, width = plane.shape
    return plane[height // 4 : height - height // 4, width // 4 : width - width // 4]


@cache
def rules_of(table: Thresholds = THRESHOLDS) -> tuple[Rule, ...]:
    """Return the rules of a table; crossing one limit is enough for its reason."""
    return (
        Rule("too_dark", "exposure", table.dark, above=False, along="red_green"),
        Rule(
            "too_dark", "exposure", table.dark_for_its_color, above=False, along="red_green",
            only_if=Limit("highlights", table.few_highlights, above=False),
        ),
        Rule("too_bright", "clipped", table.clipped, above=True),
        # A strong cast saturates one channel of a photo that is not too bright.
        Rule(
            "too_bright", "saturated", table.saturated, above=True, only_if=Limit("colour_cast", 0.0, above=False)
        ),
        Rule("blurry", "sharpness", table.blurry, above=False),
        Rule("blurry", "coarse_sharpness", table.very_blurry, above=False),
        Rule("glare", "specular", table.glare, above=True),
        Rule("uneven", "unevenness", table.uneven, above=True),
        Rule("colour_cast", "colour_cast", 0.0, above=True),
    )  # fmt: skip


def limits_for(features: LightingFeatures, table: Thresholds = THRESHOLDS) -> dict[str, tuple[Limit, ...]]:
    """What each of `REASONS` is judged by in a photo with these features, the strictest limit of each measure."""
    found: dict[str, dict[str, Limit]] = {reason: {} for reason in REASONS}
    for rule in rules_of(table):
        if (limit := rule.limit_for(features)) is None:
            continue
        known = found[rule.reason].get(rule.measure)
        if known is None or limit.excess(known.at) > 0:
            found[rule.reason][rule.measure] = limit
    return {reason: tuple(limits.values()) for reason, limits in found.items()}


def judge_lighting(features: LightingFeatures, table: Thresholds = THRESHOLDS) -> LightingVerdict:
    """Judge measured features by a table of thresholds."""
    limits = limits_for(features, table)
    reasons = tuple(
        reason
        for reason in REASONS
        if any(limit.excess(getattr(features, limit.measure)) > 0 for limit in limits[reason])
    )
    return LightingVerdict(not reasons, reasons)


def _colour_cast(exposure: float, red_green: float, green_blue: float) -> float:
    along, across = (x * red_green + y * green_blue for x, y in (LAMPS, (LAMPS[1], -LAMPS[0])))
    lowest = _on(THRESHOLDS.along_lamps_lowest, exposure)
    least, most = THRESHOLDS.across_lamps
    return math.hypot(
        max(lowest - along, along - THRESHOLDS.along_lamps_highest, 0.0), max(least - across, across - most, 0.0)
    )


def _on(curve: Curve, position: float) -> float:
    return float(np.interp(position, *curve))
