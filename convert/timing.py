"""Quick latencies of files side by side, good enough to rank them; `skin-distill benchmark` measures for reports."""

from collections.abc import Mapping
from time import perf_counter

import numpy as np

from triage.interpreter import open_interpreter

ROUNDS, RUNS = 30, 5


def latencies(flatbuffers: Mapping[str, bytes]) -> dict[str, float]:
    """Time models in turn, again and again, so that a drift of the machine hits all alike.

    Args:
        flatbuffers: models by name.

    Returns:
        Milliseconds of one photo on one thread by name: the median over `ROUNDS` of the quickest of `RUNS`, because
        what else the machine does only ever adds.
    """
    interpreters = {name: open_interpreter(flatbuffer) for name, flatbuffer in flatbuffers.items()}
    found: dict[str, list[float]] = {name: [] for name in interpreters}
    for interpreter in interpreters.values():
        interpreter.run(np.full(interpreter.input_shape, 127, np.uint8))
    for _ in range(ROUNDS):
        for name, interpreter in interpreters.items():
            interpreter.raw.invoke()  # the first one after another model finds the caches cold
            found[name].append(min(_seconds(interpreter.raw) for _ in range(RUNS)))
    return {name: 1000 * float(np.median(seconds)) for name, seconds in found.items()}


def _seconds(raw: object) -> float:
    begun = perf_counter()
    raw.invoke()  # type: ignore[attr-defined]
    return perf_counter() - begun
