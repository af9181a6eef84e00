"""Whether skin fills the guide of a live preview, measured where the model looks.

Only colour is looked at, so wood, cardboard or a beige wall pass for skin. What it is for is the moment before a photo:
a person who points the camera past the skin, or holds it too far away, is told.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from triage.light_measures import sorted_channels
from triage.lighting import LOG_LINEAR, NEAR_CLIPPED, LightingVerdict
from triage.photo import CROP_FRACTION, Photo, center_crop, samples
from triage.skin_tone import NEAR_BLACK

FRAMING_REASONS = ("no_skin", "too_far")
"""Ids of what can be wrong with the framing."""
COLOURLESS_REASONS = ("too_dark", "too_bright")
"""Faults of light that leave no colour to tell skin by."""
ANALYSIS_SIDE = 224
"""Longer side in pixels at which skin is looked for, in every second of them both ways."""
NO_SKIN_BELOW, TOO_FAR_BELOW = 0.2, 0.5
"""Shares of the guide. On 2,500 real photographs (DermNet and HAM10000, drawn with seed 1) none is below the first and
13 are below the second: 10 show a hand, a foot, a limb or a whole body before a background."""

LAMPS = (0.43, 0.90)
"""Direction in which black bodies from 2,300 to 14,000 K move colours (Planck 1901): red over green, green over blue,
in stops of linear light, scaled to length 1."""
ACROSS_LAMPS = (-1.1, 3.0)
"""Least and greatest distance of skin from grey across that direction, stops. Leaves, a yellow or a red cloth and
purple lie outside, and no lamp explains them. What looks like skin in 1,200 well-lit photographs lies from -0.4 to
2.7, lesions being the reddest, and phantoms under a cast from -1.1 to 1.7."""
LEAST_RED_GREEN = 0.05
"""Red over green of skin in white light, stops: grey has 0, and 99.5% of 1,186 well-lit clinical photographs a median
of at least this; well-lit phantoms of all tones have 0.35 and more."""
MOST_ALONG_LAMPS = 2.6
"""Furthest that skin lies along the lamps' direction in white light, stops: yellow and orange things lie beyond."""


@dataclass(frozen=True)
class Framing:
    """What fills the guide.

    Attributes:
        skin: share of the guide that has a colour of skin in white light, [0, 1].
        skin_by_lamp: share that could be skin under some lamp, [0, 1].
    """

    skin: float
    skin_by_lamp: float


def measure_framing(photo: Photo, crop_fraction: float = CROP_FRACTION) -> Framing:
    """Measure what fills the centre crop that the model sees.

    Args:
        photo: uint8 [height, width, 3], RGB.
        crop_fraction: share of each side that the model sees, above 0 and at most 1.
    """
    # A little smoothing: in the noise of dim light single pixels have any colour.
    pixels = np.asarray(cv2.blur(samples(center_crop(photo, crop_fraction), ANALYSIS_SIDE), (3, 3)), np.uint8)
    red, green, blue = cv2.split(cv2.LUT(pixels, LOG_LINEAR))
    red_green, green_blue = red - green, green - blue
    across = red_green * np.float32(LAMPS[1]) - green_blue * np.float32(LAMPS[0])
    along = red_green * np.float32(LAMPS[0]) + green_blue * np.float32(LAMPS[1])
    _, middle, highest = sorted_channels(pixels)
    by_lamp = (across >= ACROSS_LAMPS[0]) & (across <= ACROSS_LAMPS[1])
    # Black and clipped pixels have no colour to judge.
    by_lamp &= (highest >= NEAR_BLACK) & (middle < NEAR_CLIPPED)
    skin = by_lamp & (red_green >= LEAST_RED_GREEN) & (along <= MOST_ALONG_LAMPS)
    return Framing(float(skin.mean()), float(by_lamp.mean()))


def preview_reasons(verdict: LightingVerdict, framing: Framing) -> tuple[str, ...]:
    """Everything that is wrong in a live preview, what to see to first in front.

    Too little and too much light hide the colours that tell skin and come before the framing. So does a cast, unless
    no lamp explains the colours. The other faults of light only matter once there is skin.

    Args:
        verdict: on the light of the same picture.
        framing: of the picture.

    Returns:
        Ids out of `triage.lighting.REASONS` and `FRAMING_REASONS`, each at most once.
    """
    found = verdict.reasons
    first: tuple[str, ...] = tuple(reason for reason in found if reason in COLOURLESS_REASONS)
    if not first and "colour_cast" in found:
        first = ("no_skin",) if framing.skin_by_lamp < NO_SKIN_BELOW else ("colour_cast",)
    elif not first and framing.skin < TOO_FAR_BELOW:
        first = ("no_skin",) if framing.skin < NO_SKIN_BELOW else ("too_far",)
    return (*first, *(reason for reason in found if reason not in first))
