"""What is measured side by side: a model file and the way a person would run it."""

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
class Contender:
    """One line of a benchmark.

    Attributes:
        path: of the model.
        way: one of `WAYS`.
        python: interpreter of the measured process.
        file: how tables call the model: its name, with as much of its folders as tells it from the others.
    """

    path: Path
    way: str = BEST
    python: str = sys.executable
    file: str = ""

    @property
    def name(self) -> str:
        """How tables call the contender."""
        return self.file if self.way == BEST else f"{self.file} ({self.way})"


def contenders_of(
    models: Sequence[Path], also: Sequence[str] = (), tflite_python: str | None = None
) -> list[Contender]:
    """Who competes.

    Args:
        models: .tflite files, run by the best runtime, and .keras files, run by Keras.
        also: ways out of `WAYS` in which the .tflite files are run, too. "keras" takes the `student.keras` beside them.
        tflite_python: a Python that has tflite_runtime; None takes this one.

    Raises:
        UnusableInput: an unknown way, a model of another kind, or no Keras model where one was asked for.
        MissingDependency: a way whose library is not installed.
    """
    if unknown := [way for way in also if way not in WAYS or way == BEST]:
        known = ", ".join(way for way in WAYS if way != BEST)
        raise UnusableInput(f"--also takes {known}. Received: {', '.join(unknown)}.")
    models = [Path(model) for model in models]
    found = [Contender(model, "keras" if model.suffix == ".keras" else BEST) for model in models]
    plain = [model for model in models if model.suffix != ".keras"]
    if "keras" in also and len(plain) == len(models):
        beside = plain[0].parent / "student.keras"
        if not beside.is_file():
            raise UnusableInput(
                f"Keras needs a .keras model. Received: none, and no {beside}. Give one beside the others."
            )
        found.append(Contender(beside, "keras"))
    found += [Contender(model, "tensorflow") for model in plain if "tensorflow" in also]
    if "tflite_runtime" in also:
        if not tflite_python and find_spec("tflite_runtime") is None:
            raise MissingDependency(
                "tflite_runtime is not installed here, and needs numpy below 2. Give a Python that has it with "
                "--tflite-python: python3.11 -m venv old && old/bin/pip install 'tflite-runtime==2.14' 'numpy<2'"
            )
        found += [Contender(model, "tflite_runtime", tflite_python or sys.executable) for model in plain]
    for contender in found:
        _check(contender)
    files = unlike_names([contender.path for contender in found])
    return list(dict.fromkeys(replace(contender, file=files[contender.path]) for contender in found))


def unlike_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Name files by their last parts: by one, or by as many as make the names of different files different."""
    parts = {path: path.absolute().parts for path in paths}
    names: dict[Path, str] = {}
    for count in range(1, max(map(len, parts.values())) + 1):
        names = {path: "/".join(its[-count:]) for path, its in parts.items()}
        if len(set(names.values())) == len(set(parts.values())):
            break
    return names


def _check(contender: Contender) -> None:
    """Tell a wrong file before anything is measured."""
    if contender.way == "keras":
        if not contender.path.is_file():
            raise UnusableInput(f"The model file does not exist. Received: {contender.path}.")
        if find_spec("tf_keras") is None:
            raise MissingDependency("Keras is not installed. Install it with: pip install 'skin-distill[train]'")
        return
    if contender.way == "tensorflow" and find_spec("tensorflow") is None:
        raise MissingDependency("TensorFlow is not installed. Install it with: pip install 'skin-distill[train]'")
    read_model(contender.path, card_required=False)


@contextmanager
def measuring_folder(contender: Contender) -> Iterator[Path | None]:
    """Folder to start the contender's Python in; None is here.

    Another Python than this one finds copies of the two packages that measure there, and no other package of this one.
    """
    if contender.python == sys.executable:
        yield None
        return
    with TemporaryDirectory() as folder:
        for package in (benchmarks, triage):
            source = Path(next(iter(package.__path__)))
            shutil.copytree(source, Path(folder) / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        yield Path(folder)
