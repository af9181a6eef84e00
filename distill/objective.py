"""The student's loss: the teacher's soft targets, the labels, and the teacher's features."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from distill.losses.feature_similarity import similarity_distance
from distill.losses.soft_targets import binary_soft_target_divergence
from distill.recipe import DistillRecipe
from skin_training.heads import trained_model
from skin_training.input_size import at_sizes
from skin_training.losses import diagnosis_cross_entropy, lighting_cross_entropy, measures_error, weighted_mean


def with_features(student: keras.Model) -> keras.Model:
    """Return a model on the same layers: image to the outputs of `trained_model` and the pooled features."""
    return keras.Model(student.input, [*trained_model(student).outputs, student.get_layer("features").output])


def distillation_loss(
    model: keras.Model, recipe: DistillRecipe, untaught: np.ndarray | None = None
) -> Callable[[Mapping[str, Any]], tf.Tensor]:
    """Return `loss(batch)`: the teacher's soft targets and the labels, for both heads.

    Photos without a label still learn from the teacher; those of a class that it does not know learn from their label
    alone, and so does lighting where it does not predict that. Class weights apply to the labels only, unless
    `weighted_answers` applies them to the teacher's diagnosis as well. A batch holds what
    `skin_data.batches.epoch_batches` and `distill.teacher_predictions.TeacherPredictions.of` return.

    Args:
        model: of `with_features`, or one with the same outputs.
        recipe: loss and weights.
        untaught: float32 [classes], 1 for classes that the teacher does not know.
    """
    hard, soft = recipe.hard_share, 1.0 - recipe.hard_share
    sized = at_sizes(model, recipe.phase_sizes)
    diagnosis_loss = recipe.diagnosis_loss()
    skips = untaught is not None and bool(untaught.any())

    def loss(batch: Mapping[str, Any]) -> tf.Tensor:
        diagnosis, lighting, measures, features = sized[batch["image"].shape[1]](batch["image"], training=True)
        lighting = lighting[:, 0]
        weights = batch.get("photo_weight", tf.ones_like(lighting))
        total = hard * diagnosis_cross_entropy(batch["diagnosis"], diagnosis, batch["diagnosis_weight"])
        labels_share = hard if "teacher_lighting" in batch else 1.0
        of_lighting = lighting_cross_entropy(batch["lighting"], lighting, batch["lighting_weight"])
        total += labels_share * recipe.lighting_weight * of_lighting
        # Measured, so the teacher does not contribute.
        total += recipe.lighting_weight * measures_error(batch["measures"], measures, batch["measures_weight"])
        if soft:
            diagnosis_weights = weights
            if recipe.weighted_answers:
                known = batch["diagnosis_weight"] > 0
                diagnosis_weights = tf.where(known, batch["diagnosis_weight"], weights)
            if skips:
                diagnosis_weights *= 1.0 - tf.linalg.matvec(batch["diagnosis"], tf.constant(untaught))
            # The label of a blend is that of its larger part.
            labels = batch.get("own_diagnosis", batch["diagnosis"])
            total += soft * diagnosis_loss(batch["teacher_diagnosis"], diagnosis, labels, diagnosis_weights)
        if soft and "teacher_lighting" in batch:
            divergence = binary_soft_target_divergence(batch["teacher_lighting"], lighting, recipe.temperature)
            total += soft * recipe.lighting_weight * weighted_mean(divergence, weights)
        if recipe.feature_weight:
            total += recipe.feature_weight * similarity_distance(batch["teacher_features"], features)
        return total

    return loss
