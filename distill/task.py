"""What a student's training learns: the teacher's predictions and the labels."""

import dataclasses
from collections.abc import Iterable

import numpy as np
import tensorflow as tf
import tf_keras as keras

from distill.distillation_data import DistillationData
from distill.fairness import Groups, find_groups, group_accuracies, group_weights, photo_weights
from distill.objective import distillation_loss, with_features
from distill.recipe import DistillRecipe
from skin_data.batches import epoch_batches, steps_per_epoch
from skin_training.checkpoint import TrainState
from skin_training.heads import HEAD_LAYERS
from skin_training.input_size import at_sizes
from skin_training.predict import predict
from skin_training.recipe import Phase
from skin_training.task import Batch, Task


class StudentTask(Task):
    """Train a student on stored predictions of a teacher and on labels.

    Subclasses that train another model on the same data override `select` and `predict_validation`.

    Args:
        recipe: phases, views, loss, weights of groups.
        data: what it is trained and validated on.
        model: its weights are trained.
        outputs: the same weights, with the outputs of `distill.objective.with_features`; None derives it.
        inference: a model of the same layers for predictions of this process alone; `model` itself if None.
    """

    def __init__(
        self,
        recipe: DistillRecipe,
        data: DistillationData,
        model: keras.Model,
        outputs: keras.Model | None = None,
        inference: keras.Model | None = None,
    ):
        self.recipe, self.data, self.model, self.inference = recipe, data, model, inference or model
        self.phases, self.seed = recipe.phases, recipe.seed
        self._loss = distillation_loss(outputs or with_features(model), recipe, data.untaught)
        self._groups = groups_of(recipe, data)
        self._side = recipe.input_size
        self._sized = at_sizes(self.inference, recipe.phase_sizes)

    @property
    def steps(self) -> int:
        """Number of batches in an epoch."""
        return steps_per_epoch(self.data.training, self.recipe.batch_size)

    def select(self, phase: Phase) -> None:
        """Train all layers, or the heads alone."""
        for layer in self.model.layers:
            layer.trainable = phase.trains == "all" or layer.name in HEAD_LAYERS

    def batches(self, state: TrainState) -> Iterable[Batch]:
        """Yield the views that the teacher predicted for, at the epoch's size, with its predictions."""
        recipe = self.recipe
        self._side = self.phases[state.phase].input_size(state.epoch, recipe.input_size)
        training = self.data.at_size(self._side).training
        if self._groups is not None:
            weights = photo_weights(self._groups, group_weights(recipe.fairness, self._groups, state.rows))
            training = dataclasses.replace(training, photo_weight=weights)
        batches: Iterable[Batch] = epoch_batches(
            training,
            recipe.views,
            recipe.batch_size,
            recipe.seed,
            self.epoch_number(state),
            recipe.view_count,
            self.data.predictions.of,
            recipe.mixup,
            recipe.view_seed,
            self.data.rounded,
        )
        return batches

    def loss(self, batch: Batch) -> tf.Tensor:
        """Return the distillation loss."""
        return self._loss(batch)

    def predict_validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Predict the validation photos: diagnosis [n, classes] and lighting [n], probabilities."""
        self.current_model()
        return predict(self._sized[self._side], self.data.at_size(self._side).validation.pixels)

    def current_model(self) -> keras.Model:
        """Return the model that predicts with the weights as they are now."""
        if self.inference is not self.model:
            self.inference.set_weights(self.model.get_weights())
        return self.inference

    def validate(self) -> dict[str, float]:
        """Measure the validation split, and the groups that are weighted."""
        diagnosis, lighting = self.predict_validation()
        metrics = self.data.validation_metrics(diagnosis, lighting)
        if self._groups is None:
            return metrics
        truth = self.data.true_validation_classes
        return {**metrics, **group_accuracies(self._groups, diagnosis.argmax(axis=1) == truth, truth >= 0)}

    def describe(self, image_ids: np.ndarray) -> str:
        """Name photos by their paths."""
        return self.data.training.describe(image_ids)


def groups_of(recipe: DistillRecipe, data: DistillationData) -> Groups | None:
    """Return the groups that the recipe weights; None for none."""
    if not recipe.fairness.by:
        return None
    ids = data.manifest.taxonomy.ids
    return find_groups(recipe.fairness.by, data.training_frame, data.validation.frame, ids)
