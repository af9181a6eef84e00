"""Skin tone of a photo by its individual typology angle (ITA). It describes a photo, not a person."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from triage.counting import quantile_on_scale
from triage.photo import Photo, samples, small_copy
from triage.skin_color import Floats, individual_typology_angle, to_lab
from triage.skin_region import SkinRegion, find_skin

TONE_SCHEME = "ITA (light > 41, medium 10 to 41, dark <= 10 degrees)"
TONE_BUCKETS = ("light", "medium", "dark")
UNKNOWN_TONE = "unknown"
LIGHT_ABOVE, DARK_UP_TO = 41.0, 10.0

ANALYSIS_SIDE = 192
"""Longer side in pixels at which skin is looked for; its tone is measured in every second of them both ways."""
MIN_MASK_SHARE = 0.05
"""Less skin than this fraction of the photo gives no tone."""
UNLIKELY = -1.0
"""Log-odds below which a place is background."""
MIN_OWN_SHARE = 0.25
"""Fraction of the photo from which skin of the person's own colour decides alone: a pale wall does not pass for it."""
DARKER_PART = 0.4
"""Fraction of the plain skin, its darker part, that is not measured."""
BLUEST = 110.0
"""ITA in degrees from which the light hides the tone: bluer than skin of any lightness is in white light."""
LIGHTNESS_SPREAD, COLOR_SPREAD = 12.0, 10.0
"""How far plain skin may be from its median in L*, and in a* and b*: shading and texture stay, lesions and hair go."""
NEAR_BLACK, NEAR_WHITE = 20, 250
"""Channel values: a red below the first says nothing any more, green and blue from the second on are glare."""
STEPS = 50
"""Steps a unit of Lab, or a degree, in which medians are counted."""
_CODES = np.arange(256)
# 2 red <= 5 green + 16, 4 blue <= 5 green + 32, and red >= green - 3 and blue - 3 (see `looks_like_skin`).
_MOST_RED = np.minimum((5 * _CODES + 16) // 2, 255).astype(np.uint8)
_MOST_BLUE = np.minimum((5 * _CODES + 32) // 4, 255).astype(np.uint8)
_LEAST_RED = np.maximum(_CODES - 3, NEAR_BLACK).astype(np.uint8)


@dataclass(frozen=True)
class SkinTone:
    """Skin tone of one photo.

    Attributes:
        ita: median individual typology angle over the brighter part of the skin mask in degrees; NaN where there is
            too little skin, or bluish light hides its tone.
        bucket: "light", "medium" or "dark" by `TONE_SCHEME`; "unknown" where ITA is NaN.
        mask_share: fraction of the photo that counts as plain skin, in [0, 1].
    """

    ita: float
    bucket: str
    mask_share: float


def tone_bucket(ita: float) -> str:
    """Bucket of an ITA in degrees by `TONE_SCHEME`; "unknown" for NaN."""
    if math.isnan(ita):
        return UNKNOWN_TONE
    if ita > LIGHT_ABOVE:
        return "light"
    return "dark" if ita <= DARK_UP_TO else "medium"


def measure_skin_tone(photo: Photo) -> SkinTone:
    """Measure the tone of the plain skin in a photo.

    Args:
        photo: uint8 [height, width, 3], RGB.
    """
    pixels = samples(photo, ANALYSIS_SIDE)
    lightness, yellowness, mask = _plain_skin(pixels, find_skin(pixels))
    share = np.count_nonzero(mask) / mask.size
    if share < MIN_MASK_SHARE:
        return SkinTone(math.nan, UNKNOWN_TONE, share)
    chosen = np.flatnonzero(mask)
    lightness, yellowness = lightness.ravel()[chosen], yellowness.ravel()[chosen]
    # Furrows, pores, hair and the skin's own curvature only darken; the brighter part is nearest to flat skin.
    # At most the quantile itself: where all are equal, the middle of their step lies above them.
    brighter = lightness >= min(quantile_on_scale(lightness, STEPS, DARKER_PART), float(lightness.max()))
    ita = quantile_on_scale(individual_typology_angle(lightness[brighter], yellowness[brighter]), STEPS, 0.5)
    ita = math.nan if ita > BLUEST else ita
    return SkinTone(ita, tone_bucket(ita), share)


def skin_mask(photo: Photo) -> npt.NDArray[np.bool_]:
    """Mark the plain skin of a photo, without lesions as far as brightness and colour tell them apart.

    Args:
        photo: uint8 [height, width, 3], RGB.

    Returns:
        bool [height, width].
    """
    # The skin is found in the samples: contrast depends on the scale.
    *_, mask = _plain_skin(small_copy(photo, ANALYSIS_SIDE), find_skin(samples(photo, ANALYSIS_SIDE)))
    height, width = photo.shape[:2]
    full = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return full.astype(bool)


def _plain_skin(pixels: Photo, region: SkinRegion) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """L* and b* of all pixels, each float32 [h, w], and the mask of plain skin, bool [h, w]."""
    planes = [np.asarray(plane, np.float32) for plane in cv2.split(to_lab(pixels))]
    mask = looks_like_skin(pixels)
    likely = mask & (cv2.resize(region.cells, mask.shape[::-1], interpolation=cv2.INTER_LINEAR) > UNLIKELY)
    own = cv2.resize(region.own.astype(np.uint8), mask.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    if np.count_nonzero(likely & own) >= MIN_OWN_SHARE * mask.size:
        likely &= own
    # Under a colour cast all is unlikely, and only the order of the channels is left to go by.
    if np.count_nonzero(likely) >= MIN_MASK_SHARE * mask.size:
        mask = likely
    # A lesion is photographed in the middle; skin is what surrounds it. Where the surround is background, all counts.
    chosen = np.flatnonzero(mask & _outside_center(*mask.shape))
    if len(chosen) < MIN_MASK_SHARE * mask.size:
        chosen = np.flatnonzero(mask)
    if len(chosen):
        for plane, spread in zip(planes, (LIGHTNESS_SPREAD, COLOR_SPREAD, COLOR_SPREAD), strict=True):
            middle = quantile_on_scale(plane.ravel()[chosen], STEPS, 0.5)
            mask = mask & (plane >= middle - spread) & (plane <= middle + spread)
    return planes[0], planes[2], mask


def looks_like_skin(pixels: Photo) -> npt.NDArray[np.bool_]:
    """Mark pixels whose colour skin of any tone can have; uint8 [h, w, 3] to bool [h, w].

    Fixed boxes in YCbCr are drawn around light and medium skin and lose dark skin, whose chroma shrinks with its
    lightness. Here the order of the channels decides, which melanin and blood give to skin of every tone: they absorb
    blue and green more than red. The slack lets the pinks of dermoscopy in, whose lamps are bluish.
    """
    red, green, blue = cv2.split(pixels)
    most = np.maximum(green, blue)
    # The bounds that one channel sets to another are looked up, so that all stays in bytes.
    return (
        (red >= cv2.LUT(most, _LEAST_RED))
        & (red <= cv2.LUT(green, _MOST_RED))
        & (blue <= cv2.LUT(green, _MOST_BLUE))
        & (np.minimum(green, blue) < NEAR_WHITE)
    )


def _outside_center(height: int, width: int) -> npt.NDArray[np.bool_]:
    """Mark all but the middle half of each side."""
    outside = np.ones((height, width), dtype=bool)
    outside[height // 4 : height - height // 4, width // 4 : width - width // 4] = False
    return outside
