"""Conformal prediction sets, which contain the true class with a chosen probability."""

import numpy as np

COVERAGE = 0.9
METHOD = "LAC"


def conformal_threshold(truth: np.ndarray, probabilities: np.ndarray, coverage: float = COVERAGE) -> float:
    """Return the smallest probability that a class needs to be in the set.

    Split conformal prediction with least ambiguous sets (Sadinle et al. 2019, "Least Ambiguous Set-Valued
    Classifiers With Bounded Error Levels"): the sets of photos exchangeable with those it was fitted on contain the
    true class with at least this probability, on average over all photos, not within each class or tone.

    Args:
        truth: int [n].
        probabilities: float [n, classes].
        coverage: target fraction of sets that contain the true class.

    Returns:
        A probability in [0, 1]; 0, which puts every class into every set, where there are too few photos.
    """
    n = len(truth)
    rank = int(np.ceil((n + 1) * coverage))
    if rank > n:
        return 0.0
    nonconformity = np.sort(1.0 - probabilities[np.arange(n), truth])
    return float(1.0 - nonconformity[rank - 1])


def prediction_sets(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """Return bool [n, classes]: the classes of each photo's set, which may be empty."""
    return np.asarray(probabilities >= threshold)
