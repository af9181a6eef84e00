"""Single measures of the light in a picture, each free of the picture's size, and of skin tone as far as can be."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from triage.counting import Bytes, quantile
from triage.photo import Photo
from triage.skin_color import LINEAR
from triage.skin_region import GLARE_LEVEL, sorted_channels, weighted_quantile

Plane = npt.NDArray[np.float32]

GLARE_CONTRAST = 20
"""A highlight stands at least this many values above the skin, or it is the texture of nearly white skin."""
ALL_WHITE = 254
"""Lowest channel of a fully clipped pixel: glare on skin of any lightness."""
GLARE_RING = (5, 13)
"""Pixels by which a highlight is widened to the inner and to the outer border of the ring around it."""
LEAST_RING = 10
"""With fewer pixels of skin in the ring, it says nothing."""
MEDIAN_STEP = 4
"""Of the skin's pixels every fourth gives its median."""
FADING, NOT_DARKER, SHINING = 0.6, -0.5, 0.8
"""Stops by which the ring is brighter than the rest of the skin for certain, at least, and around broken highlights."""
SKIN_SIDES = 3
"""Directions out of four in which a highlight has skin beside it."""
CROWD = 11
"""Side in pixels of the square in which the bright pixels around each are counted."""
COMPACT, BROKEN = 0.45, 0.1
"""Fractions of it: with fewer they are hair, writing or flakes of scale, or the pieces of a highlight on scale."""
GRID, APART = 24, 3
"""Cells along each side for the unevenness, and how many of them lie from one cell of a pair to the other."""
SAME_COLOR = 0.08
"""Difference of chromaticity at which a pair counts half, stops: a tenth of the way from grey to skin."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Rec. 709 luminance of linear sRGB."""
LUMINANCE_FLOOR, COLOR_FLOOR = np.float32(0.001), np.float32(0.004)
"""Added to linear luminance and to linear channels before a logarithm."""
FAINT, CLIPPED = 0.03, 0.9
"""Linear luminance at which a cell counts half, and mean of a channel from which many of its pixels are clipped."""
LEAST_PAIRS = 12.0
"""With less weight of pairs than this the fall is unknown and counts as none."""
SHARPNESS_SCALES = (1.4, 2.8)
"""Standard deviations of the two smoothings in pixels; at smaller ones sensor noise hides the blur of dark photos."""
_SMOOTHINGS = tuple(cv2.getGaussianKernel(2 * round(3.3 * s) + 1, s, cv2.CV_32F) for s in SHARPNESS_SCALES)
# Largest value that a highlight with this lowest channel has: it takes three quarters of the value.
_COLOURLESS = np.minimum(4 * np.arange(256) // 3, 255).astype(np.uint8)

NOISE_ROWS = 4
"""Noise is counted in every fourth row."""
LEAST_DETAIL = 1e-4
"""Curvature below this is what 32-bit arithmetic leaves of a flat picture."""
NO_DETAIL = 10.0


def specular_share(pixels: Photo, own_skin: npt.NDArray[np.bool_]) -> float:
    """Fraction of mirror-like highlights on skin.

    The skin's surface mirrors the light without colouring it, so a highlight lifts the lowest channel most
    (dichromatic reflection, Shafer 1985). It must stand half way from the rest of the picture to white, which is far
    for skin of any tone. A white sheet does so, too; but a highlight fades into the skin around it, while skin before
    a sheet ends at an edge that is no brighter, or darker, than the rest. Scale breaks a highlight into pieces as
    small as hair or flakes; they count where the skin around them shines.

    Args:
        pixels: uint8 [height, width, 3].
        own_skin: pixels of the person's skin, bool of any size.

    Returns:
        Fraction of the pixels, [0, 1].
    """
    lowest, _, value = sorted_channels(pixels)
    core = highlight_core(lowest, value)
    crowd = cv2.boxFilter(core, -1, (CROWD, CROWD), normalize=False)
    broken = np.asarray(core & (crowd >= BROKEN * CROWD**2), np.uint8)
    skin = cv2.resize(own_skin.astype(np.uint8), core.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    luminance = np.asarray(cv2.transform(cv2.LUT(pixels, LINEAR), LUMINANCE[np.newaxis]), np.float32)
    fading = _fading(broken, skin, luminance)
    if fading >= SHINING:
        return float(np.count_nonzero(broken) / core.size)
    compact = np.asarray(core & (crowd >= COMPACT * CROWD**2), np.uint8)
    fading = max(fading, _fading(compact, skin, luminance))
    if fading < NOT_DARKER:
        return 0.0
    if fading < FADING:
        compact &= _amid(own_skin, core.shape)
    return float(np.count_nonzero(compact) / core.size)


def _fading(core: Bytes, skin: npt.NDArray[np.bool_], luminance: Plane) -> float:
    """Stops by which the skin around highlights is brighter than the rest; 0 where there is too little of it."""
    inner, outer = (cv2.dilate(core, np.ones((side, side), np.uint8)) > 0 for side in GLARE_RING)
    ring = skin & outer & ~inner
    if np.count_nonzero(ring) < LEAST_RING:
        return 0.0
    # The median of the logarithms is the logarithm of the median.
    rest = math.log2(float(np.median(luminance[skin][::MEDIAN_STEP])) + float(LUMINANCE_FLOOR))
    return float(np.log2(luminance[ring] + LUMINANCE_FLOOR).mean()) - rest


def _amid(skin: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> Bytes:
    """Mark what has skin in at least three of the four directions, uint8 of a shape that may be larger."""
    beside = skin.astype(np.uint8)
    seen = np.zeros_like(beside)
    for axis in (0, 1):
        seen += np.maximum.accumulate(beside, axis)
        seen += np.flip(np.maximum.accumulate(np.flip(beside, axis), axis), axis)
    enough = (seen >= SKIN_SIDES).astype(np.uint8)
    return np.asarray(cv2.resize(enough, shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8)


def highlight_core(lowest: Bytes, value: Bytes) -> Bytes:
    """Mark pixels that are as bright and colourless as a highlight.

    Args:
        lowest: smallest of the three channels, uint8 [height, width].
        value: largest of them, uint8 [height, width].

    Returns:
        1 where a pixel is, uint8 [height, width]. Hair and flakes of scale are still among them.
    """
    skin = quantile(lowest, 0.8)
    least = min(max(GLARE_LEVEL, skin + GLARE_CONTRAST, skin + 0.5 * (255 - skin)), ALL_WHITE)
    # Compared as bytes: an integer reaches a bound when it reaches the next integer.
    core = (lowest >= np.uint8(math.ceil(least))) & (value <= cv2.LUT(lowest, _COLOURLESS))
    return np.asarray(core, np.uint8)


def unevenness_stops(linear: Plane) -> float:
    """How far the light itself falls across the picture, in stops.

    Where the material changes, so does its colour; where only the light falls off, the colour stays (colour Retinex:
    Land and McCann 1971, Grosse et al. 2009). So luminance is compared between cells a little apart, each pair counts
    the less the more its chromaticity differs, and the median of the differences is the slope. An edge between arm and
    wall has another colour, and where it has not, it touches few pairs; the roundness of a limb rises on one side as
    it falls on the other. Ratios of light are ratios of luminance on skin of any tone, so all is in logarithms.

    Args:
        linear: linear sRGB, float32 [height, width, 3].

    Returns:
        Sum of the falls along both axes, at least 0.
    """
    cells = np.asarray(cv2.resize(linear, (GRID, GRID), interpolation=cv2.INTER_AREA), np.float32)
    luminance = cells @ LUMINANCE
    levels = np.log2(luminance + LUMINANCE_FLOOR)
    highest = np.maximum(np.maximum(cells[..., 0], cells[..., 1]), cells[..., 2])
    red, green, blue = cv2.split(np.log2(cells + COLOR_FLOOR))
    # Black cells have lost the fall to noise, clipped ones to white.
    known = luminance / (luminance + FAINT) * (highest < CLIPPED)
    planes = np.stack([levels, red - green, green - blue, known])
    planes = np.stack([planes, planes.transpose(0, 2, 1)], axis=1)  # down and across the picture
    upper, lower = planes[:, :, :-APART], planes[:, :, APART:]
    differences = (lower[:3] - upper[:3]).reshape(3, 2, -1)
    colors = differences[1] ** 2 + differences[2] ** 2
    weights = np.minimum(lower[3], upper[3]).reshape(2, -1) / (1 + colors / SAME_COLOR**2)
    return _slope(differences[0, 0], weights[0]) + _slope(differences[0, 1], weights[1])


def _slope(differences: Plane, weights: Plane) -> float:
    """Absolute fall of the levels where the colour stays, stops over the whole side."""
    if weights.sum() < LEAST_PAIRS:
        return 0.0
    return abs(weighted_quantile(differences, weights)) * GRID / APART


def sharpness(plane: Bytes) -> float:
    """Curvature of the picture smoothed a little relative to twice as much, in the direction where it is least.

    A sharp picture loses much of its curvature by more smoothing, a blurred one little, whatever its contrast and
    brightness; a shaken one loses little along the shake alone.

    Args:
        plane: one channel, uint8 [height, width].

    Returns:
        2.2 to 4 for sharp skin, 5.7 for white noise, towards 1 for strong blur; `NO_DETAIL` where there is nothing
        that could be blurred.
    """
    if min(plane.shape) < 3:
        return NO_DETAIL
    narrow, wide = (_curvature(np.asarray(cv2.sepFilter2D(plane, cv2.CV_32F, k, k), np.float32)) for k in _SMOOTHINGS)
    return min(n / w for n, w in zip(narrow, wide, strict=True)) if min(wide) > LEAST_DETAIL else NO_DETAIL


def half_size(plane: Bytes) -> Bytes:
    """Average 2 x 2 pixels, uint8 [height, width] to [height / 2, width / 2], rounded down but at least 1."""
    height, width = plane.shape
    shape = (max(1, width // 2), max(1, height // 2))
    return np.asarray(cv2.resize(plane, shape, interpolation=cv2.INTER_AREA), np.uint8)


def noise_level(plane: Bytes) -> float:
    """Robust standard deviation of what a 3 x 3 median filter takes away, relative to full scale, [0, 1]."""
    residual = np.asarray(cv2.absdiff(plane, cv2.medianBlur(plane, 3)), np.uint8)
    return 1.4826 * quantile(residual[::NOISE_ROWS], 0.5) / 255


def _curvature(plane: Plane) -> list[float]:
    """Root mean square of the second difference along rows, columns and both diagonals, inside a border of one pixel.

    In a plane laid out flat a neighbour is so many places on. Differences that reach round the end of a row are set to
    zero, which is much faster than cutting them off.
    """
    height, width = plane.shape
    flat = plane.ravel()
    first, second = np.empty((2, len(flat)), np.float32)  # used again and again: new memory costs more than the sums
    curvatures = []
    for step in (1, width, width + 1, width - 1):
        difference = np.subtract(flat[step:], flat[:-step], out=first[:-step])
        curvature = np.subtract(difference[step:], difference[:-step], out=second[: -2 * step])
        # The first of them belongs to pixel number `step`. From the second pixel of the second row to the last but one
        # of the last but one:
        inside = curvature[width + 1 - step : len(flat) - width - 1 - step]
        inside[width - 2 :: width] = 0
        inside[width - 1 :: width] = 0
        # The mean of a second difference is as good as zero.
        curvatures.append(math.sqrt(float(np.vdot(inside, inside)) / ((height - 2) * (width - 2))))
    return curvatures
