"""A figure with its interval, or the reason why there is none."""

from collections.abc import Callable
from typing import Any

import numpy as np

FEWEST_FOR_A_FIGURE = 20
"""Photos. A slice with fewer gets no figure: its interval would span half the scale."""
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

    def figure(self, statistic: Statistic, rows: np.ndarray, n: int | None = None) -> dict[str, Any]:
        """Return `{value, low, high, n}` with a 95 % percentile interval; without a value, null and `why`.

        Args:
            statistic: see `Statistic`; draws for which it is NaN are left out of the interval.
            rows: int [m], the photos it is about.
            n: the number of photos that decides whether they are enough; m if None.
        """
        n = len(rows) if n is None else n
        if n < FEWEST_FOR_A_FIGURE:
            return _without_value(n, "too few samples to tell")
        if len(np.unique(self._group_of[rows])) < 2:
            return _without_value(n, "all of one group: no spread to tell an interval from")
        values = np.concatenate(
            [
                statistic(self._drawn[start : start + _DRAWS_AT_ONCE][:, self._group_of[rows]], rows)
                for start in range(0, len(self._drawn), _DRAWS_AT_ONCE)
            ]
        )
        if np.isnan(values[0]):
            return _without_value(n, "undefined: one class only")
        tail = 100 * (1 - LEVEL) / 2
        low, high = np.nanpercentile(values[1:], [tail, 100 - tail])
        return {"value": float(values[0]), "low": float(low), "high": float(high), "n": n}


def _without_value(n: int, why: str) -> dict[str, Any]:
    return {"value": None, "low": None, "high": None, "n": n, "why": why}
