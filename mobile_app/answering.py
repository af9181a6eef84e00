"""Answers on a thread of their own, so that neither the screen nor the camera waits for the model."""

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mobile_app.answer import Answer, answer_for
from mobile_app.demo_model import demo_model
from triage.assessment import Triage
from triage.errors import SkinDistillError
from triage.photo import Photo, read_photo

OnAnswer = Callable[[Answer], None]


class Answerer:
    """Loads a model in the background and answers for photos, one after the other.

    Attributes:
        card: the model's card; None until it is loaded, and when it cannot be.
        problem: why the model cannot be loaded, in English; None while nothing is wrong.
    """

    def __init__(self, model: Path | None = None, threads: int = 1):
        """Begin to load.

        Args:
            model: a release file; None for the demo model that travels with the package.
            threads: of the interpreter.

        Raises:
            UnusableInput: no model is given and the demo model is not there.
        """
        self.card: dict[str, Any] | None = None
        self.problem: str | None = None
        self.model = demo_model() if model is None else model
        self._threads = threads
        self._waiting: queue.SimpleQueue[tuple[Photo | Path | bytes, OnAnswer, bool] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="answerer", daemon=True)
        self._thread.start()

    def submit(self, photo: Photo | Path | bytes, on_answer: OnAnswer, despite_light: bool = False) -> None:
        """Ask for an answer and return at once.

        Args:
            photo: decoded pixels, uint8 [height, width, 3] in RGB; or path or bytes of an encoded photo.
            on_answer: told the answer, on the answerer's thread. Whatever goes wrong comes as an `Answer` too.
            despite_light: the person chose to use the photo in spite of the light.
        """
        self._waiting.put((photo, on_answer, despite_light))

    def close(self) -> None:
        """End the thread after what is waiting."""
        self._waiting.put(None)
        self._thread.join(5.0)

    def _work(self) -> None:
        triage = None
        try:
            triage = Triage.load(self.model, self._threads)
            self.card = triage.card
        except Exception as error:  # whatever a runtime throws must come as an answer
            self.problem = _told(error)
        while (job := self._waiting.get()) is not None:
            photo, on_answer, despite_light = job
            on_answer(self._answer(triage, photo, despite_light))

    def _answer(self, triage: Triage | None, photo: Photo | Path | bytes, despite_light: bool) -> Answer:
        pixels = None
        try:
            pixels = read_photo(photo) if isinstance(photo, (Path, bytes)) else photo
            if triage is not None:
                return answer_for(triage, pixels, despite_light)
            problem = str(self.problem)
        except Exception as error:
            problem = _told(error)
        return Answer(None, problem, pixels, (0, 0, 0, 0), despite_light, demo=False)


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, SkinDistillError) else f"{type(error).__name__}: {error}"
