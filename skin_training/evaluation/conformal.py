"""Conformal prediction: sets of classes that contain the true one with a chosen probability."""

import numpy as np

from skin_training.evaluation.thresholds import COVERAGE
from skin_training.report_types import SetFit
from triage.prediction_set import ALL_TONES, UNLIKELY, SetRule, nonconformity

PENALTY, FREE_RANKS = 0.02, 3
"""Of `triage.prediction_set`: rarely more classes than the app shows, at little cost in size."""
MIN_OF_TONE = 100
"""Validation photos from which a skin tone has a quantile of its own: the coverage that n photos give has a standard
deviation of about 0.3 / sqrt(n) (Angelopoulos and Bates 2023, "Conformal Prediction: A Gentle Introduction")."""


def conformal_quantile(scores: np.ndarray, coverage: float, largest: float) -> float:
    """Return the limit on the nonconformity score of split conformal prediction.

    A new photo exchangeable with the n photos has a score up to it with at least the coverage, on average over their
    draw.

    Args:
        scores: float [n], of the true classes.
        coverage: in (0, 1).
        largest: the limit where there are too few photos: no score is larger.
    """
    rank = int(np.ceil((len(scores) + 1) * coverage))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else largest


def fit_sets(
    truth: np.ndarray, probabilities: np.ndarray, tones: np.ndarray, coverage: float = COVERAGE
) -> tuple[SetRule, SetFit]:
    """Fit prediction sets with a quantile for each skin tone.

    A tone with fewer than `MIN_OF_TONE` photos takes the larger of its own quantile, which is uncertain, and the one
    over all photos; with too few for the coverage, the latter.

    Args:
        truth: int [n].
        probabilities: float [n, classes], calibrated.
        tones: str [n], tone buckets.
        coverage: target fraction of sets that contain the true class, in (0, 1).

    Returns:
        The rule for the card, and the photos that it was fitted on.
    """
    classes = probabilities.shape[1]
    scores = nonconformity(probabilities, PENALTY, FREE_RANKS)[np.arange(len(truth)), truth]
    largest = 1.0 + PENALTY * classes + UNLIKELY
    pooled = conformal_quantile(scores, coverage, largest)
    quantiles, counts = {ALL_TONES: pooled}, {ALL_TONES: len(scores)}
    for tone in sorted(set(map(str, tones))):
        of_tone = scores[tones == tone]
        counts[tone] = len(of_tone)
        own = conformal_quantile(of_tone, coverage, pooled)
        quantiles[tone] = own if len(of_tone) >= MIN_OF_TONE else max(own, pooled)
    rule: SetRule = {"coverage": coverage, "penalty": PENALTY, "free_ranks": FREE_RANKS, "quantiles": quantiles}
    return rule, {"n": counts, "too_few": [tone for tone, n in counts.items() if tone != ALL_TONES and n < MIN_OF_TONE]}
