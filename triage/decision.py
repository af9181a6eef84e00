"""What a person is told about a photo: what may be named, how urgent it is, and why nothing is named.

The only place that decides this; Python, `classify`, its JSON, the app and the shared page show the result.
"""

from dataclasses import dataclass, fields, replace
from itertools import product
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from triage.model_card import URGENCIES, ModelCard
from triage.prediction_set import prediction_sets
from triage.skin_tone import UNKNOWN_TONE

REASONS = ("synthetic_model", "no_skin", "poor_light", "unfamiliar", "unsure")
"""Why the model gives no clear answer, strongest first: it was trained on synthetic images only, no skin was found, the
lighting is poor, the photo is unlike those it knows, or no class is likely enough."""
MIN_TESTED = 50
"""Test photos of a skin tone from which the model counts as checked on it."""


@dataclass(frozen=True)
class Decision:
    """The decision about one photo.

    Attributes:
        reason: one of `REASONS`; None for a clear answer.
        urgency: "urgent", "soon" or "watch"; None where nothing is named.
        abstained: no class is likely enough, whatever else is wrong.
        prediction_set: ids of the classes that hold the true one with the card's coverage, most likely first; empty
            where nothing may be named, and for a card without such sets.
        tone: bucket of the photo's skin tone.
        checked: the model was tested on at least `MIN_TESTED` photos of this tone.
        familiarity: fraction of validation photos that are less like the training photos than this one, in [0, 1];
            None for a file without this output.
    """

    reason: str | None
    urgency: str | None
    abstained: bool
    prediction_set: tuple[str, ...] = ()
    tone: str = UNKNOWN_TONE
    checked: bool = True
    familiarity: float | None = None

    @property
    def may_name(self) -> bool:
        """Whether classes may be named; for "unsure" they are the closest matches, none of them likely."""
        return self.reason in (None, "unsure")

    @property
    def one_of(self) -> tuple[str, ...]:
        """The prediction set where a clear answer names several classes; empty otherwise."""
        return self.prediction_set if self.reason is None and len(self.prediction_set) > 1 else ()


@dataclass(frozen=True)
class Facts:
    """What reason and urgency depend on besides the urgency of the most likely class.

    Attributes:
        synthetic_model: the model was trained on synthetic images only.
        synthetic_photo: see `decide`.
        has_skin: see `decide`.
        lighting_ok: see `decide`.
        ignore_light: see `decide`.
        unfamiliar: the photo is unlike those that the model knows.
        abstained: no class is likely enough.
        urgent: the urgent classes together reach the card's threshold.
        urgent_in_set: one of them is in the prediction set.
        checked: see `Decision`.
    """

    synthetic_model: bool
    synthetic_photo: bool
    has_skin: bool
    lighting_ok: bool
    ignore_light: bool
    unfamiliar: bool
    abstained: bool
    urgent: bool
    urgent_in_set: bool
    checked: bool


class DecisionTable(TypedDict):
    """All outcomes as data.

    Attributes:
        facts: names of `Facts`; the first changes slowest.
        leading: urgencies of the most likely class; these change fastest.
        outcomes: reason and urgency.
        states: number in `outcomes` of every combination, 2^facts x leading of them.
    """

    facts: list[str]
    leading: list[str]
    outcomes: list[tuple[str | None, str | None]]
    states: list[int]


def decide(
    probabilities: npt.NDArray[np.float64],
    card: ModelCard,
    *,
    lighting_ok: bool,
    has_skin: bool,
    tone: str = UNKNOWN_TONE,
    familiarity: float | None = None,
    ignore_light: bool = False,
    synthetic_photo: bool = False,
) -> Decision:
    """Decide what a person is told.

    Args:
        probabilities: [classes], after temperature scaling, in the card's order.
        card: of the model.
        lighting_ok: measured features and model both find the lighting good.
        has_skin: skin was found in the model's crop.
        tone: bucket of the photo's skin tone.
        familiarity: see `Decision`.
        ignore_light: the person asks for an answer although a better photo was advised.
        synthetic_photo: the photo comes from the demo, which a model of synthetic images may judge.
    """
    thresholds, urgencies = card["thresholds"], [entry["urgency"] for entry in card["classes"]]
    top = int(np.argmax(probabilities))
    urgent = sum(float(p) for p, urgency in zip(probabilities, urgencies, strict=True) if urgency == "urgent")
    chosen = _prediction_set(probabilities, card, tone)
    facts = Facts(
        synthetic_model=card["synthetic"],
        synthetic_photo=synthetic_photo,
        has_skin=has_skin,
        lighting_ok=lighting_ok,
        ignore_light=ignore_light,
        unfamiliar=_is_unfamiliar(card, familiarity),
        abstained=bool(probabilities[top] < thresholds["abstain_below"]),
        urgent="urgent" in urgencies and urgent >= thresholds["urgent"],
        urgent_in_set=any(urgencies[number] == "urgent" for number in chosen),
        checked=tested_photos(card, tone) >= MIN_TESTED,
    )
    reason, urgency = outcome(facts, urgencies[top])
    named = tuple(card["classes"][number]["id"] for number in chosen) if urgency else ()
    return Decision(reason, urgency, facts.abstained, named, tone, facts.checked, familiarity)


def outcome(facts: Facts, leading: str) -> tuple[str | None, str | None]:
    """Return reason and urgency of a `Decision`.

    Args:
        facts: about photo, predictions and model.
        leading: urgency of the most likely class.
    """
    if facts.synthetic_model and not facts.synthetic_photo:
        return "synthetic_model", None
    if not facts.has_skin:
        return "no_skin", None
    if not (facts.lighting_ok or facts.ignore_light):
        return "poor_light", None
    if facts.unfamiliar:
        return "unfamiliar", None
    # "watch" reassures: never when unsure, when an urgent class leads or is in the set, on a photo that should have
    # been better or of skin that the model was not checked on, or from a model that has never seen real skin.
    doubtful = facts.abstained or not facts.lighting_ok or facts.ignore_light or facts.synthetic_model
    doubtful = doubtful or not facts.checked or facts.urgent_in_set
    if facts.urgent:
        urgency = "urgent"
    elif leading == "urgent" or (doubtful and leading == "watch") or facts.abstained:
        urgency = "soon"
    else:
        urgency = leading
    return "unsure" if facts.abstained else None, urgency


def decision_table() -> DecisionTable:
    """Return every outcome as plain data, for places that cannot run this module."""
    names = tuple(field.name for field in fields(Facts))
    outcomes: list[tuple[str | None, str | None]] = []
    states = []
    for values in product((False, True), repeat=len(names)):
        for leading in URGENCIES:
            found = outcome(Facts(*values), leading)
            if found not in outcomes:
                outcomes.append(found)
            states.append(outcomes.index(found))
    return {"facts": list(names), "leading": list(URGENCIES), "outcomes": outcomes, "states": states}


def with_answers(decision: Decision, photo_alone: Decision, warned: bool) -> Decision:
    """Return a decision after answers, no less urgent than before them.

    Args:
        decision: about the probabilities with the answers.
        photo_alone: about those without them.
        warned: an answer is a reason to see a doctor whatever the photo shows: never "watch".
    """
    if decision.urgency is None or photo_alone.urgency is None:
        return decision
    told = [decision.urgency, photo_alone.urgency, *(["soon"] if warned else [])]
    return replace(decision, urgency=min(told, key=URGENCIES.index))


def tested_photos(card: ModelCard, tone: str) -> int:
    """Return how many test photos of a tone bucket stand behind a model; 0 where its card does not say."""
    tones = card.get("per_tone")
    part = tones.get(tone) if isinstance(tones, dict) else None
    count = part.get("n") if isinstance(part, dict) else None
    return count if isinstance(count, int) else 0


def _is_unfamiliar(card: ModelCard, familiarity: float | None) -> bool:
    return "familiarity" in card and familiarity is not None and familiarity < card["familiarity"]["refuse_below"]


def _prediction_set(probabilities: npt.NDArray[np.float64], card: ModelCard, tone: str) -> list[int]:
    """Return the numbers of the classes in the set, most likely first."""
    if "prediction_sets" not in card:
        return []
    inside = prediction_sets(probabilities, card["prediction_sets"], tone)
    return [int(number) for number in np.argsort(-probabilities, kind="stable") if inside[number]]
