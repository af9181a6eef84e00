"""What a person is told about a photo: what may be named, how urgent it is, and why nothing is named.

The only place that decides this; Python, `classify`, its JSON, the app and the shared page show the result.
"""

from dataclasses import dataclass, replace

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
    thresholds = card["thresholds"]
    top = int(np.argmax(probabilities))
    abstained = bool(probabilities[top] < thresholds["abstain_below"])
    checked = tested_photos(card, tone) >= MIN_TESTED
    reason = _why_nothing(card, lighting_ok or ignore_light, has_skin, synthetic_photo)
    if reason is None and _is_unfamiliar(card, familiarity):
        reason = "unfamiliar"
    if reason:
        return Decision(reason, None, abstained, (), tone, checked, familiarity)
    urgencies = [entry["urgency"] for entry in card["classes"]]
    urgent = sum(float(p) for p, urgency in zip(probabilities, urgencies, strict=True) if urgency == "urgent")
    chosen = _prediction_set(probabilities, card, tone)
    # "watch" reassures: never when unsure, when an urgent class leads or is in the set, on a photo that should have
    # been better or of skin that the model was not checked on, or from a model that has never seen real skin.
    doubtful = abstained or not lighting_ok or ignore_light or card["synthetic"] or not checked
    doubtful = doubtful or any(urgencies[number] == "urgent" for number in chosen)
    if "urgent" in urgencies and urgent >= thresholds["urgent"]:
        urgency = "urgent"
    elif urgencies[top] == "urgent" or (doubtful and urgencies[top] == "watch") or abstained:
        urgency = "soon"
    else:
        urgency = urgencies[top]
    named = tuple(card["classes"][number]["id"] for number in chosen)
    return Decision("unsure" if abstained else None, urgency, abstained, named, tone, checked, familiarity)


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


def _why_nothing(card: ModelCard, light_accepted: bool, has_skin: bool, synthetic_photo: bool) -> str | None:
    if card["synthetic"] and not synthetic_photo:
        return "synthetic_model"
    if not has_skin:
        return "no_skin"
    return None if light_accepted else "poor_light"


def _is_unfamiliar(card: ModelCard, familiarity: float | None) -> bool:
    return "familiarity" in card and familiarity is not None and familiarity < card["familiarity"]["refuse_below"]


def _prediction_set(probabilities: npt.NDArray[np.float64], card: ModelCard, tone: str) -> list[int]:
    """Return the numbers of the classes in the set, most likely first."""
    if "prediction_sets" not in card:
        return []
    inside = prediction_sets(probabilities, card["prediction_sets"], tone)
    return [int(number) for number in np.argsort(-probabilities, kind="stable") if inside[number]]
