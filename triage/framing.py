"""Whether skin fills the guide of a live preview, measured in the model's crop."""

from dataclasses import dataclass

import cv2
import numpy as np

from triage.crop import CROP, WHOLE, Crop
from triage.crop import View as Part
from triage.lighting import LightingVerdict, View, view_of
from triage.photo import Photo
from triage.skin_region import LAMPS, LOG_LIGHT, NEAR_CLIPPED, log_ratios, sorted_channels
from triage.skin_tone import NEAR_BLACK
from triage.spot import Spot

SPOT_REASONS = ("spot_cut", "spot_aside", "spot_small")
"""Framing faults of a spot that a model is sure of; they take the place of `too_far`."""
FRAMING_REASONS = ("no_skin", "too_far", *SPOT_REASONS)
"""Ids of framing faults."""
SMALL_BELOW = 0.1
"""Fraction of the frame that a spot's box must fill."""
ASIDE_FROM = 0.25
"""Distance of a spot's centre from the middle, as a fraction of the frame's side, from which it lies aside."""
AT_EDGE, LARGE_FROM = 0.015, 0.6
"""A spot so near to the frame's edge is cut; from such a length on, stepping back helps better than moving."""
COLOURLESS_REASONS = ("too_dark", "too_bright")
"""Lighting faults that leave no colour to recognize skin by."""
NO_SKIN_BELOW = 0.5
"""Probability of skin (`triage.skin_region`) below which there is none."""
TOO_FAR_BELOW = 0.42
"""Fraction of cells that are skin. A hand, a limb or a whole body before a background is below."""
NO_LAMP_BELOW = 0.2
"""Fraction of the guide below which no lamp explains a colour cast."""
ACROSS_LAMPS = (-1.1, 3.0)
"""Range of skin perpendicular to that direction, stops from grey. Leaves, yellow or red cloth and purple lie outside
under any lamp. Skin in 1,200 well-lit photographs lies from -0.4 to 2.7 (lesions are reddest), phantoms under a colour
cast from -1.1 to 1.7."""


@dataclass(frozen=True)
class Framing:
    """Content of the guide.

    Attributes:
        skin: fraction of cells that are more likely skin than not, [0, 1].
        skin_by_lamp: fraction of pixels that could be skin under some lamp, [0, 1].
        probability: that there is skin in white light, by `triage.skin_region`, [0, 1].
    """

    skin: float
    skin_by_lamp: float
    probability: float

    @property
    def no_skin(self) -> bool:
        """There is no skin, whatever the light."""
        return self.probability < NO_SKIN_BELOW


def measure_framing(photo: Photo, crop: Crop = CROP, view: View | None = None) -> Framing:
    """Measure the skin fraction of the model's crop.

    Args:
        photo: uint8 [height, width, 3], RGB.
        crop: what the model sees of it.
        view: `triage.lighting.view_of` the same photo and crop, if it is there already.
    """
    thin, region = view or view_of(photo, crop)
    # Smooth slightly: in dim light, noise gives single pixels any colour.
    pixels = np.asarray(cv2.blur(thin, (3, 3)), np.uint8)
    _, red_green, green_blue = log_ratios(pixels, LOG_LIGHT)
    across = red_green * np.float32(LAMPS[1]) - green_blue * np.float32(LAMPS[0])
    _, middle, highest = sorted_channels(pixels)
    by_lamp = (across >= ACROSS_LAMPS[0]) & (across <= ACROSS_LAMPS[1])
    # Black and clipped pixels have no colour to judge.
    by_lamp &= (highest >= NEAR_BLACK) & (middle < NEAR_CLIPPED)
    skin = float(np.count_nonzero(region.cells > 0) / region.cells.size)
    return Framing(skin, float(np.count_nonzero(by_lamp) / by_lamp.size), region.probability)


def has_skin(verdict: LightingVerdict, framing: Framing) -> bool:
    """Whether skin was found in a photo. Unlike in a preview, very dark or bright light does not come first.

    Args:
        verdict: lighting of the photo.
        framing: framing of the photo.
    """
    return framing.skin_by_lamp >= NO_LAMP_BELOW and "no_skin" not in preview_reasons(verdict, framing)


def spot_reason(spot: Spot, frame: Part) -> str | None:
    """Return what is wrong with the place or size of a spot, one of `SPOT_REASONS`, or None.

    Args:
        spot: in the photo.
        frame: the part of the photo that the model sees, in fractions.
    """
    left, top, width, height = frame
    x, y = (spot.x - left) / width, (spot.y - top) / height
    across, down = spot.width / width, spot.height / height
    cut = min(x - across / 2, y - down / 2) < AT_EDGE or max(x + across / 2, y + down / 2) > 1 - AT_EDGE
    if cut and max(across, down) >= LARGE_FROM:
        return "spot_cut"
    if cut or max(abs(x - 0.5), abs(y - 0.5)) > ASIDE_FROM:
        return "spot_aside"
    return "spot_small" if across * down < SMALL_BELOW else None


def preview_reasons(
    verdict: LightingVerdict, framing: Framing, spot: Spot | None = None, frame: Part = WHOLE
) -> tuple[str, ...]:
    """Return all faults of a live preview, most important first.

    Very dark or bright light hides skin colour and comes before framing. So does a colour cast, unless no lamp explains
    the colours. Other lighting faults only matter once there is skin.

    Args:
        verdict: lighting of the frame.
        framing: framing of the frame.
        spot: where the model is sure of one: its place and size then count instead of the fraction of skin.
        frame: see `spot_reason`.

    Returns:
        Ids from `triage.lighting.REASONS` and `FRAMING_REASONS`, each at most once.
    """
    found = verdict.reasons
    first: tuple[str, ...] = tuple(reason for reason in found if reason in COLOURLESS_REASONS)
    if not first and "colour_cast" in found:
        first = ("no_skin",) if framing.skin_by_lamp < NO_LAMP_BELOW else ("colour_cast",)
    elif not first and framing.no_skin:
        first = ("no_skin",)
    elif not first and spot is not None:
        reason = spot_reason(spot, frame)
        first = (reason,) if reason else ()
    elif not first and framing.skin < TOO_FAR_BELOW:
        first = ("too_far",)
    return (*first, *(reason for reason in found if reason not in first))
