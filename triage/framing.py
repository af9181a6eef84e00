"""Whether skin fills the guide of a live preview, measured by colour in the model's crop.

Wood, cardboard and beige walls look like skin. The measure is meant for tips before a photo: the camera points past the
skin, or is too far away.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from triage.light_measures import sorted_channels
from triage.lighting import LOG_LINEAR, NEAR_CLIPPED, LightingVerdict
from triage.photo import CROP_FRACTION, Photo, center_crop, samples
from triage.skin_tone import NEAR_BLACK

FRAMING_REASONS = ("no_skin", "too_far")
"""Ids of framing faults."""
COLOURLESS_REASONS = ("too_dark", "too_bright")
"""Lighting faults that leave no colour to recognize skin by."""
ANALYSIS_SIDE = 224
"""Longer side in pixels for the analysis, which uses every second pixel both ways."""
NO_SKIN_BELOW, TOO_FAR_BELOW = 0.2, 0.5
"""Skin fractions of the guide. Of 2,500 real photographs (DermNet and HAM10000, seed 1) none is below the first and 13
are below the second, 10 of them a hand, foot, limb or whole body on a background."""

LAMPS = (0.43, 0.90)
"""Unit direction in which black bodies from 2,300 to 14,000 K shift colours (Planck 1901): red over green, green over
blue, in stops of linear light."""
ACROSS_LAMPS = (-1.1, 3.0)
"""Range of skin perpendicular to that direction, stops from grey. Leaves, yellow or red cloth and purple lie outside
under any lamp. Skin in 1,200 well-lit photographs lies from -0.4 to 2.7 (lesions are reddest), phantoms under a colour
cast from -1.1 to 1.7."""
MIN_RED_GREEN = 0.05
"""Least red over green of skin in white light, stops. Grey has 0; 99.5% of 1,186 well-lit clinical photographs have at
least this median, well-lit phantoms of all tones 0.35 or more."""
MAX_ALONG_LAMPS = 2.6
"""Greatest distance of skin along the lamp direction in white light, stops; yellow and orange objects lie beyond."""


@dataclass(frozen=True)
class Framing:
    """Content of the guide.

    Attributes:
        skin: fraction with a skin colour in white light, [0, 1].
        skin_by_lamp: fraction that could be skin under some lamp, [0, 1].
    """

    skin: float
    skin_by_lamp: float


def measure_framing(photo: Photo, crop_fraction: float = CROP_FRACTION) -> Framing:
    """Measure the skin fraction of the model's crop.

    Args:
        photo: uint8 [height, width, 3], RGB.
        crop_fraction: fraction of each side that the model sees, in (0, 1].
    """
    # Smooth slightly: in dim light, noise gives single pixels any colour.
    pixels = np.asarray(cv2.blur(samples(center_crop(photo, crop_fraction), ANALYSIS_SIDE), (3, 3)), np.uint8)
    red, green, blue = cv2.split(cv2.LUT(pixels, LOG_LINEAR))
    red_green, green_blue = red - green, green - blue
    across = red_green * np.float32(LAMPS[1]) - green_blue * np.float32(LAMPS[0])
    along = red_green * np.float32(LAMPS[0]) + green_blue * np.float32(LAMPS[1])
    _, middle, highest = sorted_channels(pixels)
    by_lamp = (across >= ACROSS_LAMPS[0]) & (across <= ACROSS_LAMPS[1])
    # Black and clipped pixels have no colour to judge.
    by_lamp &= (highest >= NEAR_BLACK) & (middle < NEAR_CLIPPED)
    skin = by_lamp & (red_green >= MIN_RED_GREEN) & (along <= MAX_ALONG_LAMPS)
    return Framing(float(skin.mean()), float(by_lamp.mean()))


def preview_reasons(verdict: LightingVerdict, framing: Framing) -> tuple[str, ...]:
    """Return all faults of a live preview, most important first.

    Very dark or bright light hides skin colour and comes before framing. So does a colour cast, unless no lamp explains
    the colours. Other lighting faults only matter once there is skin.

    Args:
        verdict: lighting of the frame.
        framing: framing of the frame.

    Returns:
        Ids from `triage.lighting.REASONS` and `FRAMING_REASONS`, each at most once.
    """
    found = verdict.reasons
    first: tuple[str, ...] = tuple(reason for reason in found if reason in COLOURLESS_REASONS)
    if not first and "colour_cast" in found:
        first = ("no_skin",) if framing.skin_by_lamp < NO_SKIN_BELOW else ("colour_cast",)
    elif not first and framing.skin < TOO_FAR_BELOW:
        first = ("no_skin",) if framing.skin < NO_SKIN_BELOW else ("too_far",)
    return (*first, *(reason for reason in found if reason not in first))
