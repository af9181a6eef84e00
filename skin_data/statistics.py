"""Classification metrics in plain numpy, quick enough to be resampled, and intervals by bootstrap over groups."""

from collections.abc import Callable

import numpy as np


def accuracy(truth: np.ndarray, answer: np.ndarray) -> float:
    """Return the share of equal labels of two int [n] arrays."""
    return float(np.mean(truth == answer))


def recalls(truth: np.ndarray, answer: np.ndarray, class_count: int) -> np.ndarray:
    """Return float64 [class_count], the recall of each class; NaN where the truth has none of it."""
    support = np.bincount(truth, minlength=class_count).astype(float)
    hits = np.bincount(truth[truth == answer], minlength=class_count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return hits / support


def balanced_accuracy(truth: np.ndarray, answer: np.ndarray, class_count: int) -> float:
    """Return the mean recall over the classes that the truth contains."""
    return float(np.nanmean(recalls(truth, answer, class_count)))


def grouped_bootstrap(
    statistic: Callable[[np.ndarray], float],
    groups: np.ndarray,
    seed: int = 0,
    resamples: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return a percentile interval of a statistic, drawing whole groups with replacement.

    Photos of one lesion or patient are not independent; resampling groups keeps the interval honest (Field and Welsh
    2007, "Bootstrapping clustered data").

    Args:
        statistic: maps row numbers int [m] to a value; NaN draws are left out.
        groups: [n], the group of each row.
        seed: of the draws.
        resamples: number of draws.
        level: of the interval.

    Returns:
        (low, high); NaN twice when no draw gave a value.
    """
    _, codes = np.unique(groups, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(resamples):
        drawn = generator.integers(0, len(sizes), len(sizes))
        lengths = sizes[drawn]
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        values.append(statistic(order[np.repeat(starts[drawn], lengths) + offsets]))
    known = np.array([v for v in values if not np.isnan(v)])
    if not len(known):
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)
