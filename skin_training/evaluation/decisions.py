"""What a person would be told about the photos of a split, by the one decision of `triage`."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from skin_training.evaluation.thresholds import ABSTAIN_BELOW
from triage.assessment import apply_temperature
from triage.decision import decide
from triage.model_card import CardClass, ModelCard
from triage.prediction_set import SetRule

if TYPE_CHECKING:
    from skin_data.taxonomy import SkinClass

DOCTOR = ("urgent", "soon")
"""Urgencies that send a person to a doctor; "watch" does not."""


def card_classes(classes: "Iterable[SkinClass]") -> list[CardClass]:
    """Return a card's `classes`: id, name and urgency of each, in the order of the model's outputs."""
    return [{"id": c.id, "name": c.name, "urgency": c.urgency} for c in classes]


def decision_card(
    classes: "Iterable[SkinClass]",
    synthetic: bool,
    temperature: float,
    urgent: float,
    sets: SetRule | None,
    tested: Mapping[str, int],
) -> ModelCard:
    """Return the part of a card that decisions depend on.

    Args:
        classes: of the taxonomy.
        synthetic: the model has seen synthetic images only.
        temperature: of the calibration.
        urgent: threshold on the summed probability of the urgent classes.
        sets: rule of the prediction sets; None where they are not fitted.
        tested: photos of each tone bucket that the model is measured on.
    """
    thresholds = {"urgent": urgent, "abstain_below": ABSTAIN_BELOW, "well_lit": 0.5}
    card = {"classes": card_classes(classes), "synthetic": synthetic, "temperature": temperature}
    per_tone = {tone: {"n": n} for tone, n in tested.items()}
    fitted = {} if sets is None else {"prediction_sets": sets}
    return cast("ModelCard", {**card, "thresholds": thresholds, **fitted, "per_tone": per_tone})


def sent_to_doctor(probabilities: np.ndarray, tones: np.ndarray, card: ModelCard) -> np.ndarray:
    """Return bool [n]: whether the decision on each photo sends the person to a doctor, today or within days.

    Light and framing count as good (where they are not, the app asks for another photo), and a photo comes from where
    the model may judge: one of synthetic images judges synthetic images.

    Args:
        probabilities: float [n, classes], before temperature scaling.
        tones: str [n], tone buckets.
        card: temperature, thresholds and classes of the model.
    """
    decisions = (
        decide(
            apply_temperature(row, card["temperature"]),
            card,
            lighting_ok=True,
            has_skin=True,
            tone=str(tone),
            synthetic_photo=True,
        )
        for row, tone in zip(probabilities, tones, strict=True)
    )
    return np.array([decision.urgency in DOCTOR for decision in decisions], bool)
