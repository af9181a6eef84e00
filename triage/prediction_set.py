"""Prediction sets: the classes that together hold the true one with the probability that the card names.

Regularised adaptive prediction sets (RAPS, Angelopoulos et al. 2021, "Uncertainty Sets for Image Classifiers using
Conformal Prediction"; APS, Romano et al. 2020) with a quantile for each skin tone (Mondrian, Vovk et al. 2005), so that
the probability holds for every tone and not only on average.
"""

import math
from collections.abc import Mapping
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

LEAST_PROBABILITY, UNLIKELY = 0.01, 10.0
"""Classes below the first, unless they lead, score the second more, so that sets seldom hold what nobody is shown."""
ALL_TONES = "all"
"""Key of the quantile over all photos."""


class SetRule(TypedDict):
    """How sets are made, from validation photos.

    Attributes:
        coverage: probability in (0, 1) that a set contains the true class.
        penalty: added to the score for each rank beyond `free_ranks`.
        free_ranks: number of ranks without a penalty.
        quantiles: largest score of a class in the set, by tone bucket; `ALL_TONES` serves tones without their own.
    """

    coverage: float
    penalty: float
    free_ranks: int
    quantiles: dict[str, float]


def nonconformity(probabilities: npt.ArrayLike, penalty: float, free_ranks: int) -> npt.NDArray[np.float64]:
    """Return the score of each class: the probability of all classes at least as likely, plus the penalty of its rank.

    Any score keeps the coverage, because the quantile is fitted on it; so unlikely classes come last, and the likeliest
    one, which is in every set, has 0. Counted as missed where it is likelier than the quantile, it makes sets larger.

    Args:
        probabilities: [..., classes]; of equal ones the first class ranks first.
        penalty: see `SetRule`.
        free_ranks: see `SetRule`.

    Returns:
        float64 [..., classes].
    """
    values = np.asarray(probabilities, np.float64)
    order = np.argsort(-values, axis=-1, kind="stable")
    scores = np.cumsum(np.take_along_axis(values, order, -1), axis=-1)
    scores += penalty * np.maximum(np.arange(1, values.shape[-1] + 1) - free_ranks, 0)
    scores[..., 1:] += UNLIKELY * (np.take_along_axis(values, order, -1)[..., 1:] < LEAST_PROBABILITY)
    scores[..., 0] = 0
    found = np.empty_like(scores)
    np.put_along_axis(found, order, scores, -1)
    return found


def prediction_sets(
    probabilities: npt.ArrayLike, rule: SetRule, tones: npt.NDArray[np.str_] | str
) -> npt.NDArray[np.bool_]:
    """Return which classes are in each photo's set; the most likely class always is.

    Args:
        probabilities: [..., classes], after temperature scaling.
        rule: from the card.
        tones: [...], the photos' tone buckets, or one for all.
    """
    values = np.asarray(probabilities, np.float64)
    quantiles, fallback = rule["quantiles"], rule["quantiles"][ALL_TONES]
    limits = np.array([quantiles.get(str(tone), fallback) for tone in np.ravel(tones)]).reshape(*np.shape(tones), 1)
    inside = nonconformity(values, rule["penalty"], rule["free_ranks"]) <= limits
    np.put_along_axis(inside, values.argmax(axis=-1)[..., np.newaxis], True, -1)
    return inside


def problem_of_rule(rule: object) -> str | None:
    """Return why a card's rule cannot be used, or None."""
    if not isinstance(rule, Mapping):
        return "prediction_sets must be an object"
    found: Mapping[str, Any] = rule
    coverage, penalty, free_ranks = (found.get(key, -1) for key in ("coverage", "penalty", "free_ranks"))
    quantiles = found.get("quantiles")
    numbers = all(map(_is_number, (coverage, penalty, free_ranks)))
    if not numbers or not 0 < coverage < 1 or penalty < 0 or free_ranks < 0:
        return "prediction_sets need a coverage between 0 and 1, and a penalty and free_ranks of at least 0"
    if not isinstance(quantiles, Mapping) or ALL_TONES not in quantiles or not all(map(_is_number, quantiles.values())):
        return f"prediction_sets need quantiles that are numbers, one of them named {ALL_TONES!r}"
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
