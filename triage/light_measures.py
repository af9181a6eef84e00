"""Single measures of the light in a picture, each free of the picture's size, and of skin tone as far as can be."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from triage.counting import Bytes, quantile

Plane = npt.NDArray[np.float32]

GLARE_LEVEL = 236
"""A highlight's lowest channel reaches at least this; dry white scale (linear reflectance 0.8) stays below."""
GLARE_CONTRAST = 20
"""A highlight stands at least this many values above the skin, or it is the texture of nearly white skin."""
ALL_WHITE = 254
"""Lowest channel of a fully clipped pixel: glare on skin of any lightness."""
GLARE_OPENING = 5
"""Pixels; thinner bright things are hair, writing, a watermark or flakes of scale."""
GRID = 6
"""Cells along each side for the unevenness."""
MIN_SKIN_CELLS = 12
"""With fewer cells that are mostly skin, unevenness cannot be told from the scene: it counts as none."""
SHADOW_FLOOR = 0.25
"""Share of the 95th percentile of value; darker pixels, some 4.5 stops of linear light below it, are background."""
SHARPNESS_SCALES = (1.4, 2.8)
"""Standard deviations of the two smoothings in pixels; at smaller ones sensor noise hides the blur of dark photos."""
_SMOOTHINGS = tuple(cv2.getGaussianKernel(2 * round(3.3 * s) + 1, s, cv2.CV_32F) for s in SHARPNESS_SCALES)
_FIT_ROUNDS, _FIT_STEP = 6, 1e-3  # of the robust fit: at most so many, ended by a change of fewer stops
# Where each cell of the grid is as shares of the picture, float64 [GRID * GRID, 2].
_ROWS_AND_COLUMNS = np.argwhere(np.ones((GRID, GRID))) / GRID
# Largest value that a highlight with this lowest channel has: it takes three quarters of the value.
_COLOURLESS = np.minimum(4 * np.arange(256) // 3, 255).astype(np.uint8)

NOISE_ROWS = 4
"""Noise is counted in every fourth row."""
LEAST_DETAIL = 1e-4
"""Curvature below this is what 32-bit arithmetic leaves of a flat picture."""
NO_DETAIL = 10.0


def specular_share(lowest: Bytes, value: Bytes) -> float:
    """Share of mirror-like highlights.

    The skin's surface mirrors the light without colouring it, so a highlight lifts the lowest channel most
    (dichromatic reflection, Shafer 1985). It must stand half way from the rest of the picture to white, which is far
    for skin of any tone.

    Args:
        lowest: smallest of the three channels, uint8 [height, width].
        value: largest of them, uint8 [height, width].

    Returns:
        Share of the pixels, [0, 1].
    """
    core = highlight_core(lowest, value)
    if not core.any():
        return 0.0
    kernel = np.ones((GLARE_OPENING, GLARE_OPENING), np.uint8)
    return float(cv2.countNonZero(cv2.morphologyEx(core, cv2.MORPH_OPEN, kernel))) / core.size


def highlight_core(lowest: Bytes, value: Bytes) -> Bytes:
    """Mark pixels that are as bright and colourless as a highlight; arguments as in `specular_share`.

    Returns:
        1 where a pixel is, uint8 [height, width]. Hair and flakes of scale are still among them.
    """
    skin = quantile(lowest, 0.8)
    least = min(max(GLARE_LEVEL, skin + GLARE_CONTRAST, skin + 0.5 * (255 - skin)), ALL_WHITE)
    # Compared as bytes: an integer reaches a bound when it reaches the next integer.
    core = (lowest >= np.uint8(math.ceil(least))) & (value <= cv2.LUT(lowest, _COLOURLESS))
    return np.asarray(core, np.uint8)


def unevenness_stops(log_luminance: Plane, value: Bytes, skin: npt.NDArray[np.bool_]) -> float:
    """How far a plane fitted to the luminance of skin falls across the picture, in stops.

    Ratios of light are ratios of luminance on skin of any tone, so the fit is in the logarithm. It has the least
    absolute residuals (iteratively reweighted least squares), so that a lesion in some of the cells tilts nothing.

    Args:
        log_luminance: log2 of linear luminance, float32 [height, width].
        value: largest channel, uint8 [height, width].
        skin: pixels that may be skin, bool [height, width].

    Returns:
        Sum of the falls along both axes, at least 0; 0 where less than `MIN_SKIN_CELLS` cells are mostly skin.
    """
    lit = skin & (value >= SHADOW_FLOOR * quantile(value, 0.95))
    weighed = cv2.merge([lit.astype(np.float32), np.where(lit, log_luminance, np.float32(0))])
    share, total = cv2.resize(weighed, (GRID, GRID), interpolation=cv2.INTER_AREA).reshape(-1, 2).T
    used = share > 0.5
    if np.count_nonzero(used) < MIN_SKIN_CELLS:
        return 0.0
    return _fall_of_plane(_ROWS_AND_COLUMNS[used], (total[used] / share[used]).astype(np.float64))


def _fall_of_plane(positions: npt.NDArray[np.float64], levels: npt.NDArray[np.float64]) -> float:
    """Sum of the absolute slopes of the plane with the least absolute residuals; [n, 2] and [n], n at least 3."""
    rows, columns = positions.T
    ones = np.ones(len(levels))
    products = np.array(
        [ones, rows, columns, levels, rows * rows, rows * columns, columns * columns, rows * levels, columns * levels]
    )
    weights = ones
    fall = 0.0
    for _ in range(_FIT_ROUNDS):
        # The normal equations of a weighted plane, about the weighted means, are two by two.
        one, row, column, level, *squares = (products @ weights).tolist()
        row, column, level = row / one, column / one, level / one
        rr, rc, cc = squares[0] / one - row * row, squares[1] / one - row * column, squares[2] / one - column * column
        rl, cl = squares[3] / one - row * level, squares[4] / one - column * level
        determinant = rr * cc - rc * rc
        if determinant < 1e-9:  # all cells in one line
            return fall
        down, right = (rl * cc - cl * rc) / determinant, (cl * rr - rl * rc) / determinant
        before, fall = fall, abs(down) + abs(right)
        if abs(fall - before) < _FIT_STEP:
            break
        residuals = levels - positions @ (down, right) - (level - down * row - right * column)
        weights = 1 / np.maximum(np.abs(residuals), 0.1)
    return fall


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


def sorted_channels(pixels: npt.NDArray[np.uint8]) -> tuple[Bytes, Bytes, Bytes]:
    """Smallest, middle and largest channel of each pixel, uint8 [height, width, 3] to three of [height, width]."""
    red, green, blue = cv2.split(pixels)
    lower, upper = np.minimum(red, green), np.maximum(red, green)
    return np.minimum(lower, blue), np.maximum(lower, np.minimum(upper, blue)), np.maximum(upper, blue)


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
