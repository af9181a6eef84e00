"""What is measured side by side: a model file and the runtime that runs it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

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
    """One row of a benchmark: a model, one of `WAYS`, and the file's name with as many folders as distinguish it."""

    path: Path
    way: str = BEST
    file: str = ""

    @property
    def name(self) -> str:
        """Displayed name of the candidate."""
        return self.file if self.way == BEST else f"{self.file} ({self.way})"


def candidates_of(models: Sequence[str | Path], also: Sequence[str] = ()) -> list[Candidate]:
    """List what is measured: .tflite files, run by the best runtime and `also` in other `WAYS`, and .keras files.

    "keras" takes the `student.keras` beside the files.

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
    found += [Candidate(path, way) for way in ("tensorflow", "tflite_runtime") if way in also for path in plain]
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
    library = {"keras": "tf_keras"}.get(candidate.way, candidate.way)
    if candidate.way != BEST and find_spec(library) is None:
        extra = "tflite-runtime" if candidate.way == "tflite_runtime" else "train"
        raise MissingDependency(f"{library} is not installed. Install it with: pip install 'skin-distill[{extra}]'")
    if candidate.way != "keras":
        read_model(candidate.path, card_required=False)
    elif not candidate.path.is_file():
        raise UnusableInput(f"The model file does not exist. Received: {candidate.path}.")
