"""What a student is trained on: the teacher's soft targets, the labels, and the teacher's features."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
import tf_keras as keras

from distill.losses import (
    binary_soft_target_divergence,
    decoupled_divergence,
    relational_distance,
    similarity_distance,
    soft_target_divergence,
)
from distill.recipe import DistillRecipe
from skin_training.heads import trained_model
from skin_training.losses import diagnosis_cross_entropy, lighting_cross_entropy, measures_error, weighted_mean


def with_features(student: keras.Model) -> keras.Model:
    """Return a model on the same layers: image to what `trained_model` gives and the pooled features."""
    return keras.Model(student.input, [*trained_model(student).outputs, student.get_layer("features").output])


def distillation_loss(model: keras.Model, recipe: DistillRecipe) -> Callable[[Mapping[str, Any]], Any]:
    """Return `loss(batch)`: the teacher's soft targets and the labels, for both heads.

    Rows without a label still learn from the teacher; class weights apply to the labels' share alone, unless
    `weighted_answers` lets them apply to the teacher's share of the diagnosis. A batch holds
    what `skin_data.batches.epoch_batches` gives and the teacher's answers (`distill.answers.TeacherAnswers.of`).

    Args:
        model: of `with_features`, or one of the same outputs.
        recipe: loss, temperature and shares.
    """
    hard, soft, temperature = recipe.hard_share, 1.0 - recipe.hard_share, recipe.temperature

    def of_diagnosis(batch: Mapping[str, Any], diagnosis: Any, weights: Any) -> Any:
        from_teacher = batch["teacher_diagnosis"]
        if recipe.loss == "dist":
            return relational_distance(from_teacher, diagnosis, temperature, *recipe.loss_weights)
        if recipe.loss == "dkd":
            # A photo without a label takes the teacher's word for it, a blend of two the label of the larger part.
            labels = batch.get("own_diagnosis", batch["diagnosis"])
            known = tf.reduce_sum(labels, axis=1, keepdims=True) > 0
            target = tf.argmax(tf.where(known, labels, from_teacher), axis=1)
            distance = decoupled_divergence(from_teacher, diagnosis, target, temperature, *recipe.loss_weights)
        else:
            distance = soft_target_divergence(from_teacher, diagnosis, temperature)
        return weighted_mean(distance, weights)

    def loss(batch: Mapping[str, Any]) -> Any:
        diagnosis, lighting, measures, features = model(batch["image"], training=True)
        lighting = lighting[:, 0]
        weights = batch.get("photo_weight", tf.ones_like(lighting))
        total = hard * (
            diagnosis_cross_entropy(batch["diagnosis"], diagnosis, batch["diagnosis_weight"])
            + recipe.lighting_weight * lighting_cross_entropy(batch["lighting"], lighting, batch["lighting_weight"])
        )
        # The teacher has no word in these: they are measured.
        of_measures = measures_error(batch["measures"], measures, batch["measures_weight"])
        total += recipe.lighting_weight * of_measures
        if soft:
            of_answers = weights
            if recipe.weighted_answers:
                known = batch["diagnosis_weight"] > 0
                of_answers = tf.where(known, batch["diagnosis_weight"], weights)
            of_lighting = binary_soft_target_divergence(batch["teacher_lighting"], lighting, temperature)
            total += soft * of_diagnosis(batch, diagnosis, of_answers)
            total += soft * recipe.lighting_weight * weighted_mean(of_lighting, weights)
        if recipe.feature_weight:
            total += recipe.feature_weight * similarity_distance(batch["teacher_features"], features)
        return total

    return loss
