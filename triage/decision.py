"""What a person is told about a photo: what may be named, how urgent it is, and why nothing is named.

The only place that decides this; Python, `classify`, its JSON, the app and the shared page show the result.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triage.model_card import ModelCard

REASONS = ("synthetic_model", "no_skin", "poor_light", "unsure")
"""Why the model gives no clear answer, strongest first: it was trained on synthetic images only, no skin was found, the
lighting is poor, or no class is likely enough."""


@dataclass(frozen=True)
class Decision:
    """The decision about one photo.

    Attributes:
        reason: one of `REASONS`; None for a clear answer.
        urgency: "urgent", "soon" or "watch"; None where nothing is named.
        abstained: no class is likely enough, whatever else is wrong.
    """

    reason: str | None
    urgency: str | None
    abstained: bool

    @property
    def may_name(self) -> bool:
        """Whether classes may be named; for "unsure" they are the closest matches, none of them likely."""
        return self.reason in (None, "unsure")


def decide(
    probabilities: npt.NDArray[np.float64],
    card: ModelCard,
    *,
    lighting_ok: bool,
    has_skin: bool,
    ignore_light: bool = False,
    synthetic_photo: bool = False,
) -> Decision:
    """Decide what a person is told.

    Args:
        probabilities: [classes], after temperature scaling, in the card's order.
        card: of the model.
        lighting_ok: measured features and model both find the lighting good.
        has_skin: skin was found in the model's crop.
        ignore_light: the person asks for an answer although a better photo was advised.
        synthetic_photo: the photo comes from the demo, which a model of synthetic images may judge.
    """
    thresholds = card["thresholds"]
    top = int(np.argmax(probabilities))
    abstained = bool(probabilities[top] < thresholds["abstain_below"])
    if card["synthetic"] and not synthetic_photo:
        return Decision("synthetic_model", None, abstained)
    if not has_skin:
        return Decision("no_skin", None, abstained)
    if not lighting_ok and not ignore_light:
        return Decision("poor_light", None, abstained)
    urgencies = [entry["urgency"] for entry in card["classes"]]
    urgent = sum(float(p) for p, urgency in zip(probabilities, urgencies, strict=True) if urgency == "urgent")
    # "watch" reassures: never when unsure, when an urgent class leads, on a photo that should have been better, or from
    # a model that has never seen real skin.
    doubtful = abstained or not lighting_ok or ignore_light or card["synthetic"]
    if "urgent" in urgencies and urgent >= thresholds["urgent"]:
        urgency = "urgent"
    elif urgencies[top] == "urgent" or (doubtful and urgencies[top] == "watch") or abstained:
        urgency = "soon"
    else:
        urgency = urgencies[top]
    return Decision("unsure" if abstained else None, urgency, abstained)
