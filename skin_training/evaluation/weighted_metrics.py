"""Classification metrics of weighted photos, for many sets of weights at once.

A bootstrap draw is a set of weights: how often each photo was drawn. Every function takes `weights` float64
[draws, n], and gives one value a draw; NaN where a figure is undefined. Weights of one give the plain figure.
"""

import numpy as np

CALIBRATION_BINS = 15  # as in Guo et al. 2017


def confusion(weights: np.ndarray, truth: np.ndarray, answer: np.ndarray, class_count: int) -> np.ndarray:
    """Return float64 [draws, classes, classes]: weight of each pair of truth (rows) and answer (columns)."""
    cells = np.zeros((len(truth), class_count * class_count))
    cells[np.arange(len(truth)), truth * class_count + answer] = 1.0
    return (weights @ cells).reshape(len(weights), class_count, class_count)


def accuracy(table: np.ndarray) -> np.ndarray:
    """Return the share of equal labels of `confusion` tables [draws, classes, classes]."""
    return _divide(np.trace(table, axis1=1, axis2=2), table.sum(axis=(1, 2)))


def recall(table: np.ndarray) -> np.ndarray:
    """Return [draws, classes]: of the photos of a class, the share named as it."""
    return _divide(_hits(table), table.sum(axis=2))


def precision(table: np.ndarray) -> np.ndarray:
    """Return [draws, classes]: of the photos named as a class, the share that belong to it."""
    return _divide(_hits(table), table.sum(axis=1))


def f1(table: np.ndarray) -> np.ndarray:
    """Return [draws, classes]: harmonic mean of precision and recall; NaN for a class neither present nor named."""
    return _divide(2 * _hits(table), table.sum(axis=2) + table.sum(axis=1))


def balanced_accuracy(table: np.ndarray) -> np.ndarray:
    """Return the mean recall over the classes that the truth contains."""
    return _mean_of_known(recall(table))


def macro_f1(table: np.ndarray) -> np.ndarray:
    """Return the mean F1 over the classes that occur in the truth or the answers."""
    return _mean_of_known(f1(table))


def fraction(weights: np.ndarray, hit: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    """Return the weighted share of `hit` (bool or float [n]) among the photos where `among` (bool [n]) holds."""
    member = np.ones(len(hit)) if among is None else among.astype(float)
    return _divide(weights @ (hit * member), weights @ member)


def area_under_roc(weights: np.ndarray, positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the probability that a positive photo scores above a negative one, ties counting half."""
    of_positive, of_negative = _by_score(weights, positive, score)
    below = np.cumsum(of_negative, axis=1) - of_negative
    won = (of_positive * (below + of_negative / 2)).sum(axis=1)
    return _divide(won, of_positive.sum(axis=1) * of_negative.sum(axis=1))


def average_precision(weights: np.ndarray, positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the sum over thresholds of precision times the recall gained there (no interpolation)."""
    of_positive, of_negative = (part[:, ::-1] for part in _by_score(weights, positive, score))
    hits = np.cumsum(of_positive, axis=1)
    named = np.cumsum(of_positive + of_negative, axis=1)
    precisions = np.divide(hits, named, out=np.zeros_like(hits), where=named > 0)
    return _divide((of_positive * precisions).sum(axis=1), hits[:, -1])


def expected_calibration_error(weights: np.ndarray, confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the ECE of the top answer over 15 equal bins of confidence (Guo et al. 2017).

    Args:
        weights: float64 [draws, n].
        confidence: float [n], probability of the top answer.
        right: bool [n], whether it is the truth.
    """
    gaps = np.zeros((len(confidence), CALIBRATION_BINS))
    gaps[np.arange(len(confidence)), confidence_bins(confidence)] = confidence - right
    return _divide(np.abs(weights @ gaps).sum(axis=1), weights.sum(axis=1))


def confidence_bins(confidence: np.ndarray) -> np.ndarray:
    """Return int [n], the number of the bin of each confidence in [0, 1]."""
    return np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)


def _hits(table: np.ndarray) -> np.ndarray:
    return np.diagonal(table, axis1=1, axis2=2)


def _by_score(weights: np.ndarray, positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight of positives and of negatives at each different score, ascending: two [draws, scores]."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    sorted_weights, member = weights[:, order], positive[order].astype(float)
    return (
        np.add.reduceat(sorted_weights * member, starts, axis=1),
        np.add.reduceat(sorted_weights * (1 - member), starts, axis=1),
    )


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below > 0)


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    return _divide(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1).astype(float))
