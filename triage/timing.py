"""Latency of one model in this process: the timed loop and its summary, the same on a desk and on a phone."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from triage.interpreter import Interpreter, open_interpreter
from triage.model_file import read_model

FORMAT = 1
"""Version of the result's JSON, which `skin-distill benchmark --compare` checks."""
NOISY_SPREAD = 0.15
"""A machine is noisy when the medians of one model's rounds spread by more than this fraction."""


class LoadedModel(NamedTuple):
    """A model ready to be timed: its first inference, those that count, and the runtime's name and version."""

    first: Callable[[], object]
    infer: Callable[[], object]
    runtime: str


class Measurement(NamedTuple):
    """What one process measured: time to load, first inference, every counted inference (all ms), runtime."""

    load_ms: float
    first_ms: float
    latency_ms: list[float]
    runtime: str


class LatencySummary(TypedDict):
    """Statistics of one model's rounds; `spread` is the range of the rounds' medians over their median."""

    inferences: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    mean_ms: float
    std_ms: float
    least_ms: float
    round_medians_ms: list[float]
    spread: float


def load_tflite(model: Path, threads: int = 1) -> LoadedModel:
    """Open a `.tflite` file, with or without a card, in the preferred runtime.

    Raises:
        UnusableInput: the model cannot be read or opened.
    """
    return timed_interpreter(open_interpreter(read_model(model, card_required=False).flatbuffer, threads))


def timed_interpreter(interpreter: Interpreter) -> LoadedModel:
    """Let an open interpreter be timed on a noise photo: the first inference sets the input, the others invoke only."""
    photo = noise_photo(interpreter.input_size)
    return LoadedModel(lambda: interpreter.run(photo), interpreter.raw.invoke, interpreter.runtime)


def noise_photo(size: int) -> npt.NDArray[np.uint8]:
    """Return uint8 [size, size, 3] of noise; the pixel values do not change the latency."""
    return np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)


def measure(
    load: Callable[[], LoadedModel],
    warm_up: int,
    runs: int,
    seconds: float,
    progress: Callable[[float], None] | None = None,
) -> Measurement:
    """Load a model and time its inferences.

    Args:
        load: opens the model; its own duration is measured, too.
        warm_up: inferences after the first one that do not count.
        runs: minimum number of inferences that count.
        seconds: minimum time that they take together.
        progress: called about ten times a second with the completed fraction, in [0, 1].
    """
    begun = time.perf_counter()
    model = load()
    loaded = time.perf_counter()
    model.first()
    first_done = time.perf_counter()
    for _ in range(warm_up):
        model.infer()
    latency: list[float] = []
    start = reported = time.perf_counter()
    while len(latency) < runs or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        model.infer()
        after = time.perf_counter()
        latency.append(1000 * (after - before))
        if progress and after - reported > 0.1:
            reported = after
            progress(min(1.0, (after - start) / seconds if seconds else 1.0))
    if progress:
        progress(1.0)
    return Measurement(1000 * (loaded - begun), 1000 * (first_done - loaded), latency, model.runtime)


def summarise(rounds: Sequence[Sequence[float] | npt.NDArray[np.floating]]) -> LatencySummary:
    """Summarise the latencies of all rounds, in ms."""
    latency = np.concatenate([np.asarray(one) for one in rounds])
    medians = np.array([np.median(one) for one in rounds])
    p50, p90, p99 = (float(value) for value in np.percentile(latency, [50, 90, 99]))
    return {
        "inferences": len(latency),
        "p50_ms": p50,
        "p90_ms": p90,
        "p99_ms": p99,
        "mean_ms": float(latency.mean()),
        "std_ms": float(latency.std()),
        "least_ms": float(latency.min()),
        "round_medians_ms": medians.round(5).tolist(),
        "spread": float((medians.max() - medians.min()) / np.median(medians)),
    }
