"""The state of a training on disk, written after every epoch, whole or not at all."""

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skin_training.archives import read_archive
from triage.atomic import replacing
from triage.errors import UnusableInput

REMEDY = "Remove it to start this run again."


@dataclass
class TrainState:
    """Progress of a training, besides its arrays.

    Attributes:
        phase: number of the running phase.
        epoch: finished epochs of it.
        lowest_loss: lowest validation log loss of the phase.
        since_lowest: epochs since then.
        rate_scale: factor of the learning rate after plateaus.
        rows: one for each finished epoch, as in `metrics.csv`.
        kept_rows: numbers of the rows whose weights each phase keeps.
        seconds: of training, over all starts.
        phase_records: what the task recorded after each phase.
    """

    phase: int = 0
    epoch: int = 0
    lowest_loss: float = math.inf
    since_lowest: int = 0
    rate_scale: float = 1.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    kept_rows: list[int] = field(default_factory=list)
    seconds: float = 0.0
    phase_records: list[dict[str, Any]] = field(default_factory=list)

    def start_next_phase(self) -> None:
        """Count a phase as finished."""
        self.phase += 1
        self.epoch, self.lowest_loss, self.since_lowest, self.rate_scale = 0, math.inf, 0, 1.0

    def add_epoch(self, row: dict[str, Any], loss: float, keep: bool) -> None:
        """Count an epoch as finished; `keep` says whether its phase keeps its weights."""
        self.rows.append(row)
        self.epoch += 1
        self.since_lowest += 1
        if loss < self.lowest_loss:
            self.lowest_loss, self.since_lowest = loss, 0
        if keep:
            self.kept_rows = [n for n in self.kept_rows if self.rows[n]["phase"] != row["phase"]]
            self.kept_rows.append(len(self.rows) - 1)


class Checkpoint(NamedTuple):
    """Everything that a training resumes from.

    Attributes:
        state: its progress.
        weights: of the model.
        kept: weights that the phase ends with if it ends now, or those of the phase before.
        optimizer: the optimizer's variables; empty between phases.
    """

    state: TrainState
    weights: list[np.ndarray]
    kept: list[np.ndarray]
    optimizer: list[np.ndarray]


def save_checkpoint(path: Path, key: Any, checkpoint: Checkpoint) -> None:
    """Write a checkpoint as .npz, under a JSON-able key: everything that the training depends on."""
    arrays = {
        f"{name}_{number}": value
        for name in ("weights", "kept", "optimizer")
        for number, value in enumerate(getattr(checkpoint, name))
    }
    state = json.dumps({"key": _digest(key), **vars(checkpoint.state)}).encode()
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, state=np.frombuffer(state, np.uint8), **arrays)


def load_checkpoint(path: Path, key: Any) -> Checkpoint | None:
    """Read a checkpoint; None where there is none.

    Raises:
        UnusableInput: it cannot be read, or was written under another key.
    """
    if not path.is_file():
        return None
    arrays = read_archive(path, "The checkpoint", REMEDY)
    try:
        state = json.loads(arrays.pop("state").tobytes())
    except (ValueError, KeyError) as error:
        raise UnusableInput(f"This is not a checkpoint. Received: {path}: {error}. {REMEDY}") from error
    if state.pop("key") != _digest(key):
        raise UnusableInput(
            f"The checkpoint was made with another recipe, data set or teacher. Received: {path}. "
            "Choose another --run name, or remove that file to start again."
        )

    def gather(prefix: str) -> list[np.ndarray]:
        return [arrays[f"{prefix}_{n}"] for n in range(sum(name.startswith(f"{prefix}_") for name in arrays))]

    return Checkpoint(TrainState(**state), gather("weights"), gather("kept"), gather("optimizer"))


def _digest(key: Any) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
