"""Probabilities and thresholds for the card, fitted on the validation split."""

import numpy as np

SENSITIVITY = 0.9
"""Share of urgent cases of the validation split that the urgent threshold must catch."""
SMALLEST = 1e-12  # probability that still has a logarithm
_SEARCH = (0.25, 8.0)
_STEPS = 60


def fit_temperature(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the temperature that minimises the negative log likelihood (Guo et al. 2017).

    Args:
        truth: int [n].
        probabilities: float [n, classes].

    Returns:
        T in [0.25, 8], by golden-section search on log T; the likelihood has one minimum there.
    """

    def loss(log_temperature: float) -> float:
        scaled = temper(probabilities, float(np.exp(log_temperature)))
        return float(-np.mean(np.log(np.maximum(scaled[np.arange(len(truth)), truth], SMALLEST))))

    low, high = np.log(_SEARCH)
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(_STEPS):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return round(float(np.exp((low + high) / 2)), 4)


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Apply a temperature to each row of probabilities [n, classes], as the device does to one photo's."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), SMALLEST)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def urgent_threshold(truth_urgent: np.ndarray, score: np.ndarray, sensitivity: float = SENSITIVITY) -> float:
    """Return the largest threshold that still catches a share of the urgent cases.

    Args:
        truth_urgent: bool [n].
        score: float [n], summed probability of the urgent classes.
        sensitivity: share to catch.

    Returns:
        Threshold in [0, 1], compared with `>=`; 0.5 when there is no urgent case to fit it on.
    """
    positives = np.sort(score[truth_urgent])[::-1]
    if not len(positives):
        return 0.5
    # Rounded down, so that the case that sets it is still caught.
    return float(np.floor(positives[int(np.ceil(sensitivity * len(positives))) - 1] * 1e4) / 1e4)
