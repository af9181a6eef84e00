"""What is measured side by side: a model file and the runtime that runs it."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import benchmarks
import triage
from triage.errors import MissingDependency, UnusableInput
from triage.model_file import read_model

BEST = "best"
WAYS = {
    BEST: "the runtime that `triage` chooses",
    "keras": "Keras: `predict` on a batch of one",
    "tensorflow": "TensorFlow's own interpreter",
    "tflite_runtime": "tflite_runtime, LiteRT's predecessor",
}
"""Way of running a model -> what it is."""


@dataclass(frozen=True)
class Candidate:
    """One row of a benchmark.

    Attributes:
        path: of the model.
        way: one of `WAYS`.
        python: interpreter of the measured process.
        file: displayed name of the file: its name, with as many parent folders as distinguish it from the others.
    """

    path: Path
    way: str = BEST
    python: str = sys.executable
    file: str = ""

    @property
    def name(self) -> str:
        """Displayed name of the candidate."""
        return self.file if self.way == BEST else f"{self.file} ({self.way})"


def candidates_of(
    models: Sequence[str | Path], also: Sequence[str] = (), tflite_python: str | None = None
) -> list[Candidate]:
    """List what is measured.

    Args:
        models: .tflite files, run by the best runtime, and .keras files, run by Keras.
        also: ways from `WAYS` in which the .tflite files are run, too. "keras" takes the `student.keras` beside them.
        tflite_python: a Python that has tflite_runtime; None takes this one.

    Raises:
        UnusableInput: an unknown way, a model of another kind, or no Keras model for "keras".
        MissingDependency: a way whose library is not installed.
    """
    if unknown := [way for way in also if way not in WAYS or way == BEST]:
        known = ", ".join(way for way in WAYS if way != BEST)
        raise UnusableInput(f"--also takes {known}. Received: {', '.join(unknown)}.")
    paths = [Path(model) for model in models]
    found = [Candidate(path, "keras" if path.suffix == ".keras" else BEST) for path in paths]
    plain = [path for path in paths if path.suffix != ".keras"]
    if "keras" in also and len(plain) == len(paths):
        beside = plain[0].parent / "student.keras"
        if not beside.is_file():
            raise UnusableInput(
                f"--also keras needs a .keras model. Received: none, and no {beside}. Give one as MODEL."
            )
        found.append(Candidate(beside, "keras"))
    found += [Candidate(path, "tensorflow") for path in plain if "tensorflow" in also]
    if "tflite_runtime" in also:
        if not tflite_python and find_spec("tflite_runtime") is None:
            raise MissingDependency(
                "tflite_runtime is not installed here, and needs numpy below 2. Give a Python that has it with "
                "--tflite-python: python3.11 -m venv old && old/bin/pip install 'tflite-runtime==2.14' 'numpy<2'"
            )
        found += [Candidate(path, "tflite_runtime", tflite_python or sys.executable) for path in plain]
    for candidate in found:
        _check(candidate)
    files = distinct_names([candidate.path for candidate in found])
    return list(dict.fromkeys(replace(candidate, file=files[candidate.path]) for candidate in found))


def distinct_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Name files by their last path components: by as few as make the names of different files differ."""
    parts = {path: path.absolute().parts for path in paths}
    names: dict[Path, str] = {}
    for count in range(1, max(map(len, parts.values())) + 1):
        names = {path: "/".join(its[-count:]) for path, its in parts.items()}
        if len(set(names.values())) == len(set(parts.values())):
            break
    return names


def _check(candidate: Candidate) -> None:
    """Refuse a wrong file before anything is measured."""
    if candidate.way == "keras":
        if not candidate.path.is_file():
            raise UnusableInput(f"The model file does not exist. Received: {candidate.path}.")
        if find_spec("tf_keras") is None:
            raise MissingDependency("Keras is not installed. Install it with: pip install 'skin-distill[train]'")
        return
    if candidate.way == "tensorflow" and find_spec("tensorflow") is None:
        raise MissingDependency("TensorFlow is not installed. Install it with: pip install 'skin-distill[train]'")
    read_model(candidate.path, card_required=False)


@contextmanager
def measuring_folder(candidate: Candidate) -> Iterator[Path | None]:
    """Yield the folder to start the candidate's Python in; None is the current one.

    Another Python finds copies of the two packages that measure there, and nothing else of this environment.
    """
    if candidate.python == sys.executable:
        yield None
        return
    with TemporaryDirectory() as folder:
        for package in (benchmarks, triage):
            source = Path(next(iter(package.__path__)))
            shutil.copytree(source, Path(folder) / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        yield Path(folder)
