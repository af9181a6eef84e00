"""One measured process: load one model, time it, print the measurement as one line of JSON.

python -m benchmarks.latency.worker WAY MODEL THREADS WARM_UP RUNS SECONDS
"""

import json
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.latency.peak_memory import peak_of_this_process
from triage.errors import SkinDistillError
from triage.interpreter import RUNTIMES, Interpreter
from triage.model_file import read_model
from triage.timing import LoadedModel, load_tflite, measure, noise_photo, timed_interpreter


def load(way: str, path: Path, threads: int) -> LoadedModel:
    """Load a .tflite or .keras model in one of `benchmarks.latency.candidates.WAYS`."""
    if way == "best":
        return load_tflite(path, threads)
    if way == "keras":
        return _load_keras(path, threads)
    module, distributions = RUNTIMES[way]
    flatbuffer = read_model(path, card_required=False).flatbuffer
    raw = import_module(module).Interpreter(model_content=flatbuffer, num_threads=threads)
    raw.allocate_tensors()
    return timed_interpreter(Interpreter(raw, f"{way} {version(distributions[0])}"))


def _load_keras(path: Path, threads: int) -> LoadedModel:
    import tensorflow as tf
    import tf_keras

    from distill.model_file import load_model

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = load_model(path, any_outputs=True)
    batch = noise_photo(model.input_shape[1])[None] / np.float32(255)

    def predict() -> object:
        return model.predict(batch, verbose=0)

    return LoadedModel(predict, predict, f"tf_keras {tf_keras.__version__}")


def main() -> None:
    """Measure as the command line says."""
    way, path, threads, warm_up, runs, seconds = sys.argv[1:]
    try:
        measured = measure(lambda: load(way, Path(path), int(threads)), int(warm_up), int(runs), float(seconds))
    except SkinDistillError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    print(json.dumps({**measured._asdict(), "peak_rss_mb": peak_of_this_process()}))


if __name__ == "__main__":
    main()
