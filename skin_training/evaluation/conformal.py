"""Prediction sets that hold the truth as often as promised."""

import numpy as np

COVERAGE = 0.9
METHOD = "LAC"


def conformal_threshold(truth: np.ndarray, probabilities: np.ndarray, coverage: float = COVERAGE) -> float:
    """Return the smallest probability that a class needs to be in the set.

    Split conformal prediction with least ambiguous sets (Sadinle et al. 2019, "Least Ambiguous Set-Valued
    Classifiers With Bounded Error Levels"): photos that come as those it was fitted on came (exchangeable ones) have
    their truth in the set with at least this probability, on average over all, not within each class or tone.

    Args:
        truth: int [n].
        probabilities: float [n, classes].
        coverage: share of sets that shall hold the truth.

    Returns:
        A probability in [0, 1]; 0, which puts every class into every set, where there are too few photos to promise it.
    """
    n = len(truth)
    rank = int(np.ceil((n + 1) * coverage))
    if rank > n:
        return 0.0
    strangeness = np.sort(1.0 - probabilities[np.arange(n), truth])
    return float(1.0 - strangeness[rank - 1])


def prediction_sets(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Return bool [n, classes]: the classes of each photo's set; it may be empty."""
    return probabilities >= threshold
