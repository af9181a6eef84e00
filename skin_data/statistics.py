"""Classification metrics in plain numpy, and bootstrap draws of whole groups."""

from collections.abc import Callable

import numpy as np

LEVEL = 0.95
_DRAWS_AT_ONCE = 128  # bounds memory: each draw holds a weight a row

Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""`statistic(weights [draws, m], rows [m])` gives one value a draw."""


def accuracy(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Return the fraction of equal labels of two int [n] arrays."""
    return float(np.mean(truth == predicted))


def recalls(truth: np.ndarray, predicted: np.ndarray, class_count: int) -> np.ndarray:
    """Return float64 [class_count], the recall of each class; NaN where the truth has none of it."""
    support = np.bincount(truth, minlength=class_count).astype(float)
    hits = np.bincount(truth[truth == predicted], minlength=class_count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(hits / support)


def balanced_accuracy(truth: np.ndarray, predicted: np.ndarray, class_count: int) -> float:
    """Return the mean recall over the classes that the truth contains."""
    return float(np.nanmean(recalls(truth, predicted, class_count)))


class GroupDraws:
    """Bootstrap draws of whole groups with replacement, as weights of their rows.

    Photos of one lesion or patient are not independent; drawing groups keeps intervals honest (Field and Welsh 2007,
    "Bootstrapping clustered data"). `groups` is [n], the group of each row.
    """

    def __init__(self, groups: np.ndarray, seed: int = 0, resamples: int = 1000):
        names, self._group_of = np.unique(groups, return_inverse=True)
        generator = np.random.default_rng(seed)
        count = len(names)
        drawn = (
            generator.multinomial(count, np.full(count, 1 / count), resamples) if count else np.zeros((resamples, 0))
        )
        # The first row is the data itself.
        self._drawn = np.concatenate([np.ones((1, count)), drawn])

    def group_count(self, rows: np.ndarray) -> int:
        """Return the number of groups among rows, int [m]."""
        return len(np.unique(self._group_of[rows]))

    def interval(self, statistic: Statistic, rows: np.ndarray, level: float = LEVEL) -> tuple[float, float, float]:
        """Return a statistic's value on rows, int [m], and the low and high end of its percentile interval.

        Draws for which it is NaN are left out of the interval; NaN three times where the value is NaN.
        """
        values = np.concatenate(
            [
                statistic(self._drawn[start : start + _DRAWS_AT_ONCE][:, self._group_of[rows]], rows)
                for start in range(0, len(self._drawn), _DRAWS_AT_ONCE)
            ]
        )
        if np.isnan(values[0]):
            return float("nan"), float("nan"), float("nan")
        tail = 100 * (1 - level) / 2
        low, high = np.nanpercentile(values[1:], [tail, 100 - tail])
        return float(values[0]), float(low), float(high)
