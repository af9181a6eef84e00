"""A figure with its interval, or the reason why there is none."""

from collections.abc import Callable
from typing import Any

import numpy as np

MIN_PHOTOS = 20
"""Photos. A slice with fewer gets no figure: its interval would span half the scale."""
MIN_GROUPS = 10
"""With fewer, draws of whole groups say too little of other groups: 95 % intervals hold the truth in 50 to 88 %."""
LEVEL = 0.95
_DRAWS_AT_ONCE = 128  # bounds memory: each draw holds a weight a photo

Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""`statistic(weights [draws, m], rows [m])` gives one value a draw."""


class GroupBootstrap:
    """Bootstrap draws of whole groups with replacement, as weights of their photos.

    Photos of one lesion or patient are not independent; drawing groups keeps the interval honest (Field and Welsh 2007,
    "Bootstrapping clustered data"). All figures share the draws.

    Args:
        groups: [n], the group of each photo.
        seed: of the draws.
        resamples: number of draws.
    """

    def __init__(self, groups: np.ndarray, seed: int, resamples: int):
        names, self._group_of = np.unique(groups, return_inverse=True)
        generator = np.random.default_rng(seed)
        count = len(names)
        drawn = (
            generator.multinomial(count, np.full(count, 1 / count), resamples) if count else np.zeros((resamples, 0))
        )
        # The first row is the data itself.
        self._drawn = np.concatenate([np.ones((1, count)), drawn])

    def metric(
        self, statistic: Statistic, rows: np.ndarray, rests_on: np.ndarray | None = None, level: float = LEVEL
    ) -> dict[str, Any]:
        """Return `{value, low, high, n}` with a percentile interval; without a value, null and `why`.

        Args:
            statistic: see `Statistic`; draws for which it is NaN are left out of the interval.
            rows: int [m], the photos it is about.
            rests_on: bool [m], those of them that it is a share of, which have to be enough; None is all.
            level: of the interval.
        """
        decisive = rows if rests_on is None else rows[rests_on]
        n, groups = len(decisive), len(np.unique(self._group_of[decisive]))
        if n < MIN_PHOTOS:
            return _without_value(n, "too few samples to tell")
        if groups < MIN_GROUPS:
            return _without_value(n, f"too few groups to tell: {groups}")
        values = np.concatenate(
            [
                statistic(self._drawn[start : start + _DRAWS_AT_ONCE][:, self._group_of[rows]], rows)
                for start in range(0, len(self._drawn), _DRAWS_AT_ONCE)
            ]
        )
        if np.isnan(values[0]):
            return _without_value(n, "undefined: one class only")
        tail = 100 * (1 - level) / 2
        low, high = np.nanpercentile(values[1:], [tail, 100 - tail])
        return {"value": float(values[0]), "low": float(low), "high": float(high), "n": n}


def minority_of(positive: np.ndarray) -> np.ndarray:
    """Return bool [m], the rarer side of bool [m]: what a figure of both sides rests on."""
    return positive if positive.sum() <= (~positive).sum() else ~positive


def without_interval(figure: dict[str, Any]) -> dict[str, Any]:
    """Return a figure with null bounds.

    For a calibration error: each draw of photos adds noise to its bins, which the absolute value turns into error, so
    that the draws lie above the value that they are to bound. `ece_if_calibrated` says what chance does to it.
    """
    return {**figure, "low": None, "high": None}


def _without_value(n: int, why: str) -> dict[str, Any]:
    return {"value": None, "low": None, "high": None, "n": n, "why": why}
