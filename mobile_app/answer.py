"""The answer for one photo, as ids and numbers; screens and shared pages look up the texts."""

from dataclasses import dataclass

from triage.assessment import Assessment, Triage
from triage.framing import NO_LAMP_BELOW, measure_framing, preview_reasons
from triage.photo import Photo, crop_box

PROBABILITY_WORDS = (
    (0.9, "very_likely"), (0.66, "likely"), (0.33, "possible"), (0.1, "unlikely"), (0.0, "very_unlikely"),
)  # fmt: skip
"""Lower bound of each word: the likelihood scale of the IPCC (Mastrandrea et al. 2010)."""
MAX_CLASSES = 3
WARNING_SIGNS = (
    "changing", "asymmetric", "uneven_border", "several_colours", "over_6_mm", "bleeding", "not_healing",
)  # fmt: skip
"""Reasons to see a doctor whatever the app says: the ABCDE of melanoma (Abbasi et al. 2004, JAMA), and sores that do
not heal, a sign of other skin cancers."""


@dataclass(frozen=True)
class RankedClass:
    """One class of the answer.

    Attributes:
        label: class id.
        name: display name from the model card.
        probability: calibrated, in [0, 1].
        word: id from `PROBABILITY_WORDS`.
    """

    label: str
    name: str
    probability: float
    word: str


@dataclass(frozen=True)
class Answer:
    """Everything the answer screen shows.

    Attributes:
        assessment: result of `triage`; None when there is an `error`.
        error: why there is no answer, in English; None when there is one.
        photo: the whole photo, uint8 [height, width, 3] in RGB; None if it could not be read.
        crop: left, top, width, height of the model's crop in pixels of `photo`.
        ignore_light: the person chose to use the photo although the app advised a better one.
        demo: the model was trained on synthetic images only.
        lighting_confirmed: measured features and model both find the lighting good.
        urgency: "urgent", "soon" or "watch".
        cannot_tell: no class is likely enough to be named, or the photo is unlike the training data.
        cannot_tell_why: "unsure", or "unlike_training" (no skin in the model's crop); None if it can tell.
        top: the most likely classes, most likely first.
        warning_signs: ids from `WARNING_SIGNS`.
    """

    assessment: Assessment | None
    error: str | None
    photo: Photo | None
    crop: tuple[int, int, int, int]
    ignore_light: bool
    demo: bool
    lighting_confirmed: bool = False
    urgency: str = "soon"
    cannot_tell: bool = False
    cannot_tell_why: str | None = None
    top: tuple[RankedClass, ...] = ()
    warning_signs: tuple[str, ...] = WARNING_SIGNS


def word_for(probability: float) -> str:
    """Return the id of the word for a calibrated probability in [0, 1]."""
    return next(word for lower, word in PROBABILITY_WORDS if probability >= lower)


def answer_for(triage: Triage, photo: Photo, ignore_light: bool = False) -> Answer:
    """Classify a decoded photo, uint8 [height, width, 3] in RGB.

    Raises:
        UnusableInput, UnreadablePhoto: wrong shape or dtype, or too small.
    """
    assessment = triage.assess(photo)
    crop_fraction = triage.card["input"]["crop_fraction"]
    # Model cards hold no statistics of the training data yet; that there is skin is all that can be checked.
    verdict, framing = assessment.lighting.verdict, measure_framing(photo, crop_fraction)
    # In a preview, very dark or bright light is reported before missing skin; an answer needs both.
    without_skin = framing.skin_by_lamp < NO_LAMP_BELOW
    unlike = without_skin or "no_skin" in preview_reasons(verdict, framing)
    cannot_tell = assessment.abstained or unlike
    # "watch" reassures: never say it when the model cannot tell or the photo should have been better.
    doubtful = cannot_tell or ignore_light or not assessment.lighting.ok
    height, width = photo.shape[:2]
    return Answer(
        assessment=assessment,
        error=None,
        photo=photo,
        crop=crop_box(width, height, crop_fraction),
        ignore_light=ignore_light,
        demo=triage.card.get("synthetic", False),
        lighting_confirmed=assessment.lighting.ok,
        urgency="soon" if doubtful and assessment.urgency == "watch" else assessment.urgency,
        cannot_tell=cannot_tell,
        cannot_tell_why=("unlike_training" if unlike else "unsure") if cannot_tell else None,
        top=tuple(
            RankedClass(d.label, d.name, d.probability, word_for(d.probability))
            for d in assessment.diagnosis[: 0 if unlike else MAX_CLASSES]
        ),
    )
