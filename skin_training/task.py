"""What a training learns; `skin_training.training.Trainer` runs it."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
import tf_keras as keras

from skin_training.checkpoint import TrainState
from skin_training.recipe import Phase

Batch = Mapping[str, Any]


class Task(Protocol):
    """Model, batches, loss, trainable variables and validation of one training.

    Attributes:
        model: its weights are trained and checkpointed.
        phases: in order; each starts from the weights that the one before ended with.
        seed: of the dropout masks.
    """

    model: keras.Model
    phases: Sequence[Phase]
    seed: int

    @property
    @abstractmethod
    def steps(self) -> int:
        """Number of batches in an epoch."""

    @abstractmethod
    def select(self, phase: Phase) -> None:
        """Set which variables of the model a phase trains; called once before each phase, also on resuming."""

    @abstractmethod
    def batches(self, state: TrainState) -> Iterable[Batch]:
        """Yield the batches of the next epoch, a function of the state alone.

        Each is a dictionary of tensors with `image_ids` int64 [n].
        """

    @abstractmethod
    def loss(self, batch: Batch) -> tf.Tensor:
        """Return the scalar training loss without the model's regularisation; traced once a phase."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Measure the model after an epoch; early stopping watches `log_loss`."""

    def record(self, state: TrainState) -> dict[str, Any]:
        """Return what to keep of a phase, JSON-able; the model has the weights that the phase ended with."""
        return {}

    def describe(self, image_ids: np.ndarray) -> str:
        """Name the photos of a batch, for errors."""
        return str(image_ids)

    def epoch_number(self, state: TrainState) -> int:
        """Return the number of the next epoch over all phases, as if none had ended early."""
        return sum(phase.epochs for phase in self.phases[: state.phase]) + state.epoch
