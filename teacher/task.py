"""What a teacher's training learns: labels of both heads, phase by phase."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from skin_data.batches import TrainingSet, epoch_batches, steps_per_epoch
from skin_data.progress import Progress
from skin_training.checkpoint import TrainState
from skin_training.evaluation import evaluate
from skin_training.head_features import HeadFeatures
from skin_training.heads import before_heads
from skin_training.input_size import at_sizes
from skin_training.losses import supervised_loss
from skin_training.predict import predict
from skin_training.recipe import Phase, TeacherRecipe
from skin_training.report_types import PhaseSection
from skin_training.task import Batch, Task
from skin_training.training_data import Split, TrainingData
from teacher.model import set_trainable
from teacher.phase_record import moved_variables, weight_digests


class TeacherTask(Task):
    """Train a teacher on labels.

    A phase with `fixed_views` trains the heads on features that the frozen backbone computes once.

    Args:
        recipe: phases, views, loss.
        data: training and validation split.
        test: the test split, measured after each phase.
        model: the teacher that is trained.
        inference: a float32 model of the same layers for predictions; `model` itself where that computes in float32 in
            this process alone.
        features: folder for features.
        progress: called as `progress(what, done, total)`.
    """

    def __init__(
        self,
        recipe: TeacherRecipe,
        data: TrainingData,
        test: Split,
        model: keras.Model,
        inference: keras.Model,
        features: Path,
        progress: Progress,
    ):
        self.recipe, self.data, self.test, self.model, self.inference = recipe, data, test, model, inference
        self.phases, self.seed, self.progress, self.folder = recipe.phases, recipe.seed, progress, features
        self.features: HeadFeatures | None = None
        self._loss = supervised_loss(model, recipe.lighting_weight, recipe.phase_sizes)
        self._side, self._balanced = recipe.input_size, False
        self._sized = at_sizes(inference, recipe.phase_sizes)
        self._untrained = weight_digests(self.current_model())

    @property
    def steps(self) -> int:
        """Number of batches in an epoch."""
        return steps_per_epoch(self._training, self.recipe.batch_size)

    @property
    def _training(self) -> TrainingSet:
        """The training split as the running epoch shows it."""
        training = self.data.at_size(self._side).training
        return training.class_balanced() if self._balanced else training

    def select(self, phase: Phase) -> None:
        """Set the trainable part of the teacher; compute features where the phase keeps them."""
        set_trainable(self.model, phase.trains, phase.frozen_ccm)
        self.features = None
        self._balanced = phase.class_balanced
        if phase.fixed_views:
            self.features = HeadFeatures(
                self.current_model(),
                self._training,
                self.recipe.views,
                self.seed,
                phase.fixed_views,
                self.data.validation.pixels,
                self.folder,
                progress=self.progress,
            )

    def batches(self, state: TrainState) -> Iterable[Batch]:
        """Yield new views of every photo, or features of the fixed ones."""
        recipe, number = self.recipe, self.epoch_number(state)
        if self.features is not None:
            return self.features.batches(recipe.batch_size, number)
        phase = self.phases[state.phase]
        self._side = phase.input_size(state.epoch, recipe.input_size)
        batches: Iterable[Batch] = epoch_batches(
            self._training,
            recipe.views,
            recipe.batch_size,
            self.seed,
            number,
            mixup=phase.mixup,
            cutmix=phase.cutmix,
        )
        return batches

    def loss(self, batch: Batch) -> tf.Tensor:
        """Return the loss of both heads against the labels."""
        return self._loss(batch)

    def validate(self) -> dict[str, float]:
        """Measure the validation split."""
        self.current_model()  # first: features are for its heads, whose weights this brings up to date
        if self.features is not None:
            return self.data.validation_metrics(*self.features.predict_validation())
        pixels = self.data.at_size(self._side).validation.pixels
        return self.data.validation_metrics(*predict(self._sized[self._side], pixels))

    def record(self, state: TrainState) -> dict[str, Any]:
        """Count the variables that the phase moved, and measure the test split."""
        phase, records = self.phases[state.phase], state.phase_records
        digests = weight_digests(self.current_model())
        predictions = predict(self.inference, self.test.pixels, progress=self.progress, stage=f"{phase.name}: test")
        test = evaluate(self.data.manifest, self.test.frame, *predictions)
        return {
            "phase": phase.name,
            "trains": phase.trains,
            "moved": moved_variables(records[-1]["digests"] if records else self._untrained, digests),
            "test": {head: test[head] for head in ("diagnosis", "lighting")},
            "digests": digests,
        }

    def describe(self, image_ids: np.ndarray) -> str:
        """Name photos by their paths."""
        return self.data.training.describe(image_ids)

    def current_model(self) -> keras.Model:
        """Return the float32 model with the weights as they are now."""
        if self.inference is not self.model:
            self.inference.set_weights(self.model.get_weights())
        return self.inference


def feature_count(recipe: TeacherRecipe, model: keras.Model, data: TrainingData) -> int:
    """Return the number of float32 values that phases with `fixed_views` store on disk at a time."""
    views = max((phase.fixed_views for phase in recipe.phases), default=0)
    photos = views * len(data.training) + len(data.validation.frame)
    return int(before_heads(model).output_shape[-1]) * photos if views else 0


def phase_sections(state: TrainState) -> list[PhaseSection]:
    """Return the report's sections of the phases."""
    return [
        {"phase": record["phase"], "trains": record["trains"], "moved": record["moved"], "test": record["test"]}
        for record in state.phase_records
    ]
