"""The training loop that teacher and student share: phases, checkpoints after every epoch, resuming."""

import hashlib
import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from skin_data.progress import Progress, no_progress
from skin_training.archives import read_archive
from skin_training.dropout import reseed_dropout
from skin_training.recipe import Phase
from skin_training.strategy import agreed, split_batch
from triage.atomic import replacing
from triage.errors import CheckFailed, UnusableInput

log = logging.getLogger("skin_distill")

MONITOR = "balanced_accuracy"
PLATEAU_FACTOR = 0.5
"""Of the learning rate, after `Phase.plateau` epochs without a better one."""
# Weight decay is for the weights of convolutions and dense layers alone.
UNDECAYED = ["ccm_", "bias", "gamma", "beta"]
LARGEST_GRADIENT_NORM = 5.0


@dataclass
class Progressing:
    """What is saved after every epoch, besides arrays."""

    phase: int = 0
    epoch: int = 0
    best_score: float = -math.inf
    since_best: int = 0
    rate_scale: float = 1.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    best_rows: list[int] = field(default_factory=list)
    seconds: float = 0.0
    phase_records: list[dict[str, Any]] = field(default_factory=list)


def build_optimizer(model: keras.Model, phase: Phase) -> Any:
    """Return AdamW over the model's trainable variables; the CCM, biases and normalisation do not decay."""
    average = {"use_ema": True, "ema_momentum": phase.weight_average} if phase.weight_average else {}
    optimizer = keras.optimizers.AdamW(phase.learning_rate, weight_decay=phase.weight_decay, **average)
    optimizer.exclude_from_weight_decay(var_names=UNDECAYED)
    optimizer.build(model.trainable_variables)
    return optimizer


def training_step(
    model: keras.Model,
    loss: Callable[[Mapping[str, Any]], Any],
    optimizer: Any,
    strategy: tf.distribute.Strategy | None = None,
) -> Any:
    """Return `step(batch)`, compiled: one update of what is trainable now; it gives the loss, a scalar tensor.

    Over several replicas, each takes its part of the batch (`split_batch`), and gradients and loss are those of the
    whole; batch normalisation sees the part.
    """
    variables = model.trainable_variables
    strategy = strategy or tf.distribute.get_strategy()
    replicas, total = strategy.num_replicas_in_sync, tf.distribute.ReduceOp.SUM

    def of_replica(batch: Mapping[str, Any]) -> Any:
        with tf.GradientTape() as tape:
            value = loss(batch)
            if model.losses:
                value += tf.add_n(model.losses)
            value /= replicas
        gradients = tape.gradient(value, variables)
        if replicas > 1:
            gradients = tf.distribute.get_replica_context().all_reduce(total, gradients)
        gradients, _ = tf.clip_by_global_norm(gradients, LARGEST_GRADIENT_NORM)
        optimizer.apply_gradients(zip(gradients, variables, strict=True), skip_gradients_aggregation=True)
        return value

    @tf.function
    def step(batch: Any) -> Any:
        return strategy.reduce(total, strategy.run(of_replica, (batch,)), axis=None)

    return step


class Trainer:
    """Run phases of epochs on a model; after a kill, the same call goes on where the last whole epoch ended.

    Args:
        model: the model whose weights are trained and checkpointed.
        phases: in order. Each has its own AdamW and cosine schedule and starts from the best epoch of the one before.
        batches: `batches(phase_number, epoch)` gives the batches of one epoch, in an order that depends on nothing
            else. A batch is a dictionary of tensors with the key `image_ids`.
        steps: number of batches in an epoch.
        loss: `loss(batch)` gives the scalar training loss; traced once a phase.
        select: `select(phase)` sets what is trainable.
        validate: gives the validation figures after an epoch; `balanced_accuracy` decides which epoch is best.
        checkpoint: the file that holds the state.
        key: a JSON-able description of everything the result depends on; a checkpoint of another key is refused.
        stage: the word that stands in progress and log lines.
        seed: of the dropout's masks, which follow from it and the epoch.
        after_phase: `after_phase(phase)` is called with the phase's best weights in the model; what it returns,
            JSON-able, is kept in `state.phase_records`.
        describe: `describe(image_ids)` names the photos of a batch, for errors.
        progress: called as `progress(stage, done, total)` after every step.
        strategy: the model was built in its scope; every process of it runs the same.
    """

    def __init__(
        self,
        *,
        model: keras.Model,
        phases: Sequence[Phase],
        batches: Callable[[int, int], Iterable[Mapping[str, Any]]],
        steps: int,
        loss: Callable[[Mapping[str, Any]], Any],
        select: Callable[[Phase], Any],
        validate: Callable[[], dict[str, float]],
        checkpoint: Path,
        key: Any,
        stage: str,
        seed: int = 0,
        after_phase: Callable[[Phase], dict[str, Any]] = lambda phase: {},
        describe: Callable[[np.ndarray], str] = str,
        progress: Progress = no_progress,
        strategy: tf.distribute.Strategy | None = None,
    ):
        self.strategy = strategy or tf.distribute.get_strategy()
        self.model, self.phases, self.batches, self.steps = model, tuple(phases), batches, steps
        self.loss, self.select, self.validate = loss, select, validate
        self.seed, self.after_phase = seed, after_phase
        self.checkpoint, self.stage, self.describe, self.progress = Path(checkpoint), stage, describe, progress
        self.key = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        self.begun = time.perf_counter()
        self.state = Progressing()
        self.best: list[np.ndarray] = []

    def run(self) -> list[dict[str, Any]]:
        """Train what is left and load the best weights of the last phase into the model.

        Returns:
            One row per phase and epoch, with `phase`, `epoch`, `loss`, `learning_rate`, `seconds`, `best` and the
            validation figures.

        Raises:
            UnusableInput: the checkpoint belongs to another recipe or data, or cannot be read.
            CheckFailed: the loss is no longer a finite number.
        """
        optimizer_values = self._restore()
        while self.state.phase < len(self.phases):
            self._run_phase(self.phases[self.state.phase], optimizer_values)
            optimizer_values = None
            self.model.set_weights(self.best)
            self.state.phase_records.append(self.after_phase(self.phases[self.state.phase]))
            self.state.phase += 1
            self.state.epoch, self.state.best_score, self.state.since_best = 0, -math.inf, 0
            self.state.rate_scale = 1.0
            self._save(None)
        if self.best:
            self.model.set_weights(self.best)
        best = set(self.state.best_rows)
        return [{**row, "best": number in best} for number, row in enumerate(self.state.rows)]

    def _run_phase(self, phase: Phase, optimizer_values: list[np.ndarray] | None) -> None:
        self.select(phase)
        with self.strategy.scope():
            optimizer = build_optimizer(self.model, phase)
        if optimizer_values is not None:
            for variable, value in zip(optimizer.variables, optimizer_values, strict=True):
                variable.assign(value)

        step = training_step(self.model, self.loss, optimizer, self.strategy)
        while self.state.epoch < phase.epochs:
            if phase.patience and self.state.since_best >= phase.patience:
                log.info("%s: phase %s ends early: %d epochs without a better one", self.stage, phase.name,
                         phase.patience)  # fmt: skip
                break
            self._run_epoch(phase, optimizer, step)
            self._save(optimizer)

    def _run_epoch(self, phase: Phase, optimizer: Any, step: Callable[[Any], Any]) -> None:
        state, begun, losses = self.state, time.perf_counter(), []
        label = f"{self.stage}: {phase.name}, epoch {state.epoch + 1} of {phase.epochs}"
        reseed_dropout(self.model, self.seed, len(state.rows))
        for number, batch in enumerate(self.batches(state.phase, state.epoch)):
            done = state.epoch * self.steps + number
            rate = learning_rate(phase, done, phase.epochs * self.steps) * state.rate_scale
            optimizer.learning_rate.assign(rate)
            losses.append(float(step(split_batch(self.strategy, batch))))
            if not math.isfinite(losses[-1]):
                raise CheckFailed(
                    f"The loss became {losses[-1]} in phase {phase.name}, epoch {state.epoch + 1}, step {number + 1}. "
                    f"The batch's photos: {self.describe(np.asarray(batch['image_ids']))}. Try a smaller "
                    "learning rate, or look at these photos. The epochs before are kept."
                )
            self.progress(label, number + 1, self.steps)
        with self._averaged(optimizer):
            figures = agreed(self.strategy, self.validate())
            candidate = self.model.get_weights() if figures[MONITOR] > state.best_score else []
        state.rows.append(
            {
                "phase": phase.name,
                "epoch": state.epoch + 1,
                "loss": float(np.mean(losses)),
                "learning_rate": float(optimizer.learning_rate.numpy()),
                **{f"val_{name}": value for name, value in figures.items()},
                "seconds": round(time.perf_counter() - begun, 2),
            }
        )
        state.epoch += 1
        if candidate:
            state.best_score, state.since_best = figures[MONITOR], 0
            state.best_rows = [n for n in state.best_rows if state.rows[n]["phase"] != phase.name]
            state.best_rows.append(len(state.rows) - 1)
            self.best = candidate
        else:
            state.since_best += 1
            if phase.plateau and state.since_best % phase.plateau == 0:
                state.rate_scale *= PLATEAU_FACTOR
        shown = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in figures.items())
        log.info("%s: loss %.3f; validation %s", label, state.rows[-1]["loss"], shown)

    @contextmanager
    def _averaged(self, optimizer: Any) -> Iterator[None]:
        """Put the average of the weights into the model, where the phase keeps one, and take it out again."""
        if not optimizer.use_ema:
            yield
            return
        trained = self.model.get_weights()
        optimizer.finalize_variable_values(self.model.trainable_variables)
        try:
            yield
        finally:
            self.model.set_weights(trained)

    def _save(self, optimizer: Any | None) -> None:
        now = time.perf_counter()
        self.state.seconds, self.begun = self.state.seconds + now - self.begun, now
        arrays = {f"weights_{n}": value for n, value in enumerate(self.model.get_weights())}
        arrays |= {f"best_{n}": value for n, value in enumerate(self.best)}
        if optimizer is not None:
            arrays |= {f"optimizer_{n}": variable.numpy() for n, variable in enumerate(optimizer.variables)}
        state = json.dumps({"key": self.key, **vars(self.state)}).encode()
        with replacing(self.checkpoint) as temporary, open(temporary, "wb") as file:
            np.savez(file, state=np.frombuffer(state, np.uint8), **arrays)

    def _restore(self) -> list[np.ndarray] | None:
        if not self.checkpoint.is_file():
            return None
        remedy = "Remove it to start this run again."
        arrays = read_archive(self.checkpoint, "The checkpoint", remedy)
        try:
            state = json.loads(arrays.pop("state").tobytes())
        except (ValueError, KeyError) as error:
            raise UnusableInput(f"This is no checkpoint. Received: {self.checkpoint}: {error}. {remedy}") from error
        if state.pop("key") != self.key:
            raise UnusableInput(
                f"The checkpoint was made with another recipe, data set or teacher. Received: {self.checkpoint}. "
                "Choose another --run name, or remove that file to start again."
            )

        def gather(prefix: str) -> list[np.ndarray]:
            return [arrays[f"{prefix}_{n}"] for n in range(sum(name.startswith(f"{prefix}_") for name in arrays))]

        self.state, self.best = Progressing(**{**state, "best_score": float(state["best_score"])}), gather("best")
        self.model.set_weights(gather("weights"))
        if self.state.phase < len(self.phases):
            log.info("%s: going on in phase %s after epoch %d", self.stage, self.phases[self.state.phase].name,
                     self.state.epoch)  # fmt: skip
        return gather("optimizer") or None


def learning_rate(phase: Phase, step: int, steps: int) -> float:
    """Return the rate of one step: a linear warm-up, then a cosine (Loshchilov and Hutter 2017).

    Args:
        phase: peak, final rate and share of warm-up.
        step: number of the step, from 0.
        steps: steps in the whole phase.
    """
    warm = int(phase.warmup * steps)
    if step < warm:
        return phase.learning_rate * (step + 1) / warm
    share = (step - warm) / max(1, steps - warm)
    fall = 0.5 * (1 + math.cos(math.pi * share))
    return phase.final_learning_rate + (phase.learning_rate - phase.final_learning_rate) * fall
