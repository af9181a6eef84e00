"""Phantoms in good light as frames, a small model file, and sources that do as they are told."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mobile_app.sources.source import Frame, SourceUnavailable
from skin_data.phantom import PhantomTruth, render_phantom

SERIES = 97
WIDTH, HEIGHT = 640, 360
ITA_STEPS = range(-50, 56, 7)
MODEL_SIZE = 32


def frame_of(phantom: np.ndarray) -> np.ndarray:
    """A square phantom as a wide frame, its top and bottom cut off."""
    large = cv2.resize(phantom, (WIDTH, WIDTH), interpolation=cv2.INTER_CUBIC)
    top = (WIDTH - HEIGHT) // 2
    return np.ascontiguousarray(large[top : top + HEIGHT])


@pytest.fixture(scope="session")
def lit_phantoms() -> list[tuple[np.ndarray, PhantomTruth]]:
    """One phantom in good light for every 7 degrees of ITA from -50 to 55, as frames uint8 [360, 640, 3]."""
    found: dict[int, tuple[np.ndarray, PhantomTruth]] = {}
    index = 0
    while len(found) < len(ITA_STEPS):
        _, truth = render_phantom(SERIES, index, 32)
        step = min(ITA_STEPS, key=lambda ita: abs(ita - truth.ita))
        if truth.lighting_ok and step not in found:
            found[step] = frame_of(render_phantom(SERIES, index, 288)[0]), truth
        index += 1
    return [found[step] for step in ITA_STEPS]


class Scripted:
    """A source that follows a script: each item is a frame's pixels, an exception to raise, or None for the end.

    The last item repeats. Frames come `interval_s` apart.
    """

    live = True
    synthetic = False

    def __init__(self, *script: object, interval_s: float = 0.01, name: str = "scripted"):
        self.name = name
        self.script = list(script)
        self.interval_s = interval_s
        self.at = self.count = 0
        self.is_open = False
        self.openings = self.closings = 0

    def open(self) -> None:
        self.openings += 1
        if self.script and isinstance(self._item(), SourceUnavailable) and self._item().reason != "unplugged":
            raise self._next()
        self.is_open = True

    def read(self) -> Frame | None:
        assert self.is_open, "read while closed"
        time.sleep(self.interval_s)
        item = self._next()
        if isinstance(item, Exception):
            raise item
        if item is None:
            return None
        self.count += 1
        return Frame(item, time.monotonic(), self.count)

    def close(self) -> None:
        self.closings += self.is_open
        self.is_open = False

    def _item(self) -> object:
        return self.script[min(self.at, len(self.script) - 1)]

    def _next(self) -> object:
        item = self._item()
        self.at += 1
        return item


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for something to become true; a failure names it."""

    def wait(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.005)

    return wait


@pytest.fixture(scope="session")
def small_model(tmp_path_factory, make_card) -> Path:
    """A release file that answers anything in no time: class 0 urgent, 1 soon, 2 watch."""
    tf = pytest.importorskip("tensorflow", reason="needs the train extra to make a model file")
    import tf_keras as keras

    from triage.model_file import pack_model

    image = keras.Input((MODEL_SIZE, MODEL_SIZE, 3), batch_size=1, name="image")
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    # Red, green and blue pictures fall to classes 0, 1 and 2; the brighter, the better lit.
    diagnosis = keras.layers.Dense(3, activation="softmax", name="diagnosis")(pooled)
    lighting = keras.layers.Dense(1, activation="sigmoid", name="lighting")(pooled)
    model = keras.Model(image, {"diagnosis": diagnosis, "lighting": lighting})
    model.set_weights([8 * np.eye(3), np.zeros(3), np.full((3, 1), 8.0), np.array([-2.0])])
    thresholds = {"urgent": 0.6, "abstain_below": 0.4, "well_lit": 0.5}
    card = make_card(MODEL_SIZE, ("urgent", "soon", "watch"), thresholds=thresholds)
    path = tmp_path_factory.mktemp("model") / "small.tflite"
    path.write_bytes(pack_model(tf.lite.TFLiteConverter.from_keras_model(model).convert(), card))
    return path


@pytest.fixture
def sessions() -> Iterator[list]:
    """Live sessions put in here are stopped at the end."""
    running: list = []
    yield running
    for session in running:
        session.stop()
