"""Trainings under kills: what a start finds, and must neither lose nor repeat."""

import csv
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skin_training.recipe import Phase
from skin_training.run_folder import RunFolder
from tests.stress.kills.job import Job, Record, files_of, without_times

CHECKPOINT = "-checkpoint.npz"
HASHED = (".keras", ".tflite", ".npy", ".npz")


class Training(NamedTuple):
    """One of a job's trainings.

    Attributes:
        stage: its name in progress calls.
        name: of its checkpoint, a pattern of `Path.glob`.
        phases: of the training.
    """

    stage: str
    name: str
    phases: Sequence[Phase]


class TrainingJob(Job):
    """A command that trains, checked epoch by epoch and view by view.

    A checkpoint is at any moment bit for bit one of the undisturbed run, so that worse weights never replace the best.
    No saved epoch or view of stored teacher predictions is repeated, and a kill loses only the one in progress.

    Attributes:
        run_name: name of the run.
        trainings: in order.
        answers_of: name of the run with which teacher predictions are stored; "" if none are.
        views: of each photo.
    """

    run_name: str
    trainings: tuple[Training, ...]
    answers_of = ""
    views = 0

    def describe(self, file: Path, target: str) -> dict[str, Any]:
        return {"checkpoint": digest_of_checkpoint(file)[0]} if target.endswith(CHECKPOINT) else {}

    def state(self, root: Path) -> dict[str, Any]:
        """Return `checkpoints` (digest and epochs by stage) and the number of `views` with stored predictions."""
        checkpoints = {}
        for stage, name, _ in self.trainings:
            for path in root.glob(f"artifacts/{self.run_name}/{name}{CHECKPOINT}"):
                digest, state = digest_of_checkpoint(path)
                checkpoints[stage] = digest, len(state["rows"])
        answered = root.glob(f"artifacts/{self.answers_of}/answers/*/view-*.npz") if self.answers_of else ()
        return {"checkpoints": checkpoints, "views": len(list(answered))}

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        after, known = self.state(root), {r["checkpoint"] for r in alone if "checkpoint" in r}
        faults = [
            f"the checkpoint of '{stage}' after {epochs} epochs is another"
            for stage, (digest, epochs) in after["checkpoints"].items()
            if digest not in known
        ]
        for stage, _, phases in self.trainings:
            begun = epochs_begun(stage, phases, records)
            saved = before["checkpoints"].get(stage, ("", 0))[1]
            if begun and begun[0] != saved:
                faults.append(f"'{stage}' began with epoch {begun[0] + 1}, saved were {saved}")
            # A run that has ended may have no checkpoint any more.
            if begun and stage in after["checkpoints"] and after["checkpoints"][stage][1] < begun[-1]:
                faults.append(f"an epoch of '{stage}' before the running one was lost")
        if answered := _answered(records):
            photos = max(_answered(alone)) // self.views
            first, last = ((done - 1) // photos for done in (answered[0], answered[-1]))
            if first != before["views"]:
                faults.append(f"view {first + 1} was answered first, answered already were {before['views']}")
            if after["views"] < last:
                faults.append("a view's answers before the one under way were lost")
        return faults

    def result(self, root: Path) -> dict[str, Any]:
        """Return metrics, report, and the files of the run, models and arrays by hash."""
        experiment = RunFolder(self.run_name, root).experiment
        with open(experiment / "metrics.csv", newline="") as file:
            rows = without_times(list(csv.DictReader(file)))
        return {
            "metrics.csv": rows,
            "report.json": without_times(json.loads((experiment / "report.json").read_text())),
            "weights.txt": (experiment / "weights.txt").read_text(),
            # A checkpoint contains durations.
            "files": files_of(root, lambda path: path.suffix in HASHED and not path.name.endswith(CHECKPOINT)),
        }


def epochs_begun(stage: str, phases: Sequence[Phase], records: Sequence[Record]) -> list[int]:
    """Return the numbers, from 0 through all phases, of the epochs that an attempt began."""
    epochs = [f"{phase.name} {number + 1}" for phase in phases for number in range(phase.epochs)]
    shown = (re.fullmatch(rf"{stage}: (.*), epoch (\d+) of \d+", r["stage"]) for r in records if "stage" in r)
    return [epochs.index(f"{found[1]} {found[2]}") for found in shown if found]


def digest_of_checkpoint(path: Path) -> tuple[str, dict[str, Any]]:
    """Return a hash of a checkpoint without times, and its state."""
    with np.load(path) as stored:
        state = json.loads(stored["state"].tobytes())
        digest = hashlib.sha256(json.dumps(without_times(state), sort_keys=True).encode())
        for name in sorted(set(stored.files) - {"state"}):
            digest.update(name.encode() + stored[name].tobytes())
    return digest.hexdigest(), state


def _answered(records: Sequence[Record]) -> list[int]:
    return [record["done"] for record in records if record.get("stage") == "teacher's predictions"]
