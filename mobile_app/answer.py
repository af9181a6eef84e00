"""The answer for one photo as ids and numbers; the words come from the texts of the screen."""

from dataclasses import dataclass

from triage.assessment import Assessment, Triage
from triage.framing import NO_SKIN_BELOW, measure_framing, preview_reasons
from triage.photo import Photo, crop_box

WORDS = ((0.9, "very_likely"), (0.66, "likely"), (0.33, "possible"), (0.1, "unlikely"), (0.0, "very_unlikely"))
"""From which probability a word holds: the likelihood scale of the IPCC (Mastrandrea et al. 2010)."""
TOP = 3
WARNING_SIGNS = (
    "changing", "asymmetric", "uneven_border", "several_colours", "over_6_mm", "bleeding", "not_healing",
)  # fmt: skip
"""What should send a person to a doctor whatever this app says: the ABCDE of melanoma (Abbasi et al. 2004, JAMA) and
the sores that do not heal of other skin cancers."""


@dataclass(frozen=True)
class Likeness:
    """One class of the answer.

    Attributes:
        label: class id.
        name: what a person calls it, from the model's card.
        probability: after the card's temperature, [0, 1].
        word: id out of `WORDS`.
    """

    label: str
    name: str
    probability: float
    word: str


@dataclass(frozen=True)
class Answer:
    """Everything that the answer's screen shows.

    Attributes:
        assessment: what `triage` says; None when there is an `error`.
        error: why there is no answer, in English; None when there is one.
        photo: the whole photo, uint8 [height, width, 3] in RGB; None when it could not be read.
        crop: left, top, width, height of what the model saw, pixels of `photo`.
        despite_light: the person chose to use the photo in spite of the light.
        demo: the model knows nothing but synthetic pictures.
        lighting_confirmed: measured features and the model both find the light good.
        urgency: "urgent", "soon" or "watch".
        cannot_tell: nothing is likely enough to be named, or the photo is unlike the training data.
        cannot_tell_why: "unsure", or "unlike_training": no skin is in what the model saw; None when it can tell.
        top: the most likely classes, most likely first.
        warning_signs: ids out of `WARNING_SIGNS`.
    """

    assessment: Assessment | None
    error: str | None
    photo: Photo | None
    crop: tuple[int, int, int, int]
    despite_light: bool
    demo: bool
    lighting_confirmed: bool = False
    urgency: str = "soon"
    cannot_tell: bool = False
    cannot_tell_why: str | None = None
    top: tuple[Likeness, ...] = ()
    warning_signs: tuple[str, ...] = WARNING_SIGNS


def word_for(probability: float) -> str:
    """Id of the word for a calibrated probability in [0, 1]."""
    return next(word for least, word in WORDS if probability >= least)


def answer_for(triage: Triage, photo: Photo, despite_light: bool = False) -> Answer:
    """Ask the model about a decoded photo, uint8 [height, width, 3] in RGB.

    Raises:
        UnusableInput, UnreadablePhoto: pixels of another shape or type, or too few.
    """
    assessment = triage.assess(photo)
    crop_fraction = triage.card["input"]["crop_fraction"]
    # Until a model's card says what its training data look like, skin is the one thing known of all of them.
    verdict, framing = assessment.lighting.verdict, measure_framing(photo, crop_fraction)
    # In a preview too little and too much light come before that there is no skin; an answer has to know.
    without_skin = framing.skin_by_lamp < NO_SKIN_BELOW
    unlike = without_skin or "no_skin" in preview_reasons(verdict, framing)
    cannot_tell = assessment.abstained or unlike
    # "watch" reassures, which nothing may that cannot tell, or that rests on a picture which should have been better.
    doubtful = cannot_tell or despite_light or not assessment.lighting.ok
    urgency = "soon" if doubtful and assessment.urgency == "watch" else assessment.urgency
    height, width = photo.shape[:2]
    return Answer(
        assessment=assessment,
        error=None,
        photo=photo,
        crop=crop_box(width, height, crop_fraction),
        despite_light=despite_light,
        demo=bool(triage.card.get("synthetic")),
        lighting_confirmed=assessment.lighting.ok,
        urgency=urgency,
        cannot_tell=cannot_tell,
        cannot_tell_why=("unlike_training" if unlike else "unsure") if cannot_tell else None,
        top=tuple(
            Likeness(d.label, d.name, d.probability, word_for(d.probability))
            for d in assessment.diagnosis[: 0 if unlike else TOP]
        ),
    )
