"""The light of a photo as the model itself estimates it, for places that cannot measure it, such as a web page.

Estimates are less exact than measurements: each is first moved towards the good side of its limits by the card's
margin, which keeps false alarms rare.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from triage.lighting import FEATURE_NAMES, LightingFeatures, LightingVerdict, judge_lighting, rules_of

LIGHT_MEASURES = "light_measures"
"""Output [1, 14]: estimates of `triage.lighting.FEATURE_NAMES`, in this order. Files of earlier versions lack it."""

JUDGED = {rule.measure: rule.above for rule in rules_of()}
"""Measures that have a limit, and whether values above it are wrong."""


class CardLight(TypedDict):
    """The card's section `light`.

    Attributes:
        measures: names of the output's values.
        margins: how far each judged measure is moved towards the good side, in its own unit.
        rules: of `triage.lighting.rules_of`, as plain data.
        fitted_on: photos and false alarms behind the margins.
    """

    measures: list[str]
    margins: dict[str, float]
    rules: list[dict[str, Any]]
    fitted_on: dict[str, Any]


def with_margins(estimates: npt.ArrayLike, margins: Mapping[str, float]) -> LightingFeatures:
    """Return estimates [14] as features, moved towards the good side."""
    values = dict(zip(FEATURE_NAMES, np.ravel(estimates).astype(np.float64).tolist(), strict=True))
    for measure, margin in margins.items():
        values[measure] -= margin if JUDGED[measure] else -margin
    return LightingFeatures(**values)


def judge_estimates(estimates: npt.ArrayLike, light: CardLight) -> LightingVerdict:
    """Judge the output `light_measures` of one photo by the card's section `light`."""
    return judge_lighting(with_margins(estimates, light["margins"]))


def card_light(margins: Mapping[str, float], fitted_on: Mapping[str, Any]) -> CardLight:
    """Return the card's section for fitted margins."""
    return {
        "measures": list(FEATURE_NAMES),
        "margins": dict(margins),
        "rules": [asdict(rule) for rule in rules_of()],
        "fitted_on": dict(fitted_on),
    }
