"""Why the light of a photo is poor, by the model's own estimates: for places that cannot measure it, such as a page.

Whether it is poor, the output `lighting` says. The reason is read from the estimated measures by a linear rule on the
card, fitted on photos relit in known ways. The limits of `triage.lighting` do not hold for estimates: models learn them
from photos that are mostly well lit, and far from those they are too small (docs/lighting.md).
"""

from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from triage.answers import normalised
from triage.lighting import FEATURE_NAMES, REASONS

LIGHT_MEASURES = "light_measures"
"""Output [1, 14]: estimates of `triage.lighting.FEATURE_NAMES`, in this order. Files of earlier versions lack it."""
NAMED_FROM = 0.5
"""Probability from which a reason is named: it is likelier than all others together."""


class CardLight(TypedDict):
    """The card's section `light`; cards of earlier versions have no `reasons` in it.

    Attributes:
        measures: names of the output's values.
        reasons: ids out of `triage.lighting.REASONS`; empty where too few photos were there to fit the rule.
        weights: [reasons, 14], and
        bias: [reasons] of the linear rule; the softmax of its values are the reasons' probabilities in poor light.
        fitted_on: method, split and number of photos.
    """

    measures: list[str]
    reasons: list[str]
    weights: list[list[float]]
    bias: list[float]
    fitted_on: dict[str, Any]


def likely_reason(estimates: npt.ArrayLike, light: CardLight | None) -> str | None:
    """Return why the light of a photo is poor, given that it is; None where no reason is likely enough.

    Args:
        estimates: [14] or [1, 14], the output `light_measures`.
        light: the card's section.
    """
    if not light or not light.get("reasons"):
        return None
    values = np.array(light["weights"]) @ np.ravel(estimates).astype(np.float64) + np.array(light["bias"])
    probabilities = normalised(values)
    top = int(np.argmax(probabilities))
    return light["reasons"][top] if probabilities[top] >= NAMED_FROM else None


def problem_of_light(light: object) -> str | None:
    """Return why a card's section `light` cannot be used, or None."""
    if not isinstance(light, dict):
        return "light must be an object"
    reasons = light.get("reasons", [])
    if not isinstance(reasons, list) or not set(reasons) <= set(REASONS):
        return f"light needs reasons out of {', '.join(REASONS)}"
    if not reasons:
        return None
    try:
        weights, bias = (np.array(light.get(name), np.float64) for name in ("weights", "bias"))
    except (TypeError, ValueError):
        weights = bias = np.empty(0)
    shapes = (len(reasons), len(FEATURE_NAMES)), (len(reasons),)
    if (weights.shape, bias.shape) != shapes or not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        return f"light needs a bias and {len(FEATURE_NAMES)} weights of each reason, all numbers"
    return None
