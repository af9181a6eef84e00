"""Trainings under kills: what a start finds, and what it must neither lose nor compute again."""

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
        stage: the word in its progress calls.
        name: of its checkpoint; a pattern as `Path.glob` has them.
        phases: that it goes through.
    """

    stage: str
    name: str
    phases: Sequence[Phase]


class TrainingJob(Job):
    """A command that trains, and is watched epoch by epoch and view by view.

    A checkpoint must at any moment be, bit for bit, one that the run left alone wrote: so the best weights are never
    replaced by worse ones. No epoch and no view of stored answers that is kept is computed again, and a kill loses
    none but the one under way.

    Attributes:
        run_name: name of the run.
        trainings: in order.
        answers_of: name of the run with which answers are stored; "" where none are.
        views: of each photo that are answered.
    """

    run_name: str
    trainings: tuple[Training, ...]
    answers_of = ""
    views = 0

    def describe(self, file: Path, target: str) -> dict[str, Any]:
        """Give a checkpoint's digest."""
        return {"checkpoint": digest_of_checkpoint(file)[0]} if target.endswith(CHECKPOINT) else {}

    def state(self, root: Path) -> dict[str, Any]:
        """Return under `checkpoints` digest and epochs of each by its stage, and the number of `views` answered."""
        checkpoints = {}
        for stage, name, _ in self.trainings:
            for path in root.glob(f"artifacts/{self.run_name}/{name}{CHECKPOINT}"):
                digest, state = digest_of_checkpoint(path)
                checkpoints[stage] = digest, len(state["rows"])
        answered = root.glob(f"artifacts/{self.answers_of}/answers/*/view-*.npz") if self.answers_of else ()
        return {"checkpoints": checkpoints, "views": len(list(answered))}

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        """Look for other checkpoints, and for epochs and views computed again or lost."""
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
        """Return metrics, report, and the files of the run, models and arrays by their hash."""
        experiment = RunFolder(self.run_name, root).experiment
        with open(experiment / "metrics.csv", newline="") as file:
            rows = without_times(list(csv.DictReader(file)))
        return {
            "metrics.csv": rows,
            "report.json": without_times(json.loads((experiment / "report.json").read_text())),
            "weights.txt": (experiment / "weights.txt").read_text(),
            # A checkpoint that stays tells how long it took.
            "files": files_of(root, lambda path: path.suffix in HASHED and not path.name.endswith(CHECKPOINT)),
        }


def epochs_begun(stage: str, phases: Sequence[Phase], records: Sequence[Record]) -> list[int]:
    """Return the number of each epoch whose first steps stand in an attempt's records, from 0 through all phases."""
    epochs = [f"{phase.name} {number + 1}" for phase in phases for number in range(phase.epochs)]
    shown = (re.fullmatch(rf"{stage}: (.*), epoch (\d+) of \d+", r["stage"]) for r in records if "stage" in r)
    return [epochs.index(f"{found[1]} {found[2]}") for found in shown if found]


def digest_of_checkpoint(path: Path) -> tuple[str, dict[str, Any]]:
    """Return a hash of everything in a checkpoint but times, and its state."""
    with np.load(path) as stored:
        state = json.loads(stored["state"].tobytes())
        digest = hashlib.sha256(json.dumps(without_times(state), sort_keys=True).encode())
        for name in sorted(set(stored.files) - {"state"}):
            digest.update(name.encode() + stored[name].tobytes())
    return digest.hexdigest(), state


def _answered(records: Sequence[Record]) -> list[int]:
    return [record["done"] for record in records if record.get("stage") == "teacher's answers"]
