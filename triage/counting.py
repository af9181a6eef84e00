"""Quantiles by counting: of numbers that take few values, they cost a fraction of what sorting would."""

import math

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.intp]


def counts_of(plane: Bytes) -> Counts:
    """Count how often each 8-bit value occurs; uint8 of any shape to intp [256]."""
    return cv2.calcHist([plane], [0], None, [256], [0, 256]).ravel().astype(np.intp)


def quantile_of_counts(counts: Counts, share: float) -> int:
    """Smallest value that at least `share` of what was counted does not exceed; counts are those of 0, 1, 2 ..."""
    below = counts.cumsum()
    return int(below.searchsorted(math.ceil(share * int(below[-1]))))


def quantile(plane: Bytes, share: float) -> int:
    """Smallest 8-bit value that at least `share` of the pixels do not exceed."""
    return quantile_of_counts(counts_of(plane), share)


def quantile_on_scale(values: npt.NDArray[np.floating], steps: int, share: float) -> float:
    """Smallest of some numbers that at least `share` of them do not exceed, to a fraction of a unit.

    Args:
        values: floating, any shape, at least one; they lie within some hundred units of each other.
        steps: in which a unit is counted; values count in the middle of their step.
        share: in (0, 1].
    """
    least = float(values.min())
    places = np.asarray((values.ravel() - np.float32(least)) * np.float32(steps), np.intp)
    return least + (quantile_of_counts(np.bincount(places), share) + 0.5) / steps
