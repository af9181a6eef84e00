"""The training loop: phases of epochs, a checkpoint after each epoch, resuming."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from skin_data.progress import Progress, no_progress
from skin_training.checkpoint import Checkpoint, TrainState, load_checkpoint, save_checkpoint
from skin_training.dropout import reseed_dropout
from skin_training.optimization import build_optimizer, learning_rate, training_step
from skin_training.recipe import Phase
from skin_training.report_types import KeptEpoch
from skin_training.strategy import agreed, split_batch
from skin_training.task import Task
from triage.errors import CheckFailed

log = logging.getLogger("skin_distill")

MONITOR = "log_loss"
"""Validation metric of early stopping and plateaus: every photo moves it, so small classes decide less."""
PLATEAU_FACTOR = 0.5
"""Of the learning rate, after `Phase.plateau` epochs without a lower log loss."""


class Trainer:
    """Train a task through its phases; after a kill, the same call resumes after the last whole epoch.

    Each phase has its own AdamW and cosine schedule and starts from the weights that the one before ended with: those
    of its last epoch (averaged where it has `weight_average`), since choosing among the epochs of a decayed schedule
    mostly follows noise. A phase with `patience` ends with the epoch of the lowest validation log loss.

    Args:
        task: what is trained.
        checkpoint: the file that holds the state.
        key: JSON-able; everything that the result depends on. A checkpoint with another key is refused.
        name: first word of progress and log lines.
        progress: called as `progress(what, done, total)` after every step.
        strategy: the model was built in its scope; every process of it runs the same.
    """

    def __init__(
        self,
        task: Task,
        checkpoint: Path,
        key: Any,
        name: str,
        progress: Progress = no_progress,
        strategy: tf.distribute.Strategy | None = None,
    ):
        self.task, self.checkpoint, self.key, self.name, self.progress = task, checkpoint, key, name, progress
        self.strategy = strategy or tf.distribute.get_strategy()
        self.begun = time.perf_counter()
        self.state = TrainState()
        self.kept: list[np.ndarray] = []

    def run(self) -> list[dict[str, Any]]:
        """Train what is left; the model ends with the weights of the last phase.

        Returns:
            One row per phase and epoch, with `phase`, `epoch`, `loss`, `learning_rate`, `seconds`, `kept` and the
            validation metrics, `val_...`.

        Raises:
            UnusableInput: the checkpoint has another key or cannot be read.
            CheckFailed: the loss is NaN or inf.
        """
        state, model, phases = self.state, self.task.model, self.task.phases
        optimizer_values: list[np.ndarray] = []
        if (found := load_checkpoint(self.checkpoint, self.key)) is not None:
            state = self.state = found.state
            self.kept, optimizer_values = found.kept, found.optimizer
            model.set_weights(found.weights)
            if state.phase < len(phases):
                log.info("%s: resuming phase %s after epoch %d", self.name, phases[state.phase].name, state.epoch)
        while state.phase < len(phases):
            self._run_phase(phases[state.phase], optimizer_values)
            optimizer_values = []
            model.set_weights(self.kept)
            state.phase_records.append(self.task.record(state))
            state.start_next_phase()
            self._save(None)
        if self.kept:
            model.set_weights(self.kept)
        kept = set(state.kept_rows)
        return [{**row, "kept": number in kept} for number, row in enumerate(state.rows)]

    def _run_phase(self, phase: Phase, optimizer_values: list[np.ndarray]) -> None:
        self.task.select(phase)
        with self.strategy.scope():
            optimizer = build_optimizer(self.task.model, phase)
        if optimizer_values:
            for variable, value in zip(optimizer.variables, optimizer_values, strict=True):
                variable.assign(value)
        step = training_step(self.task.model, self.task.loss, optimizer, self.strategy)
        while self.state.epoch < phase.epochs:
            if phase.patience and self.state.since_lowest >= phase.patience:
                log.info(
                    "%s: phase %s ends early: no lower log loss in %d epochs", self.name, phase.name, phase.patience
                )
                break
            self._run_epoch(phase, optimizer, step)
            self._save(optimizer)

    def _run_epoch(self, phase: Phase, optimizer: keras.optimizers.Optimizer, step: Callable[[Any], tf.Tensor]) -> None:
        state, begun, losses, steps = self.state, time.perf_counter(), [], self.task.steps
        label = f"{self.name}: {phase.name}, epoch {state.epoch + 1} of {phase.epochs}"
        reseed_dropout(self.task.model, self.task.seed, len(state.rows))
        for number, batch in enumerate(self.task.batches(state)):
            rate = learning_rate(phase, state.epoch * steps + number, phase.epochs * steps) * state.rate_scale
            optimizer.learning_rate.assign(rate)
            losses.append(float(step(split_batch(self.strategy, batch))))
            if not math.isfinite(losses[-1]):
                raise CheckFailed(
                    f"The loss became {losses[-1]} in phase {phase.name}, epoch {state.epoch + 1}, step {number + 1}. "
                    f"Photos of the batch: {self.task.describe(np.asarray(batch['image_ids']))}. Try a smaller "
                    "learning rate, or look at these photos. Earlier epochs are kept."
                )
            self.progress(label, number + 1, steps)
        with self._averaged(optimizer):
            metrics = agreed(self.strategy, self.task.validate())
            better = metrics[MONITOR] < state.lowest_loss
            if better or not phase.patience:
                self.kept = self.task.model.get_weights()
        row = {
            "phase": phase.name,
            "epoch": state.epoch + 1,
            "loss": float(np.mean(losses)),
            "learning_rate": float(optimizer.learning_rate.numpy()),
            **{f"val_{name}": value for name, value in metrics.items()},
            "seconds": round(time.perf_counter() - begun, 2),
        }
        state.add_epoch(row, metrics[MONITOR], keep=better or not phase.patience)
        if phase.plateau and not better and state.since_lowest % phase.plateau == 0:
            state.rate_scale *= PLATEAU_FACTOR
        shown = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in metrics.items())
        log.info("%s: loss %.3f; validation %s", label, row["loss"], shown)

    @contextmanager
    def _averaged(self, optimizer: keras.optimizers.Optimizer) -> Iterator[None]:
        """Validate the moving average of the weights where the phase keeps one; training goes on without it."""
        if not optimizer.use_ema:
            yield
            return
        model = self.task.model
        trained = model.get_weights()
        optimizer.finalize_variable_values(model.trainable_variables)
        try:
            yield
        finally:
            model.set_weights(trained)

    def _save(self, optimizer: keras.optimizers.Optimizer | None) -> None:
        now = time.perf_counter()
        self.state.seconds, self.begun = self.state.seconds + now - self.begun, now
        values = [] if optimizer is None else [variable.numpy() for variable in optimizer.variables]
        save_checkpoint(
            self.checkpoint, self.key, Checkpoint(self.state, self.task.model.get_weights(), self.kept, values)
        )


def kept_epochs(rows: Iterable[Mapping[str, Any]]) -> list[KeptEpoch]:
    """Return `phase`, `epoch` and `val_balanced_accuracy` of the epochs kept, from rows of `Trainer.run`."""
    return [
        {"phase": row["phase"], "epoch": row["epoch"], "val_balanced_accuracy": row["val_balanced_accuracy"]}
        for row in rows
        if row["kept"]
    ]
