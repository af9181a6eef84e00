"""Trainings under kills: a checkpoint is always a whole one, no saved epoch is trained again, none is lost."""

import csv
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.kills.job import Job, Record, files_of, without_times
from teacher.recipe import Phase
from teacher.run_folder import RunFolder

CHECKPOINT = "-checkpoint.npz"


class Training(NamedTuple):
    """One of a job's trainings.

    Attributes:
        stage: the word in its progress calls.
        name: of its checkpoint.
        phases: that it goes through.
    """

    stage: str
    name: str
    phases: Sequence[Phase]


class TrainingJob(Job):
    """A command that trains, and is watched epoch by epoch.

    A checkpoint must at any moment be, bit for bit, one that the run left alone wrote: so the best weights are never
    replaced by worse ones.

    Attributes:
        run_name: name of the run.
        section: of the report.
        trainings: in order.
    """

    run_name: str
    section: str
    trainings: tuple[Training, ...]
    tail = "metrics"  # metrics.csv comes after the last epoch

    def describe(self, file: Path, target: str) -> dict[str, Any]:
        """Give a checkpoint's digest."""
        return {"checkpoint": digest_of_checkpoint(file)[0]} if target.endswith(CHECKPOINT) else {}

    def state(self, root: Path) -> dict[str, Any]:
        """Return under `checkpoints` digest and number of epochs of each checkpoint, by stage."""
        return {"checkpoints": self._checkpoints(root)}

    def _checkpoints(self, root: Path) -> dict[str, tuple[str, int]]:
        run, found = RunFolder(self.run_name, root), {}
        for training in self.trainings:
            path = run.checkpoint(training.name)
            if path.is_file():
                digest, state = digest_of_checkpoint(path)
                found[training.stage] = digest, len(state["rows"])
        return found

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        """Look for other checkpoints, epochs trained again and epochs lost."""
        known, after = {r["checkpoint"] for r in alone if "checkpoint" in r}, self._checkpoints(root)
        faults = [
            f"the checkpoint of '{stage}' after {epochs} epochs is another"
            for stage, (digest, epochs) in after.items()
            if digest not in known
        ]
        for stage, _, phases in self.trainings:
            begun = epochs_begun(stage, phases, records)
            saved = before["checkpoints"].get(stage, ("", 0))[1]
            if begun and begun[0] != saved:
                faults.append(f"'{stage}' began with epoch {begun[0] + 1}, saved were {saved}")
            # A run that has ended has no checkpoint any more.
            if begun and stage in after and after[stage][1] < begun[-1]:
                faults.append(f"an epoch of '{stage}' before the running one was lost")
        return faults

    def result(self, root: Path) -> dict[str, Any]:
        """Return metrics, report, and the files of the run, models by their hash."""
        experiment = RunFolder(self.run_name, root).experiment
        with open(experiment / "metrics.csv", newline="") as file:
            rows = without_times(list(csv.DictReader(file)))
        return {
            "metrics.csv": rows,
            "report.json": without_times(json.loads((experiment / "report.json").read_text())[self.section]),
            "weights.txt": (experiment / "weights.txt").read_text(),
            "files": files_of(root, lambda path: path.suffix in (".keras", ".npy", ".npz")),
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
