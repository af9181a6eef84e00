"""What a sweep of kills needs to know about a command."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from skin_data.progress import Progress

Record = Mapping[str, Any]
"""A line of an attempt's log: `stage` and `done` of a progress call; or `placed`, the path below the root that a file
is about to be renamed to, and what `Job.describe` says about it; or, at the end, the counts of `moments` and `tail`."""
TIMES = ("seconds",)


class Job(ABC):
    """A command on a small input, for `tests.stress.kills.sweep`.

    Attributes:
        tail: the first file operation on a path that contains this begins the tail, in which results are written; half
            of the kills fall there.
        left_over: half-written files that one kill may leave; the next start removes them.
    """

    tail: str
    left_over = 1

    @abstractmethod
    def load(self) -> None:
        """Import what the command needs, but run no TensorFlow operation: its threads would not survive a fork."""

    @abstractmethod
    def make_material(self, folder: Path) -> None:
        """Write the command's input, once."""

    def lay_out(self, material: Path, root: Path) -> None:
        """Make a run's folder, with what it needs before its first start."""
        root.mkdir(parents=True)

    @abstractmethod
    def run(self, material: Path, root: Path, progress: Progress) -> None:
        """Run or resume the command."""

    def describe(self, file: Path, target: str) -> dict[str, Any]:
        """Return what to record about a file that is about to be renamed to a target."""
        return {}

    def state(self, root: Path) -> Any:
        """Return what a start finds, for `faults`."""
        return None

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        """Return what an attempt did wrong, such as repeating finished work.

        Args:
            root: of the run, as the attempt left it.
            before: `state` before the attempt.
            records: of the attempt.
            alone: those of the undisturbed run.
        """
        return []

    @abstractmethod
    def result(self, root: Path) -> dict[str, Any]:
        """Return by name what finished runs are compared by, without times."""


def without_times(value: Any) -> Any:
    """Return a JSON-able value without durations, at any depth."""
    if isinstance(value, Mapping):
        return {key: without_times(part) for key, part in value.items() if key not in TIMES}
    return [without_times(part) for part in value] if isinstance(value, list | tuple) else value


def files_of(root: Path, hashed: Callable[[Path], bool]) -> dict[str, str]:
    """Return the SHA-256 of each file below a folder by relative path; "" where only its presence counts."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() if hashed(path) else ""
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
