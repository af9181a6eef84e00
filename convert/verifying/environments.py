"""Python environments of other TFLite runtimes, and predictions made in them.

`make runtimes` builds them from tests/environments/*.txt: they cannot share one environment with the project, because
they need another numpy or another build of OpenCV.
"""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from triage.errors import CheckFailed, UnusableInput

FOLDER_VARIABLE = "SKIN_DISTILL_RUNTIMES"
PREFIX = ".venv-"
WORKERS = Path(__file__).parent / "workers"
# Name of an environment -> (display name of its runtime, the script that predicts in it).
KNOWN = {
    "tflite-runtime-2.14": ("tflite-runtime 2.14", "adapter.py"),
    "litert-1.4": ("LiteRT 1.4", "adapter.py"),
    "mediapipe": ("MediaPipe Tasks ImageClassifier", "mediapipe_tasks.py"),
}
TIMEOUT = 600  # seconds; tflite-runtime 2.14 takes about 40 ms for each integer photo


class Environment(NamedTuple):
    """A Python environment with another runtime.

    Attributes:
        title: display name of the runtime.
        worker: name of the script in `workers` that predicts.
        command: starts its Python.
    """

    title: str
    worker: str
    command: tuple[str, ...]


def find_environments() -> dict[str, Environment]:
    """Return the environments in the folder that SKIN_DISTILL_RUNTIMES names (else the current one), by name."""
    folder = Path(os.environ.get(FOLDER_VARIABLE, ".")).absolute()
    # Not resolved: a virtual environment's Python is a link, and its place is what makes it one.
    pythons = {name: folder / f"{PREFIX}{name}" / "bin" / "python" for name in KNOWN}
    return {name: Environment(*KNOWN[name], (str(path),)) for name, path in pythons.items() if path.exists()}


def predict_in(environment: Environment, model: Path, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Predict in another environment.

    Args:
        environment: which one.
        model: a release file.
        pixels: uint8 [n, size, size, 3], n at least 1, of the model's input size.

    Returns:
        `diagnosis` float32 [n, classes], `lighting` float32 [n, 1], `runtime` (name and version, a scalar string),
        and further arrays of the worker.

    Raises:
        UnusableInput: there is no photo.
        CheckFailed: the runtime refuses the file or crashes; the message ends with its last line of stderr.
    """
    if not len(pixels):
        raise UnusableInput(f"{environment.title} needs photos to predict. Received: none.")
    with tempfile.TemporaryDirectory() as folder:
        photos, predictions = Path(folder) / "photos.npy", Path(folder) / "predictions.npz"
        np.save(photos, pixels)
        run_worker(environment, WORKERS / environment.worker, str(model), str(photos), str(predictions))
        with np.load(predictions) as read:
            return dict(read)


def run_worker(environment: Environment, worker: Path, *arguments: str) -> None:
    """Run a worker script in an environment; raise CheckFailed with its last line of stderr if it fails."""
    # The project's own packages must not be found there.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [*environment.command, str(worker), *arguments],
            env={**inherited, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckFailed(
            f"{environment.title} timed out. Received: nothing after {TIMEOUT} s. Give fewer photos."
        ) from error
    if done.returncode:
        last = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise CheckFailed(
            f"{environment.title} failed. Received: {last[-1]} If the environment of {environment.command[0]} "
            "is broken, remove it and build it again with `make runtimes`."
        )
