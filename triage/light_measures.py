"""Single measures of the light in a picture, each free of the picture's size, and of skin tone as far as can be."""

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

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
    skin = quantile(lowest, 0.8)
    core = lowest >= min(max(GLARE_LEVEL, skin + GLARE_CONTRAST, skin + 0.5 * (255 - skin)), ALL_WHITE)
    if not core.any():
        return 0.0
    highlight = (core & (4 * lowest.astype(np.int16) >= 3 * value.astype(np.int16))).astype(np.uint8)
    kernel = np.ones((GLARE_OPENING, GLARE_OPENING), np.uint8)
    return float(cv2.morphologyEx(highlight, cv2.MORPH_OPEN, kernel).mean())


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
    share = cv2.resize(lit.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    total = cv2.resize(np.where(lit, log_luminance, np.float32(0)), (GRID, GRID), interpolation=cv2.INTER_AREA)
    used = share > 0.5
    if used.sum() < MIN_SKIN_CELLS:
        return 0.0
    levels = (total[used] / share[used]).astype(np.float64)
    rows, columns = np.nonzero(used)
    design = np.column_stack([np.ones(len(levels)), rows / GRID, columns / GRID])
    weights = np.ones(len(levels))
    slopes = np.zeros(3)
    for _ in range(6):
        weighted = design * weights[:, np.newaxis]
        slopes = np.linalg.solve(weighted.T @ design, weighted.T @ levels)
        weights = 1 / np.maximum(np.abs(levels - design @ slopes), 0.1)
    return float(np.abs(slopes[1]) + np.abs(slopes[2]))


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
    fine = plane.astype(np.float32)
    narrow, wide = (_curvature(np.asarray(cv2.GaussianBlur(fine, (0, 0), s), np.float32)) for s in SHARPNESS_SCALES)
    return float(np.min(narrow / wide)) if wide.min() > LEAST_DETAIL else NO_DETAIL


def half_size(plane: Bytes) -> Bytes:
    """Average 2 x 2 pixels, uint8 [height, width] to [height / 2, width / 2], rounded down but at least 1."""
    height, width = plane.shape
    shape = (max(1, width // 2), max(1, height // 2))
    return np.asarray(cv2.resize(plane, shape, interpolation=cv2.INTER_AREA), np.uint8)


def noise_level(plane: Bytes) -> float:
    """Robust standard deviation of what a 3 x 3 median filter takes away, relative to full scale, [0, 1]."""
    residual = np.asarray(cv2.absdiff(plane, cv2.medianBlur(plane, 3)), np.uint8)
    return 1.4826 * quantile(residual, 0.5) / 255


def quantile(plane: Bytes, share: float) -> float:
    """Smallest 8-bit value that at least `share` of the pixels do not exceed, by counting."""
    counts = np.cumsum(np.bincount(plane.ravel(), minlength=256))
    return float(np.searchsorted(counts, share * counts[-1]))


def _curvature(plane: Plane) -> Plane:
    """Root mean square of the second difference along rows, columns and both diagonals, float32 [4]."""
    middle = 2 * plane[1:-1, 1:-1]
    pairs = (
        (plane[1:-1, 2:], plane[1:-1, :-2]),
        (plane[2:, 1:-1], plane[:-2, 1:-1]),
        (plane[2:, 2:], plane[:-2, :-2]),
        (plane[2:, :-2], plane[:-2, 2:]),
    )
    curvatures = (one - middle + other for one, other in pairs)
    # The mean of a second difference is as good as zero.
    return np.array([np.sqrt(np.vdot(c, c) / c.size) for c in curvatures], np.float32)
