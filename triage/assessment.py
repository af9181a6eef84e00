"""Assessment of a photo, or of several of one spot: lighting, then classes, then what to do."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triage.answers import AnswerEffects, Answers, check_answers, normalised
from triage.case import combined, weight
from triage.crop import CROPS, WHOLE, Crop, View
from triage.decision import Decision, decide
from triage.errors import UnusableInput
from triage.framing import has_skin, measure_framing
from triage.interpreter import Interpreter, open_interpreter
from triage.lighting import LightingVerdict, judge_lighting, measure_lighting, view_of
from triage.machine import own_cores
from triage.model_card import ModelCard
from triage.model_file import ModelFile, read_model, shipped_model
from triage.outputs import FAMILIARITY, OUTPUTS, check_fit
from triage.photo import DecodedPhoto, Photo, check_photo, cut, decode_photo, prepare_pixels, resize_pixels
from triage.skin_tone import UNKNOWN_TONE, measure_skin_tone
from triage.spot import SPOT, Spot, second_look, spot_in_photo
from triage.tips import TIPS, Tip, tips_for

DISCLAIMER = (
    "This is a research and education tool, not a medical device, and its answer is not a diagnosis. "
    "If a spot is new, changes, bleeds or worries you, see a doctor."
)
_TINY = 1e-12


@dataclass(frozen=True)
class Diagnosis:
    """One class with its calibrated probability in [0, 1]; `label` is the class id, `name` the display name."""

    label: str
    name: str
    probability: float
    urgency: str


@dataclass(frozen=True)
class Lighting:
    """Lighting of a photo.

    Attributes:
        ok: measured features and model both find it good.
        probability: the model's probability that the photo is well lit, in [0, 1].
        verdict: from the measured features.
        tips: most serious first; empty exactly when `ok`.
    """

    ok: bool
    probability: float
    verdict: LightingVerdict
    tips: tuple[Tip, ...]


@dataclass(frozen=True)
class Assessment:
    """Assessment of one photo, or of several of one spot.

    Attributes:
        photo: path of the photo, of several the one that weighs most; empty for one in memory.
        lighting: its lighting.
        ranking: all classes, most likely first, whether or not a person may be told.
        decision: what a person is told.
        disclaimer: must accompany any part of this.
        warnings: what was doubtful about the photo's file, such as a damaged colour profile.
        spot: where the main lesion is, whatever the confidence; None for a file without the output.
        crop: what was classified, one of `triage.crop.CROPS`; the spot only where one was found.
        photos: what was combined (`Triage.combine`): each photo alone, without answers; empty for a photo alone.
        without_answers: the same assessment before the answers; None where none were given.
        answers: what the answers did; None where none were given.
    """

    photo: str
    lighting: Lighting
    ranking: tuple[Diagnosis, ...]
    decision: Decision
    disclaimer: str = DISCLAIMER
    warnings: tuple[str, ...] = ()
    spot: Spot | None = None
    crop: str = CROPS[0]
    photos: tuple["Assessment", ...] = ()
    without_answers: "Assessment | None" = None
    answers: AnswerEffects | None = None

    @property
    def diagnosis(self) -> tuple[Diagnosis, ...]:
        """All classes, most likely first; empty where nothing may be named."""
        return self.ranking if self.decision.may_name else ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `json.dumps`; `crop`, `photos` and `answers` only where they apply."""
        told = {
            "photo": self.photo,
            "warnings": list(self.warnings),
            "lighting": {
                "ok": self.lighting.ok,
                "probability": self.lighting.probability,
                "tips": [str(tip) for tip in self.lighting.tips],
            },
            "diagnosis": self._diagnosis_json(),
            "decision": {
                "urgency": self.decision.urgency,
                "abstained": self.decision.abstained,
                "reason": self.decision.reason,
                "prediction_set": list(self.decision.prediction_set),
                "tone": self.decision.tone,
                "checked": self.decision.checked,
                "familiarity": self.decision.familiarity,
            },
            "spot": self.spot.to_json() if self.spot else None,
            "disclaimer": self.disclaimer,
        }
        if self.crop != CROPS[0]:
            told["crop"] = self.crop
        if len(self.photos) > 1:
            told["photos"] = [{**photo.to_json(), "weight": weight(photo)} for photo in self.photos]
        if self.answers is not None and self.without_answers is not None:
            before = self.without_answers
            without = {"diagnosis": before._diagnosis_json(), "urgency": before.decision.urgency}
            told["answers"] = {**self.answers.to_json(), "without": without}
        return told

    def _diagnosis_json(self) -> list[dict[str, Any]]:
        return [{"label": d.label, "probability": d.probability} for d in self.diagnosis]


class Triage:
    """A loaded model that assesses photos. Not thread-safe: load one for each thread.

    Example:
        >>> from triage import Triage
        >>> triage = Triage.load("student.tflite")  # doctest: +SKIP
        >>> triage.assess("photo.jpg").to_json()  # doctest: +SKIP

    Attributes:
        card: the model's card.
        interpreter: the opened model.
    """

    def __init__(self, model: ModelFile, interpreter: Interpreter):
        """Combine a model file with its interpreter; usually called by `Triage.load`.

        Raises:
            UnusableInput: the model's outputs or input do not match its card.
        """
        self.card = model.card
        self.interpreter = interpreter
        self._size = model.card["input"]["size"]
        self._crop = Crop.recorded(model.card["input"])
        self._temperature = model.card["temperature"]
        self._thresholds = model.card["thresholds"]
        # The interpreter releases the GIL, so a second core can measure the lighting meanwhile.
        self._light_thread = ThreadPoolExecutor(1, "light") if len(own_cores()) != 1 else None
        check_fit(model, interpreter)

    @classmethod
    def load(cls, path: str | Path | None = None, threads: int = 1) -> "Triage":
        """Open a release file.

        Args:
            path: a .tflite made by `skin-distill convert`; None for the package's own (`shipped_model`).
            threads: interpreter threads.

        Raises:
            UnusableInput: missing, altered, or not a release file.
            MissingDependency: no TFLite runtime is installed.
        """
        model = read_model(shipped_model() if path is None else path)
        return cls(model, open_interpreter(model.flatbuffer, threads))

    @property
    def urgent_threshold_text(self) -> str:
        """The card's rule for "urgent", to be appended to the urgency; empty if no class is urgent."""
        names = [entry["name"] for entry in self.card["classes"] if entry["urgency"] == "urgent"]
        if not names:
            return ""
        unfitted = "urgent" in cast("dict[str, Any]", self._thresholds).get("not_fitted", {})
        threshold = f"{self._thresholds['urgent']:.1%}{', not fitted,' if unfitted else ''}"
        return f" (urgent from {threshold} for {', '.join(names)}{' together' if len(names) > 1 else ''})"

    @property
    def finds_spots(self) -> bool:
        """Whether the file has the output `spot`."""
        return SPOT in self.interpreter.output_names

    def assess(
        self,
        photo: Photo | DecodedPhoto | str | Path | bytes,
        ignore_light: bool = False,
        synthetic_photo: bool = False,
        answers: Answers | None = None,
        crop: str = CROPS[0],
    ) -> Assessment:
        """Assess a photo; several of one spot are assessed each and then combined (`combine`).

        Args:
            photo: path or bytes of an encoded photo, or decoded pixels, uint8 [height, width, 3] in RGB.
            ignore_light: see `decide`.
            synthetic_photo: see `decide`.
            answers: see `combine`.
            crop: "centre" for the model's own crop, or "spot" for a second look: where the model is sure of a spot,
                classes and familiarity are those of the square around it (`triage.spot.second_look`).

        Raises:
            UnreadablePhoto: it cannot be decoded.
            UnusableInput: pixels of another shape or dtype, a NaN or infinite prediction, answers that the card does
                not know, or a second look by a model without the output `spot`.
        """
        if crop not in CROPS or (crop == CROPS[1] and not self.finds_spots):
            raise UnusableInput(
                f"The crop must be one of {', '.join(CROPS)}, and {CROPS[1]} needs a model with that output. Received: "
                f"{crop} and outputs {', '.join(self.interpreter.output_names)}. Convert the model again, or choose "
                f"{CROPS[0]}."
            )
        if answers is not None:
            alone = self.assess(photo, ignore_light, synthetic_photo, crop=crop)
            return self.combine([alone], answers, ignore_light, synthetic_photo)
        name = str(photo) if isinstance(photo, (str, Path)) else ""
        if isinstance(photo, (str, Path, bytes)):
            photo = decode_photo(photo)
        decoded = photo if isinstance(photo, DecodedPhoto) else DecodedPhoto(photo, ())
        pixels = check_photo(decoded.pixels)
        measured = self._light_thread.submit(self._measure, pixels) if self._light_thread else None
        prepared = prepare_pixels(pixels, self._size, self._crop)
        if measured is None:
            # Measured first, while the photo is in the processor's cache.
            found, outputs = self._measure(pixels), self.interpreter.run(prepared)
        else:
            outputs = self.interpreter.run(prepared)
            # If no core was free, measure here.
            found = self._measure(pixels) if measured.cancel() else measured.result()
        verdict, skin, tone = found
        view = self._crop.view(pixels.shape[1], pixels.shape[0])
        closer = self._second_look(pixels, outputs[SPOT], view) if crop == CROPS[1] else {}
        answer = self.answer(verdict, skin, {**outputs, **closer}, tone, name, ignore_light, synthetic_photo, view)
        return replace(answer, warnings=decoded.warnings, crop=CROPS[1] if closer else CROPS[0])

    def find_spot(self, pixels: Photo) -> Spot | None:
        """Return where the spot of a photo is, whatever the confidence; None for a file without the output."""
        output = self.interpreter.run(prepare_pixels(pixels, self._size, self._crop)).get(SPOT)
        if output is None or not np.isfinite(output).all():
            return None
        return spot_in_photo(output, self._crop.view(pixels.shape[1], pixels.shape[0]))

    def _second_look(
        self, pixels: Photo, output: npt.NDArray[np.float32], view: View
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Return classes and familiarity of the square around a spot; empty where the model is not sure of one."""
        if not np.isfinite(output).all() or not (spot := spot_in_photo(output, view)).sure:
            return {}
        seen = cut(pixels, second_look(spot, pixels.shape[1], pixels.shape[0]))
        outputs = self.interpreter.run(resize_pixels(seen, self._size, self._size))
        return {name: outputs[name] for name in ("diagnosis", FAMILIARITY) if name in outputs}

    def _measure(self, pixels: Photo) -> tuple[LightingVerdict, bool, str]:
        """Return the lighting verdict, whether skin was found, and the bucket of its tone."""
        view = view_of(pixels, self._crop)
        verdict = judge_lighting(measure_lighting(pixels, self._crop, view))
        skin = has_skin(verdict, measure_framing(pixels, self._crop, view))
        return verdict, skin, measure_skin_tone(pixels).bucket

    def answer(
        self,
        verdict: LightingVerdict,
        skin: bool,
        outputs: dict[str, npt.NDArray[np.float32]],
        tone: str = UNKNOWN_TONE,
        name: str = "",
        ignore_light: bool = False,
        synthetic_photo: bool = False,
        view: View = WHOLE,
    ) -> Assessment:
        """Combine measurements and model outputs.

        Args:
            verdict: from the measured features.
            skin: skin was found.
            outputs: `diagnosis` [1, classes] and `lighting` [1, 1], probabilities, and of newer files `familiarity`
                [1, 1] and `spot` [1, 5], each in [0, 1].
            tone: bucket of the skin's tone.
            name: of the photo.
            ignore_light: see `decide`.
            synthetic_photo: see `decide`.
            view: what the model saw of the photo.

        Raises:
            UnusableInput: an output is NaN or infinite.
        """
        # Comparisons with NaN are false, so NaN would pass every threshold and end as "watch".
        for output in (*OUTPUTS, *(name for name in (FAMILIARITY, SPOT) if name in outputs)):
            wrong = outputs[output][~np.isfinite(outputs[output])]
            if len(wrong):
                raise UnusableInput(
                    f"The model's prediction is NaN or infinite. Received: {wrong[0]} in {output} for "
                    f"{name or 'a photo in memory'}. Check the file with `skin-distill verify`, or use another one."
                )
        probabilities = apply_temperature(outputs["diagnosis"].reshape(-1), self._temperature)
        lighting = self._lighting(verdict, float(np.clip(outputs["lighting"].reshape(-1)[0], 0, 1)))
        familiar = outputs.get(FAMILIARITY)
        decision = decide(
            probabilities,
            self.card,
            lighting_ok=lighting.ok,
            has_skin=skin,
            tone=tone,
            familiarity=None if familiar is None else float(np.clip(familiar.reshape(-1)[0], 0, 1)),
            ignore_light=ignore_light,
            synthetic_photo=synthetic_photo,
        )
        spot = spot_in_photo(outputs[SPOT], view) if SPOT in outputs else None
        return Assessment(name, lighting, ranked(probabilities, self.card), decision, spot=spot)

    def combine(
        self,
        photos: Sequence[Assessment],
        answers: Answers | None = None,
        ignore_light: bool = False,
        synthetic_photo: bool = False,
    ) -> Assessment:
        """Combine photos of one spot and a person's answers; see `combine`."""
        return combine(photos, self.card, answers, ignore_light, synthetic_photo)

    def check_answers(self, answers: Answers) -> dict[str, str | float]:
        """Return answers as the card spells them; raises as `triage.answers.check_answers`."""
        return check_answers(answers, self.card.get("answers"))

    def _lighting(self, verdict: LightingVerdict, well_lit: float) -> Lighting:
        ok = verdict.ok and well_lit >= self._thresholds["well_lit"]
        tips = tips_for(verdict)
        if not ok and not tips:
            tips = [TIPS["poor_light"]]
        return Lighting(ok, well_lit, verdict, tuple(tips))


def combine(
    photos: Sequence[Assessment],
    card: ModelCard,
    answers: Answers | None = None,
    ignore_light: bool = False,
    synthetic_photo: bool = False,
) -> Assessment:
    """Combine photos of one spot and a person's answers (`triage.case`); the model does not run again.

    Args:
        photos: one to `triage.case.MAX_PHOTOS`, of `Triage.assess` with the same flags, without answers.
        card: of the model.
        answers: by question, see `triage.answers`; None asks nothing.
        ignore_light: see `decide`.
        synthetic_photo: see `decide`.

    Raises:
        UnusableInput: too many photos, or questions or answers that the card does not know.
    """
    given = None if answers is None else check_answers(answers, card.get("answers"))
    return combined(photos, card, lambda p: ranked(p, card), given, ignore_light, synthetic_photo)


def ranked(probabilities: npt.NDArray[np.float64], card: ModelCard) -> tuple[Diagnosis, ...]:
    """Return a card's classes with their probabilities [classes], most likely first."""
    order = [int(number) for number in np.argsort(-probabilities, kind="stable")]
    found = ((card["classes"][number], float(probabilities[number])) for number in order)
    return tuple(Diagnosis(entry["id"], entry["name"], probability, entry["urgency"]) for entry, probability in found)


def apply_temperature(probabilities: npt.NDArray[Any], temperature: float) -> npt.NDArray[np.float64]:
    """Apply temperature scaling to probabilities: p^(1/T), renormalized.

    Equals dividing the logits by T before the softmax (Guo et al. 2017, "On Calibration of Modern Neural Networks").

    Args:
        probabilities: [classes], at least one above 0; negative values count as 0.
        temperature: T above 0; above 1 softens.

    Returns:
        float64 [classes] that sum to 1.
    """
    return normalised(np.log(np.maximum(probabilities.astype(np.float64), _TINY)) / temperature)
