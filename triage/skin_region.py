"""Which pixels of a picture are this person's skin: decided here once, for light, tone, framing and colour patches.

Brightness decides nothing, so neither a gradient of the light nor the skin's tone moves the border. Two questions are
asked of log-chromaticity (Finlayson and Hordley 2001), which light of one colour only shifts:

1. Is there skin at all? Blood makes skin of every tone redder than any lamp makes wood, sand, fur or a wall, and skin
   is smooth. The chromaticity and the local contrast of each of 16 x 16 cells say how likely it is skin in white light.
   The view as a whole says more: scenes have detail nearly everywhere and edges of colour, painted or dyed things are
   redder than blood makes skin, and walls, sky and cloth lack its mottling.
2. Which pixels belong to it? Those whose chromaticity lies nearer to that of the picture's centre than to grey. That
   holds under a colour cast, too, and leaves out a wall that is paler than the arm before it.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from triage.counting import Bytes
from triage.photo import Photo
from triage.skin_color import LINEAR, Floats

CELLS = 16
"""Cells along each side in which skin is looked for."""
FLOOR = 0.002
"""Linear light added before a logarithm: the noise of an 8-bit sRGB value near black must not look like a colour."""
LOG_LIGHT = np.log2(LINEAR + np.float32(FLOOR))
"""log2 of linear light above `FLOOR` for each of the 256 channel values, stops."""
NEAR_CLIPPED = 250
"""Channel values from here on count as clipped; JPEG spreads 255 downward by some steps."""
GLARE_LEVEL = 236
"""A highlight's lowest channel reaches at least this; dry white scale (linear reflectance 0.8) stays below."""
FINE, COARSE = (3, 3), (9, 9)
"""Pixels of the two means between which a cell's contrast is measured."""
LEAST_CONTRAST = np.float32(0.02)
"""Stops added to a contrast before its logarithm."""
MOST_LOG_ODDS = 3.0
"""One cell may speak so strongly for or against skin, natural log-odds."""
LEAST_COLOR, SMOOTH = (0.1, 0.07), -2.8
"""Distance from grey, stops, below which a cell is no skin where the logarithm of its contrast in green is below the
second number, and where it is not."""
VIEW_SPREAD, COLOR_SPREAD = 0.5, 0.22
"""Standard deviation of the weight around the centre as a fraction of the side: of the view that must show skin, and
of the middle whose colour is the skin's."""
OWN_COLOR = (0.35, 2.0)
"""Fraction of the skin's distance from grey at which pixels are the person's own: below lie pale walls and sheets."""
OFF_COLOR = 0.6
"""Furthest across the line from grey through the skin's colour, stops."""
LAMPS = (0.43, 0.90)
"""Direction in which black bodies from 2,300 to 14,000 K move colours (Planck 1901): red over green, green over blue,
in stops of linear light, scaled to length 1."""
BLACK = math.log2(0.005)
"""log2 of linear green below which a pixel has no colour."""

# Weights of a cell's evidence for skin, in half units of log-odds: redness across the lamps' direction, which blood
# gives to skin of every tone, distance from skin's usual place along it, and the logarithms of the contrasts in green,
# in red_green and in green_blue. Thresholds like the others here: rounded from a logistic regression between clinical
# photographs and photographs of other things, measured by benchmarks.light.judged_by_eye.
_ACROSS, _ALONG, _CONTRASTS, _OFFSET = 4.5, -0.5, np.array([-1.0, 0.5, -0.5], np.float32), -2.5
_WHOLE = 0.75
"""Weight of the four measures of the whole view, relative to the mean log-odds of its cells."""
_WHOLE_OFFSET, _WHOLE_SCALE = 1.6, 2.0
"""Added to the sum, so that skin is found where it is above 0; log-odds for each unit of the sum."""
_DETAILED, _EDGES, _LEAST_MOTTLED = 0.75, 0.95, 0.25
"""Quantiles: of the contrasts in green and in green_blue, and of the steps of redness between neighbouring cells."""
LEAST_MEAN = -2.2
"""Mean log-odds below which there is no skin, however smooth the view: an empty wall."""
SOME, MOST, EMPTY = 0.25, 0.75, -2.3
"""Fractions of the cells that are skin and that are empty, each and together, in a limb far away before a plain
background, whose view as a whole says nothing; logarithm of a contrast below which a cell that is no skin is empty."""
LEAST_STEP = 0.02
"""Stops added to a step of redness before its logarithm."""
DARKER = 0.3
"""Light of a cell that counts half, as a fraction of the brighter quarter's: a black growth has lost its colour."""
REDNESS = (-0.4, 0.8)
"""Stops across the lamps' direction beyond which redness says no more."""
USUAL_ALONG = 0.7
"""Stops along the lamps' direction at which most skin lies in white light."""


def _around_centre(spread: float) -> Floats:
    """Weights of the cells, float32 [CELLS * CELLS], that sum to 1."""
    line = (np.arange(CELLS) + 0.5) / CELLS - 0.5
    bell = np.exp(-0.5 * (line / spread) ** 2)
    weights = np.outer(bell, bell).ravel()
    return np.asarray(weights / weights.sum(), np.float32)


_VIEW, _MIDDLE = _around_centre(VIEW_SPREAD), _around_centre(COLOR_SPREAD)


@dataclass(frozen=True)
class SkinRegion:
    """This person's skin in a picture.

    Attributes:
        measures: what tells skin, of each cell, float32 [CELLS * CELLS, 5].
        level: log2 of linear green of each cell, float32 [CELLS * CELLS].
        cells: log-odds of each cell, float32 [CELLS, CELLS].
        red_green: log2 of linear red over green at the centre, stops, whatever the light.
        green_blue: the same of green over blue.
        own: pixels of the skin's own colour, bool [height, width].
    """

    measures: Floats
    level: Floats
    cells: Floats
    red_green: float
    green_blue: float
    own: npt.NDArray[np.bool_]

    @cached_property
    def probability(self) -> float:
        """That there is skin in white light, from the cells and the view as a whole, [0, 1]."""
        return _probability(self.cells.ravel(), self.measures, _across(self.measures), self.level)


def find_skin(pixels: Photo) -> SkinRegion:
    """Find the skin in a small picture, uint8 [height, width, 3], such as `triage.photo.samples` gives."""
    green, red_green, green_blue = log_ratios(pixels, LOG_LIGHT)
    level, measures = cell_measures(green, red_green, green_blue)
    # A clipped pixel has lost its colour, and a highlight shows that of the lamp.
    lowest, middle, _ = sorted_channels(pixels)
    coloured = (lowest < GLARE_LEVEL) & (middle < NEAR_CLIPPED)
    part = _cell_means(coloured.astype(np.float32)).ravel()
    known = part * (1 - np.float32(FLOOR) * np.exp2(-level))
    weights = _MIDDLE * np.maximum(known, 1e-3)
    own_red_green, own_green_blue = (weighted_quantile(measures[:, place], weights) for place in (0, 1))
    near = _near(red_green, green_blue, own_red_green, own_green_blue)
    return SkinRegion(
        measures=measures,
        level=level,
        cells=_log_odds(measures).reshape(CELLS, CELLS),
        red_green=own_red_green,
        green_blue=own_green_blue,
        own=near & coloured & (green > BLACK),
    )


def log_ratios(pixels: Photo, logarithms: Floats) -> tuple[Floats, Floats, Floats]:
    """Logarithms of green, of red over green and of green over blue.

    Args:
        pixels: uint8 [height, width, 3].
        logarithms: of each of the 256 channel values, float32.

    Returns:
        Three of float32 [height, width].
    """
    # OpenCV looks up, and NumPy subtracts, single channels several times as fast as all three together.
    red, green, blue = (np.asarray(cv2.LUT(plane, logarithms), np.float32) for plane in cv2.split(pixels))
    return green, red - green, green - blue


def cell_measures(green: Floats, red_green: Floats, green_blue: Floats) -> tuple[Floats, Floats]:
    """What tells skin, of each cell: its chromaticity and the logarithms of its contrasts.

    Args:
        green: log2 of linear green, float32 [height, width].
        red_green: log2 of red over green, of the same shape.
        green_blue: log2 of green over blue, of the same shape.

    Returns:
        Means of log2 of green, float32 [CELLS * CELLS], and the measures, float32 [CELLS * CELLS, 5].
    """
    planes = cv2.merge((green, red_green, green_blue))
    means = _cell_means(planes)
    fine = cv2.merge((cv2.blur(green, FINE), red_green, green_blue))
    contrasts = _cell_means(cv2.absdiff(fine, cv2.blur(planes, COARSE)))
    measures = np.concatenate([means[:, 1:], np.log(contrasts + LEAST_CONTRAST)], axis=1)
    return np.ascontiguousarray(means[:, 0]), np.asarray(measures, np.float32)


def _across(measures: Floats) -> Floats:
    """Redness of each cell across the lamps' direction, which blood gives to skin of every tone, stops."""
    return np.asarray(LAMPS[1] * measures[:, 0] - LAMPS[0] * measures[:, 1], np.float32)


def _log_odds(measures: Floats) -> Floats:
    """How likely each cell is skin in white light, natural log-odds, float32 [CELLS * CELLS]."""
    red_green, green_blue = measures[:, 0], measures[:, 1]
    beside = np.abs(LAMPS[0] * red_green + LAMPS[1] * green_blue - USUAL_ALONG)
    evidence = _ACROSS * np.clip(_across(measures), *REDNESS) + _ALONG * beside + measures[:, 2:] @ _CONTRASTS + _OFFSET
    evidence = np.clip(evidence, -MOST_LOG_ODDS, MOST_LOG_ODDS)
    # Smoothness alone makes no skin of a grey wall.
    evidence[np.hypot(red_green, green_blue) < np.where(measures[:, 2] < SMOOTH, *LEAST_COLOR)] = -MOST_LOG_ODDS
    return np.asarray(evidence, np.float32)


def _probability(log_odds: Floats, measures: Floats, across: Floats, level: Floats) -> float:
    """How likely there is skin: by the cells' log-odds, measures, redness and log2 of green."""
    light = np.exp2(level)
    known = light / (light + DARKER * np.float32(np.sort(light)[-len(light) // 4]))
    weights = _VIEW * known
    square = across.reshape(CELLS, CELLS)
    steps = np.sort(np.abs(np.concatenate([np.diff(square, axis=axis).ravel() for axis in (0, 1)])))
    mottling = math.log(float(steps[int(_LEAST_MOTTLED * len(steps))]) + LEAST_STEP)
    detail = weighted_quantile(measures[:, 2], known, _DETAILED)
    edges = weighted_quantile(measures[:, 4], known, _EDGES)
    whole = mottling - detail - edges - weighted_quantile(across, known)
    mean = float(log_odds @ weights / weights.sum())
    evidence = mean - LEAST_MEAN
    skin, empty = log_odds > 0, (log_odds <= -MOST_LOG_ODDS) & (measures[:, 2] < EMPTY)
    fractions = [np.count_nonzero(cells) / cells.size for cells in (skin, empty, skin | empty)]
    if min(fractions[:2]) < SOME or fractions[2] < MOST:
        evidence = min(evidence, mean + _WHOLE * whole + _WHOLE_OFFSET)
    return 1 / (1 + math.exp(-_WHOLE_SCALE * evidence))


def weighted_quantile(
    values: npt.NDArray[np.floating], weights: npt.NDArray[np.floating], fraction: float = 0.5
) -> float:
    """Value at which a fraction of the weight is reached; both of the same length, weights at least 0, not all 0."""
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(below, below[-1] * fraction)]])


def _cell_means(planes: npt.NDArray[Any]) -> Floats:
    """Means of float32 planes [height, width, planes] over the cells, float32 [CELLS * CELLS, planes]."""
    means = cv2.resize(planes, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float32).reshape(CELLS * CELLS, -1)


def _near(red_green: Floats, green_blue: Floats, own_red_green: float, own_green_blue: float) -> npt.NDArray[np.bool_]:
    """Mark pixels that lie nearer to the skin's own colour than to grey."""
    distance = float(np.hypot(own_red_green, own_green_blue)) + 1e-6
    x, y = np.float32(own_red_green / distance), np.float32(own_green_blue / distance)
    along = red_green * x + green_blue * y
    across = red_green * y - green_blue * x
    near = (along > OWN_COLOR[0] * distance) & (along < OWN_COLOR[1] * distance) & (np.abs(across) < OFF_COLOR)
    return np.asarray(near, np.bool_)


def sorted_channels(pixels: npt.NDArray[np.uint8]) -> tuple[Bytes, Bytes, Bytes]:
    """Smallest, middle and largest channel of each pixel, uint8 [height, width, 3] to three of [height, width]."""
    red, green, blue = cv2.split(pixels)
    lower, upper = np.minimum(red, green), np.maximum(red, green)
    return np.minimum(lower, blue), np.maximum(lower, np.minimum(upper, blue)), np.maximum(upper, blue)
