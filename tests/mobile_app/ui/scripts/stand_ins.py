"""A model, a source and answers that need no file and no camera."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from mobile_app.answer import Answer, RankedClass, word_for
from mobile_app.sources.source import Frame
from mobile_app.ui.capture import Capture
from mobile_app.ui.desktop_voice import DesktopVoice
from triage.assessment import Assessment, Diagnosis, Lighting
from triage.crop import CROP
from triage.decision import Decision
from triage.errors import UnusableInput
from triage.lighting import LightingVerdict
from triage.spot import Spot
from triage.tips import tips_for

NAMES = ("Warts, molluscum and other viral infections", "Seborrheic keratoses and other benign tumours", "Eczema")
CARD = {
    "name": "stand-in-int8",
    "licence": "Research and education only; not a medical device.",
    "classes": [{"id": name.lower(), "name": name, "urgency": "watch"} for name in NAMES],
    "data": {"dataset": "phantom"},
    "per_tone": {
        "light": {"n": 39, "accuracy": {"value": 0.5, "low": 0.3, "high": 0.6}},
        "dark": {"n": 3, "accuracy": {"value": None, "low": None, "high": None}},
    },
    "per_class": {
        name.lower(): {"n": 214, "recall": fraction, "sent_to_doctor": fraction}
        for name, fraction in zip(NAMES, ({"value": 0.43, "low": 0.37, "high": 0.5}, {"value": None}), strict=False)
    },
    "not_measured": ["people rather than photos: several photos of one person may count as several"],
    "synthetic": True,
    "input": {"size": 224, "crop_fraction": 0.8, "dtype": "uint8"},
}

ASKING_CARD = {
    **CARD,
    "classes": [{"id": name, "name": name, "urgency": "watch"} for name in NAMES],
    "synthetic": False,
    "thresholds": {"urgent": 0.5, "abstain_below": 0.2, "well_lit": 0.5},
    "answers": {
        "questions": {
            "age": {"years": True, "effects": {"20": [0.5, 0.0, 0.0], "80": [-0.5, 0.5, 0.0]}},
            "region": {
                "effects": {
                    name: [0.1, 0.0, 0.0]
                    for name in ("face", "head", "neck", "chest", "belly", "back", "arm", "forearm", "hand", "leg")
                }
            },
            "unknown to the app": {"effects": {"yes": [0.0, 0.0, 0.0]}},
            **{
                name: {"effects": {"yes": [-1.0, 1.0, 0.0], "no": [0.2, 0.0, 0.0]}}
                for name in ("itch", "grew", "hurt", "changed", "bleed", "elevation")
            },
        },
        "largest_log_odds": 3.0,
    },
}


def picture(width: int = 160, height: int = 120) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    skin = np.stack([200 - rows // 4, 150 - rows // 4, 120 - columns // 8], axis=-1)
    return np.clip(skin, 0, 255).astype(np.uint8)


class StillSource:
    """The same picture thirty times a second."""

    name, live, synthetic = "still", True, False

    def __init__(self, width: int = 320, height: int = 180) -> None:
        self.picture, self.count, self.open_count = picture(width, height), 0, 0
        self.is_open = False

    def open(self) -> None:
        self.is_open = True
        self.open_count += 1

    def read(self) -> Frame | None:
        time.sleep(1 / 30)
        self.count += 1
        return Frame(self.picture, time.monotonic(), self.count)

    def close(self) -> None:
        self.is_open = False


class StillCapture(Capture):
    def __init__(self, source: StillSource | None = None) -> None:
        self._still = source or StillSource()
        super().__init__("demo")

    def _new_session(self, source=None):
        return super()._new_session(self._still)


class StillPhone:
    """Picks the same photo each time, and notes what is shared."""

    camera, voice = "demo", DesktopVoice("a phone")

    def __init__(self, folder: Path) -> None:
        self.folder, self.trouble, self.refuses, self.shared = folder, "", False, []

    def pick_photo(self, on_photo, on_error) -> None:
        if self.trouble:
            on_error(self.trouble)
        else:
            on_photo(b"picked")

    def share(self, path: Path, media_type: str) -> None:
        if self.refuses:
            raise UnusableInput("Android does not hand the file over.")
        assert path.parent == self.folder
        self.shared.append((media_type, path.read_bytes()))


class Oracle:
    """Answers at once, on the caller's thread, what it was told to."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.card, self.problem, self.model = CARD, None, Path("stand-in.tflite")
        self.answer, self.asked = answer or an_answer(), []
        self.spot: Spot | None = None

    def find_spot(self, frame) -> Spot | None:
        return self.spot

    def submit(self, photo, on_answer, ignore_light=False, synthetic_photo=False) -> None:
        self.asked.append((photo, ignore_light))
        on_answer(replace(self.answer, ignore_light=ignore_light))

    def close(self) -> None:
        pass


def an_answer(
    urgency="urgent",
    light=True,
    reasons=(),
    ignore_light=False,
    reason=None,
    probabilities=(0.61, 0.3, 0.09),
    **decided,
):
    photo = picture()
    verdict = LightingVerdict(not reasons, tuple(reasons))
    ranking = tuple(Diagnosis(n, n, p, "watch") for n, p in zip(NAMES, probabilities, strict=True))
    decision = Decision(reason, urgency if reason in (None, "unsure") else None, reason == "unsure", **decided)
    lighting = Lighting(light, 0.9 if light else 0.2, verdict, tuple(tips_for(verdict)))
    assessment = Assessment("", lighting, ranking, decision)
    top = tuple(
        RankedClass(d.label, d.name, d.probability, word_for(d.probability, d.urgency)) for d in assessment.diagnosis
    )
    crop = CROP.box(photo.shape[1], photo.shape[0])
    return Answer(assessment, None, photo, crop, ignore_light, demo=True, top=top)
