"""Losses against labels, for teacher and student."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf
import tf_keras as keras

from skin_training.heads import heads_alone, trained_model
from skin_training.input_size import at_sizes


def weighted_mean(values: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Return `sum(values * weights) / n` of two float32 [n] tensors.

    Dividing by n, not by the sum of weights, keeps the meaning of a class weight from batch to batch.
    """
    return tf.reduce_mean(values * weights)


def diagnosis_cross_entropy(labels: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Return the weighted mean of `-sum_c labels_c log softmax(logits)_c`.

    Both are float32 [n, classes], with rows of labels that sum to one; weights are float32 [n], 0 excludes a row.
    """
    return weighted_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits), weights)


def lighting_cross_entropy(labels: tf.Tensor, logits: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Return the weighted mean of the binary cross entropy of `sigmoid(logits)`.

    All are float32 [n], labels in [0, 1]; a weight of 0 excludes a row.
    """
    return weighted_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits), weights)


def measures_error(targets: tf.Tensor, estimates: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Return the weighted mean of the Huber loss (Huber 1964, delta 1) of estimated lighting features.

    Targets, standardised, and estimates are float32 [n, 14], weights float32 [n]; 0 excludes a row.
    """
    error = tf.abs(estimates - targets)
    huber = tf.where(error < 1.0, 0.5 * error**2, error - 0.5)
    return weighted_mean(tf.reduce_mean(huber, axis=1), weights)


def supervised_loss(
    model: keras.Model, lighting_weight: float, sides: Iterable[int] = ()
) -> Callable[[Mapping[str, Any]], tf.Tensor]:
    """Return `loss(batch)`: the diagnosis head's loss plus `lighting_weight` times the lighting head's.

    The lighting head's loss is that of its label and of its estimated features. A batch holds `image`, or `features`
    of a frozen backbone for the heads alone; images may have the model's size or one of `sides`.
    """
    sized, on_features = at_sizes(trained_model(model), sides), heads_alone(model)

    def loss(batch: Mapping[str, Any]) -> tf.Tensor:
        if "features" in batch:
            diagnosis, lighting, measures = on_features(batch["features"], training=True)
        else:
            diagnosis, lighting, measures = sized[batch["image"].shape[1]](batch["image"], training=True)
        of_lighting = lighting_cross_entropy(batch["lighting"], lighting[:, 0], batch["lighting_weight"])
        of_measures = measures_error(batch["measures"], measures, batch["measures_weight"])
        of_diagnosis = diagnosis_cross_entropy(batch["diagnosis"], diagnosis, batch["diagnosis_weight"])
        return of_diagnosis + lighting_weight * (of_lighting + of_measures)

    return loss
