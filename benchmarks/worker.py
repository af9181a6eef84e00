"""One measured process: load one model, run it, print what it took as one line of JSON.

    python -m benchmarks.worker MODEL THREADS WARM_UP RUNS SECONDS

Runs end when both RUNS inferences and SECONDS seconds are reached.
"""

import json
import resource
import sys
import time

import numpy as np

from triage.interpreter import open_interpreter
from triage.model_file import read_model


def measure(path: str, threads: int, warm_up: int, runs: int, seconds: float) -> dict[str, object]:
    """Measure one model in this process.

    Args:
        path: of a .tflite, with or without a card.
        threads: of the interpreter.
        warm_up: inferences before those that count.
        runs: least number of inferences that count.
        seconds: least time that they take together.

    Returns:
        `load_ms`, `first_ms`, `latency_ms` (every counted inference), `peak_rss_mb`, `runtime`.
    """
    begun = time.perf_counter()
    interpreter = open_interpreter(read_model(path, card_required=False).flatbuffer, threads=threads)
    load = time.perf_counter() - begun
    size = interpreter.input_size
    photo = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    invoke = interpreter.raw.invoke
    begun = time.perf_counter()
    interpreter.run(photo)  # sets the input, too; what counts below is the network alone
    first = time.perf_counter() - begun
    for _ in range(warm_up):
        invoke()
    latency: list[float] = []
    begun = time.perf_counter()
    while len(latency) < runs or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        invoke()
        latency.append(1000 * (time.perf_counter() - start))
    return {
        "load_ms": 1000 * load,
        "first_ms": 1000 * first,
        "latency_ms": latency,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "runtime": interpreter.runtime,
    }


if __name__ == "__main__":
    model, *numbers = sys.argv[1:]
    print(json.dumps(measure(model, int(numbers[0]), int(numbers[1]), int(numbers[2]), float(numbers[3]))))
