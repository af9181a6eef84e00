"""Quick latencies of files side by side, good enough to rank them; `skin-distill benchmark` measures for reports."""

from collections.abc import Mapping
from time import perf_counter

import numpy as np

from triage.interpreter import Interpreter, open_interpreter

ROUNDS, RUNS = 30, 5


def latencies(flatbuffers: Mapping[str, bytes]) -> dict[str, float]:
    """Time models in turn, repeatedly, so that a drift of the machine affects all alike.

    Args:
        flatbuffers: models by name.

    Returns:
        Milliseconds per photo on one thread by name: the median over `ROUNDS` of the fastest of `RUNS`, because other
        load on the machine only ever adds time.
    """
    interpreters = {name: open_interpreter(flatbuffer) for name, flatbuffer in flatbuffers.items()}
    found: dict[str, list[float]] = {name: [] for name in interpreters}
    for interpreter in interpreters.values():
        interpreter.run(np.full(interpreter.input_shape, 127, np.uint8))
    for _ in range(ROUNDS):
        for name, interpreter in interpreters.items():
            interpreter.raw.invoke()  # the first run after another model finds cold caches
            found[name].append(min(_seconds(interpreter) for _ in range(RUNS)))
    return {name: 1000 * float(np.median(seconds)) for name, seconds in found.items()}


def _seconds(interpreter: Interpreter) -> float:
    begun = perf_counter()
    interpreter.raw.invoke()
    return perf_counter() - begun
