"""Classification metrics of weighted photos, for many sets of weights at once.

A bootstrap draw is a set of weights: how often each photo was drawn. Every function takes `weights` float64
[draws, n] and returns one value a draw, NaN where the metric is undefined. Weights of one give the plain metric.
"""

import numpy as np

CALIBRATION_BINS = 15  # as in Guo et al. 2017


def confusion(weights: np.ndarray, truth: np.ndarray, predicted: np.ndarray, class_count: int) -> np.ndarray:
    """Return float64 [draws, classes, classes]: weight of each pair of true (rows) and predicted class (columns)."""
    cells = np.zeros((len(truth), class_count * class_count))
    cells[np.arange(len(truth)), truth * class_count + predicted] = 1.0
    return (weights @ cells).reshape(len(weights), class_count, class_count)


def accuracy(table: np.ndarray) -> np.ndarray:
    """Return the fraction of correct predictions of `confusion` tables [draws, classes, classes]."""
    return _divide(np.trace(table, axis1=1, axis2=2), table.sum(axis=(1, 2)))


def recall(table: np.ndarray) -> np.ndarray:
    """Return [draws, classes]: the fraction of a class's photos that are predicted as it."""
    return _divide(_hits(table), table.sum(axis=2))


def precision(table: np.ndarray) -> np.ndarray:
    """Return [draws, classes]: the fraction of the photos predicted as a class that are of it."""
    return _divide(_hits(table), table.sum(axis=1))


def f1(table: np.ndarray) -> np.ndarray:
    """Return [draws, classes]: harmonic mean of precision and recall; NaN for a class neither true nor predicted."""
    return _divide(2 * _hits(table), table.sum(axis=2) + table.sum(axis=1))


def balanced_accuracy(table: np.ndarray) -> np.ndarray:
    """Return the mean recall over the classes that the truth contains."""
    return _mean_of_known(recall(table))


def macro_f1(table: np.ndarray) -> np.ndarray:
    """Return the mean F1 over the classes that occur in the truth or the predictions."""
    return _mean_of_known(f1(table))


def fraction(weights: np.ndarray, hit: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
    """Return the weighted mean of `hit` (bool or float [n]) over the photos where `among` (bool [n]) holds."""
    member = np.ones(len(hit)) if among is None else among.astype(float)
    return _divide(weights @ (hit * member), weights @ member)


def area_under_roc(weights: np.ndarray, positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the probability that a positive photo scores above a negative one, ties counting half."""
    positives, negatives = _by_score(weights, positive, score)
    below = np.cumsum(negatives, axis=1) - negatives
    won = (positives * (below + negatives / 2)).sum(axis=1)
    return _divide(won, positives.sum(axis=1) * negatives.sum(axis=1))


def average_precision(weights: np.ndarray, positive: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Return the sum over thresholds of precision times the recall gained there (no interpolation)."""
    positives, negatives = (part[:, ::-1] for part in _by_score(weights, positive, score))
    hits = np.cumsum(positives, axis=1)
    flagged = np.cumsum(positives + negatives, axis=1)
    precisions = np.divide(hits, flagged, out=np.zeros_like(hits), where=flagged > 0)
    return _divide((positives * precisions).sum(axis=1), hits[:, -1])


def expected_calibration_error(weights: np.ndarray, confidence: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """Return the ECE (Guo et al. 2017) over 15 bins of the top class's probability, which is `correct` (bool [n])."""
    gaps = np.zeros((len(confidence), CALIBRATION_BINS))
    gaps[np.arange(len(confidence)), confidence_bins(confidence)] = confidence - correct
    return _divide(np.abs(weights @ gaps).sum(axis=1), weights.sum(axis=1))


def confidence_bins(confidence: np.ndarray) -> np.ndarray:
    """Return int [n], the number of the bin of each confidence in [0, 1]."""
    return np.asarray(np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1))


def _hits(table: np.ndarray) -> np.ndarray:
    return np.diagonal(table, axis1=1, axis2=2)


def _by_score(weights: np.ndarray, positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of positives and of negatives at each distinct score, ascending: two [draws, scores]."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    sorted_weights, member = weights[:, order], positive[order].astype(float)
    return (
        np.add.reduceat(sorted_weights * member, starts, axis=1),
        np.add.reduceat(sorted_weights * (1 - member), starts, axis=1),
    )


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    undefined = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    return np.asarray(np.divide(numerator, denominator, out=undefined, where=denominator > 0))


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    return _divide(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1).astype(float))
