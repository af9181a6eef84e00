"""Python environments of other runtimes, beside the project's own, and answers asked of them.

`make runtimes` builds them from tests/environments/*.txt: they cannot share one environment with the project, which
needs another numpy or another build of OpenCV.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from triage.errors import CheckFailed, UnusableInput

FOLDER_VARIABLE = "SKIN_DISTILL_RUNTIMES"
PREFIX = ".venv-"
WORKERS = Path(__file__).parent / "workers"
# Name of an environment -> (what a person calls its runtime, the script that answers in it).
KNOWN = {
    "tflite-runtime-2.14": ("tflite-runtime 2.14", "adapter.py"),
    "litert-1.4": ("LiteRT 1.4", "adapter.py"),
    "mediapipe": ("MediaPipe Tasks ImageClassifier", "mediapipe_tasks.py"),
}
LONGEST_WAIT = 600  # seconds; tflite-runtime 2.14 takes about 40 ms for each integer photo


@dataclass(frozen=True)
class Environment:
    """A place where another runtime can be asked.

    Attributes:
        name: a key of `KNOWN`, or one made up for the occasion.
        title: what a person calls the runtime.
        worker: name of the script in `convert/verifying/workers` that answers.
        command: what starts its Python.
        variables: environment variables that it needs.
    """

    name: str
    title: str
    worker: str
    command: tuple[str, ...]
    variables: Mapping[str, str]


def find_environments(folder: Path | None = None) -> dict[str, Environment]:
    """Return the environments that are there, by name.

    Args:
        folder: where `.venv-NAME` folders lie. None: the folder that SKIN_DISTILL_RUNTIMES names, else the current.
    """
    folder = (folder or Path(os.environ.get(FOLDER_VARIABLE, "."))).absolute()
    found = {}
    for name, (title, worker) in KNOWN.items():
        # Not resolved: a virtual environment's Python is a link, and its place is what makes it one.
        python = folder / f"{PREFIX}{name}" / "bin" / "python"
        if python.exists():
            found[name] = Environment(name, title, worker, (str(python),), {})
    return found


def ask(environment: Environment, model: Path, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Let another runtime answer.

    Args:
        environment: which one.
        model: a release file.
        pixels: uint8 [n, size, size, 3], n at least 1, of the model's input size.

    Returns:
        `diagnosis` float32 [n, classes], `lighting` float32 [n, 1], `runtime` (name and version, a scalar string),
        and what else the worker tells.

    Raises:
        UnusableInput: there is no photo.
        CheckFailed: the runtime refuses the file or breaks; the message holds its words.
    """
    if not len(pixels):
        raise UnusableInput(f"{environment.title} needs photos to answer for. Received: none.")
    with tempfile.TemporaryDirectory() as folder:
        photos, answers = Path(folder) / "photos.npy", Path(folder) / "answers.npz"
        np.save(photos, pixels)
        run(environment, environment.worker, str(model), str(photos), str(answers))
        with np.load(answers) as read:
            return dict(read)


def run(environment: Environment, worker: str, *arguments: str) -> None:
    """Run a worker script in an environment; raise CheckFailed with its last line of stderr if it fails."""
    # The project's own packages must not be found there.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [*environment.command, str(WORKERS / worker), *arguments],
            env={**inherited, **environment.variables, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST_WAIT,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckFailed(
            f"{environment.title} did not answer in time. Received: nothing after {LONGEST_WAIT} s. Give fewer photos."
        ) from error
    if done.returncode:
        words = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise CheckFailed(
            f"{environment.title} did not answer. Received: {words[-1]} If the environment {environment.command[0]} "
            "is broken, remove it and build it again with `make runtimes`."
        )
