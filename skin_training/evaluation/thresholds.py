"""Thresholds that are fitted on the validation split: for an urgent class, and of conformal prediction sets."""

import numpy as np

SENSITIVITY = 0.9
"""Target fraction of the validation split's urgent cases at or above the urgent threshold."""
ABSTAIN_BELOW = 0.4
"""Probability of the top class below which no diagnosis is named; not fitted."""
COVERAGE = 0.9
"""Target fraction of conformal sets that contain the true class."""

MIN_GROUPS = 50
"""Groups without which temperature and sets are not fitted: with 50, the temperature of a calibrated ten-class model
came out between 0.69 and 1.33 in 95 % of 200 draws (seed 0), with 20 between 0.57 and 1.49; sets for a coverage of 0.90
hold 0.81 to 0.97 (beta distribution)."""
MIN_URGENT_GROUPS = 20
"""The same for the urgent threshold: with 20, its sensitivity on new cases is 0.68 to 0.97 (beta distribution)."""
NEUTRAL_TEMPERATURE, NEUTRAL_URGENT, NEUTRAL_SET = 1.0, 0.5, 0.0
"""What holds where nothing is fitted: probabilities as they are, urgent from one half, every class in every set."""


def too_few(groups: int, needed: int, kind: str = "") -> str:
    """Return why nothing is fitted on so few groups, as `12 groups, 50 are needed`; empty where they are enough."""
    return "" if groups >= needed else f"{groups} {kind}groups, {needed} are needed"


def urgent_threshold(truth_urgent: np.ndarray, score: np.ndarray, sensitivity: float = SENSITIVITY) -> float:
    """Return the largest threshold, to four decimals, that reaches a sensitivity.

    Args:
        truth_urgent: bool [n].
        score: float [n], summed probability of the urgent classes.
        sensitivity: target fraction of urgent cases with at least the threshold's score.

    Returns:
        Threshold in [0, 1], compared with `>=`; `NEUTRAL_URGENT` when there is no urgent case to fit it on.
    """
    positives = np.sort(score[truth_urgent])[::-1]
    if not len(positives):
        return NEUTRAL_URGENT
    # Rounded down, so that the case that sets the threshold stays above it.
    return float(np.floor(positives[int(np.ceil(sensitivity * len(positives))) - 1] * 1e4) / 1e4)


def conformal_threshold(truth: np.ndarray, probabilities: np.ndarray, coverage: float = COVERAGE) -> float:
    """Return the smallest probability (`>=`) that a class needs to be in the set.

    Split conformal prediction with least ambiguous sets (LAC; Sadinle et al. 2019, "Least Ambiguous Set-Valued
    Classifiers With Bounded Error Levels"): the sets of photos exchangeable with those it was fitted on contain the
    true class with at least this probability, on average over all photos, not within each class or tone. Truth is int
    [n], probabilities float [n, classes]. With too few photos it is 0, which puts every class into every set.
    """
    n = len(truth)
    rank = int(np.ceil((n + 1) * coverage))
    if rank > n:
        return NEUTRAL_SET
    nonconformity = np.sort(1.0 - probabilities[np.arange(n), truth])
    return float(1.0 - nonconformity[rank - 1])
