"""What a sweep of kills has to know of a command."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from skin_data.progress import Progress

Record = Mapping[str, Any]
"""A line of an attempt's log: `stage` and `done` of a progress call; or `placed`, the path under the root that a file
is about to take, and what `Job.describe` says of it; or, at the end, the counts of `moments` and of the `tail`."""
TIMES = ("seconds",)


class Job(ABC):
    """A command on a small input, for `tests.stress.kills.sweep`.

    Attributes:
        tail: a path with this in it begins the tail, in which results are written; half of the kills fall there.
        left_over: half-written files that one kill may leave; the next start removes them.
    """

    tail: str
    left_over = 1

    @abstractmethod
    def load(self) -> None:
        """Import what the command needs and nothing else: what TensorFlow starts with its first operation would not
        survive the forks of a sweep.
        """

    @abstractmethod
    def make_material(self, folder: Path) -> None:
        """Write what the command is given, once; runs in a process of its own."""

    def lay_out(self, material: Path, root: Path) -> None:
        """Make a run's folder, with what it needs before its first start."""
        root.mkdir(parents=True)

    @abstractmethod
    def run(self, material: Path, root: Path, progress: Progress) -> None:
        """Run the command, or go on with it; runs in a process of its own."""

    def describe(self, file: Path, target: str) -> dict[str, Any]:
        """Say what is worth a record of a file that is about to be renamed to a target."""
        return {}

    def state(self, root: Path) -> Any:
        """Return what a start finds, for `faults`."""
        return None

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        """Say what an attempt did that it must not, such as work that was done already.

        Args:
            root: of the run, as the attempt left it.
            before: what `state` returned before the attempt.
            records: of the attempt.
            alone: those of the run that was left alone.
        """
        return []

    @abstractmethod
    def result(self, root: Path) -> dict[str, Any]:
        """Return by name what a run that has ended is compared by, times left out."""


def without_times(value: Any) -> Any:
    """Return a JSON-able value without the entries that say how long something took, however deep they lie."""
    if isinstance(value, Mapping):
        return {key: without_times(part) for key, part in value.items() if key not in TIMES}
    return [without_times(part) for part in value] if isinstance(value, list | tuple) else value


def files_of(root: Path, hashed: Callable[[Path], bool]) -> dict[str, str]:
    """Return the SHA-256 of each file under a folder by its path there, or "" where only its being there counts."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() if hashed(path) else ""
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }
