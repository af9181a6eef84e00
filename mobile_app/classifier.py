"""Classification on a background thread, so that neither screen nor camera waits for the model."""

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from mobile_app.answer import Answer, answer_for
from triage.assessment import Triage
from triage.errors import SkinDistillError
from triage.model_card import ModelCard
from triage.photo import DecodedPhoto, Photo, decode_photo
from triage.spot import Spot

DEMO_MODEL = Path(__file__).parent / "assets" / "demo.tflite"
"""A small model trained on synthetic skin only; it ships with the app."""

OnAnswer = Callable[[Answer], None]
Picture = Photo | DecodedPhoto | Path | bytes
"""Pixels, uint8 [height, width, 3] in RGB, a photo read from a file, or the path or bytes of one."""


class BackgroundClassifier:
    """Loads a model and classifies photos one after the other on its own thread.

    Attributes:
        card: the model card; None while loading and if loading failed.
        problem: why the model could not be loaded, in English; None otherwise.
    """

    def __init__(self, model: Path):
        """Start loading a release file."""
        self.card: ModelCard | None = None
        self.problem: str | None = None
        self.model = model
        self._jobs: queue.SimpleQueue[tuple[Picture, OnAnswer, bool, bool] | None] = queue.SimpleQueue()
        self._finds_spots = False
        self._finder: Triage | None = None
        self._thread = threading.Thread(target=self._work, name="classifier", daemon=True)
        self._thread.start()

    def submit(
        self,
        photo: Picture,
        on_answer: OnAnswer,
        ignore_light: bool = False,
        synthetic_photo: bool = False,
    ) -> None:
        """Queue a photo and return at once.

        Args:
            photo: to classify.
            on_answer: receives the answer on the classifier's thread; errors arrive as an `Answer` too.
            ignore_light: see `Answer`.
            synthetic_photo: see `Answer`.
        """
        self._jobs.put((photo, on_answer, ignore_light, synthetic_photo))

    def find_spot(self, frame: Photo) -> Spot | None:
        """Return the spot in a frame; None while the model loads, and for one without that output.

        For one thread other than the classifier's own: an interpreter serves one thread, so this opens another.
        """
        if not self._finds_spots:
            return None
        if self._finder is None:
            self._finder = Triage.load(self.model)
        return self._finder.find_spot(frame)

    def close(self) -> None:
        """Finish the queued photos and end the thread."""
        self._jobs.put(None)
        self._thread.join(5.0)

    def _work(self) -> None:
        triage = None
        try:
            triage = Triage.load(self.model)
            self.card = triage.card
            self._finds_spots = triage.finds_spots
        except Exception as error:  # whatever a runtime raises must reach the screen
            self.problem = _error_text(error)
        while (job := self._jobs.get()) is not None:
            photo, on_answer, *flags = job
            on_answer(self._answer(triage, photo, *flags))

    def _answer(self, triage: Triage | None, photo: Picture, ignore_light: bool, synthetic_photo: bool) -> Answer:
        pixels = None
        try:
            if isinstance(photo, (Path, bytes)):
                photo = decode_photo(photo)
            decoded = photo if isinstance(photo, DecodedPhoto) else DecodedPhoto(photo, ())
            pixels = decoded.pixels
            if triage is not None:
                return answer_for(triage, decoded, ignore_light, synthetic_photo)
            problem = str(self.problem)
        except Exception as error:
            problem = _error_text(error)
        return Answer(None, problem, pixels)


def _error_text(error: Exception) -> str:
    return str(error) if isinstance(error, SkinDistillError) else f"{type(error).__name__}: {error}"
