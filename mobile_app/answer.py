"""The answer for one photo, as ids and numbers; screens and shared pages look up the texts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from triage.assessment import Assessment, Triage, combine
from triage.case import MAX_PHOTOS
from triage.crop import Crop
from triage.model_card import ModelCard
from triage.photo import DecodedPhoto, Photo

PROBABILITY_WORDS = (
    (0.9, "very_likely"), (0.66, "likely"), (0.33, "possible"), (0.1, "unlikely"), (0.0, "very_unlikely"),
)  # fmt: skip
"""Lower bound of each word: the likelihood scale of the IPCC (Mastrandrea et al. 2010)."""
MAX_CLASSES = 3
MIN_PROBABILITY = 0.01
"""Less likely classes are not named."""
SIGNS_AT_ONCE = ("bleeding", "growing_fast")
WARNING_SIGNS = (
    "changing", "asymmetric", "uneven_border", "several_colours", "over_6_mm", "itching", "not_healing",
)  # fmt: skip
"""Reasons to see a doctor whatever the app says: the ABCDE of melanoma (Abbasi et al. 2004, JAMA), and sores that do
not heal, a sign of other skin cancers."""
DANGEROUS_WORDS = ((0.9, "very_likely"), (0.66, "likely"), (0.1, "possible"), (0.0, "unlikely"))
"""The same for urgent classes, which are never played down."""


@dataclass(frozen=True)
class RankedClass:
    """One class of the answer: id, display name, calibrated probability in [0, 1], and id of its word."""

    label: str
    name: str
    probability: float
    word: str


@dataclass(frozen=True)
class Answer:
    """Everything the answer screen shows.

    Attributes:
        assessment: result of `triage`, which decides what is told; None when there is an `error`.
        error: why there is no answer, in English; None when there is one.
        photo: the whole photo, uint8 [height, width, 3] in RGB; None if it could not be read.
        crop: left, top, width, height of the model's crop in pixels of `photo`.
        ignore_light: the person chose to use the photo although the app advised a better one.
        synthetic_photo: the photo comes from the demo.
        demo: the model was trained on synthetic images only.
        model_name: from the model card.
        top: the classes to name, most likely first: the prediction set where it holds several, else at most
            `MAX_CLASSES`; empty where nothing may be named.
        parts: the answers for each photo alone, where several of one spot are combined.
        earlier: what was answered about this spot before this photo.
    """

    assessment: Assessment | None
    error: str | None
    photo: Photo | None
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    ignore_light: bool = False
    synthetic_photo: bool = False
    demo: bool = False
    model_name: str = ""
    top: tuple[RankedClass, ...] = ()
    parts: tuple["Answer", ...] = ()
    earlier: "Answer | None" = None

    @property
    def given(self) -> Mapping[str, str | float]:
        """The person's answers by question."""
        return self.assessment.answers.given if self.assessment and self.assessment.answers else {}

    @property
    def takes_photo(self) -> bool:
        """Whether another photo of the spot may be added."""
        return self.urgency is not None and len(self.parts) < MAX_PHOTOS

    @property
    def reason(self) -> str | None:
        """Why there is no clear answer, one of `triage.decision.REASONS`."""
        return self.assessment.decision.reason if self.assessment else None

    @property
    def urgency(self) -> str | None:
        """One of "urgent", "soon" and "watch"; None where nothing is named."""
        return self.assessment.decision.urgency if self.assessment else None

    @property
    def one_of(self) -> tuple[str, ...]:
        """The classes that a clear answer cannot tell apart (`triage.decision.Decision.one_of`)."""
        return self.assessment.decision.one_of if self.assessment else ()

    @property
    def rows(self) -> tuple[RankedClass, ...]:
        """Those of `top` that are told with their probability."""
        return tuple(entry for entry in self.top[:MAX_CLASSES] if entry.probability >= MIN_PROBABILITY)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was doubtful about the photo's file, in English."""
        return self.assessment.warnings if self.assessment else ()

    @property
    def unchecked(self) -> bool:
        """Whether classes are named for skin that the model was not checked on."""
        return self.urgency is not None and not (self.assessment and self.assessment.decision.checked)

    @property
    def lighting_ok(self) -> bool:
        """Whether measured features and model both find the lighting good."""
        return self.assessment is not None and self.assessment.lighting.ok


def word_for(probability: float, urgency: str) -> str:
    """Return the id of the word for a calibrated probability in [0, 1] of a class with this urgency."""
    words = DANGEROUS_WORDS if urgency == "urgent" else PROBABILITY_WORDS
    return next(word for lower, word in words if probability >= lower)


def answer_for(
    triage: Triage, photo: DecodedPhoto, ignore_light: bool = False, synthetic_photo: bool = False
) -> Answer:
    """Classify a decoded photo.

    Raises:
        UnusableInput, UnreadablePhoto: wrong shape or dtype, or too small.
    """
    assessment, (height, width) = triage.assess(photo, ignore_light, synthetic_photo), photo.pixels.shape[:2]
    answer = Answer(
        assessment,
        None,
        photo.pixels,
        Crop.recorded(triage.card["input"]).box(width, height),
        ignore_light,
        synthetic_photo,
        triage.card["synthetic"],
        triage.card["name"],
    )
    return _told(answer, assessment)


def answer_again(answer: Answer, card: ModelCard, given: Mapping[str, object]) -> Answer:
    """Return the answer for the same photos with a person's answers to the card's questions."""
    return _combined(answer.parts or (answer,), card, given)


def answer_together(earlier: Answer, later: Answer, card: ModelCard) -> Answer:
    """Return the answer for one more photo of the spot, with the answers that were given before."""
    return _combined((*(earlier.parts or (earlier,)), later), card, earlier.given)


def _combined(parts: tuple[Answer, ...], card: ModelCard, given: Mapping[str, object]) -> Answer:
    alone = [photo for part in parts if part.assessment for photo in (part.assessment.photos or (part.assessment,))]
    ignore_light, synthetic = (
        any(flags) for flags in zip(*((p.ignore_light, p.synthetic_photo) for p in parts), strict=True)
    )
    assessment = combine(alone, card, given or None, ignore_light, synthetic)
    # The photo that counts most is shown.
    main = next(part for part in parts if part.assessment and part.assessment.lighting is assessment.lighting)
    told = replace(main, parts=parts, ignore_light=ignore_light, synthetic_photo=synthetic, earlier=None)
    return _told(told, assessment)


def _told(answer: Answer, assessment: Assessment) -> Answer:
    one_of = assessment.decision.one_of
    top = tuple(
        RankedClass(d.label, d.name, d.probability, word_for(d.probability, d.urgency))
        for d in assessment.diagnosis[: len(one_of) or MAX_CLASSES]
        if one_of or d.probability >= MIN_PROBABILITY
    )
    return replace(answer, assessment=assessment, top=top)
