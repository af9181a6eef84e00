"""One measured process: load one model, run it, print what it took as one line of JSON.

    python -m benchmarks.latency.worker WAY MODEL THREADS WARM_UP RUNS SECONDS

Runs end when both RUNS inferences and SECONDS seconds are reached. It also runs in a Python that has a runtime and
numpy alone.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.latency.peak_memory import peak_of_this_process


def measure(way: str, path: str, threads: int, warm_up: int, runs: int, seconds: float) -> dict[str, object]:
    """Measure one model in this process.

    Args:
        way: out of `benchmarks.latency.candidates.WAYS`.
        path: of a .tflite, with or without a card, or of a .keras.
        threads: that an inference may use.
        warm_up: inferences before those that count.
        runs: least number of inferences that count.
        seconds: least time that they take together.

    Returns:
        `load_ms`, `first_ms`, `latency_ms` (every counted inference), `peak_rss_mb`, `runtime`.
    """
    begun = time.perf_counter()
    first_run, infer, runtime = (_keras if way == "keras" else _tflite)(way, path, threads)
    load = time.perf_counter() - begun
    begun = time.perf_counter()
    first_run()
    first = time.perf_counter() - begun
    for _ in range(warm_up):
        infer()
    latency: list[float] = []
    begun = time.perf_counter()
    while len(latency) < runs or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        infer()
        latency.append(1000 * (time.perf_counter() - start))
    return {
        "load_ms": 1000 * load,
        "first_ms": 1000 * first,
        "latency_ms": latency,
        "peak_rss_mb": peak_of_this_process(),
        "runtime": runtime,
    }


def _photo(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)


def _tflite(way: str, path: str, threads: int) -> tuple[Callable[[], Any], Callable[[], Any], str]:
    """The first inference, those that count, and the runtime."""
    from importlib import import_module
    from importlib.metadata import version

    from triage.interpreter import RUNTIMES, Interpreter, open_interpreter
    from triage.model_file import read_model

    flatbuffer = read_model(path, card_required=False).flatbuffer
    if way == "best":
        interpreter = open_interpreter(flatbuffer, threads)
    else:
        module, distributions = RUNTIMES[way]
        raw = import_module(module).Interpreter(model_content=flatbuffer, num_threads=threads)
        raw.allocate_tensors()
        interpreter = Interpreter(raw, f"{way} {version(distributions[0])}")
    photo = _photo(interpreter.input_size)
    # The first one sets the input, too; what counts afterwards is the network alone.
    return lambda: interpreter.run(photo), interpreter.raw.invoke, interpreter.runtime


def _keras(way: str, path: str, threads: int) -> tuple[Callable[[], Any], Callable[[], Any], str]:
    import tensorflow as tf
    import tf_keras

    from distill.model_file import load_model

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = load_model(path)
    batch = _photo(model.input_shape[1])[None] / np.float32(255)

    def predict() -> Any:
        return model.predict(batch, verbose=0)

    return predict, predict, f"tf_keras {tf_keras.__version__}"


if __name__ == "__main__":
    asked_way, model_path, *numbers = sys.argv[1:]
    print(json.dumps(measure(asked_way, model_path, *map(int, numbers[:3]), float(numbers[3]))))
