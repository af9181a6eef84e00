"""Quantiles of values on a grid, without sorting."""

import math

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.intp]


def counts_of(plane: Bytes) -> Counts:
    """Return the histogram of 8-bit values, intp [256]."""
    return cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel().astype(np.intp)


def quantile_of_counts(counts: Counts, fraction: float) -> int:
    """Return the smallest value that at least this fraction does not exceed, from the counts of 0, 1, 2, ..."""
    below = counts.cumsum()
    return int(below.searchsorted(math.ceil(fraction * int(below[-1]))))


def quantile(plane: Bytes, fraction: float) -> int:
    """Return the smallest 8-bit value that at least this fraction of the pixels do not exceed."""
    return quantile_of_counts(counts_of(plane), fraction)


def quantile_on_scale(values: npt.NDArray[np.floating], steps: int, fraction: float) -> float:
    """Return the quantile of floating-point values, to 1 / `steps`.

    Args:
        values: floating, any shape, at least one, within a range of some hundred units.
        steps: histogram bins per unit; values count at the centre of their bin.
        fraction: in (0, 1].
    """
    least = float(values.min())
    flat = values.flatten()
    # Bins rise with values, so the bin of the quantile is the quantile's bin.
    number = math.ceil(fraction * len(flat)) - 1
    flat.partition(number)
    place = int((flat[number] - np.float32(least)) * np.float32(steps))
    return least + (place + 0.5) / steps
