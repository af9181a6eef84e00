"""The threshold on the probability of an urgent class."""

import numpy as np

SENSITIVITY = 0.9
"""Target fraction of the validation split's urgent cases at or above the urgent threshold."""


def urgent_threshold(truth_urgent: np.ndarray, score: np.ndarray, sensitivity: float = SENSITIVITY) -> float:
    """Return the largest threshold, to four decimals, that reaches a sensitivity.

    Args:
        truth_urgent: bool [n].
        score: float [n], summed probability of the urgent classes.
        sensitivity: target fraction of urgent cases with at least the threshold's score.

    Returns:
        Threshold in [0, 1], compared with `>=`; 0.5 when there is no urgent case to fit it on.
    """
    positives = np.sort(score[truth_urgent])[::-1]
    if not len(positives):
        return 0.5
    # Rounded down, so that the case that sets the threshold stays above it.
    return float(np.floor(positives[int(np.ceil(sensitivity * len(positives))) - 1] * 1e4) / 1e4)
