"""Losses against labels, shared by the teacher and by the student's hard-label share."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf


def weighted_mean(values: Any, weights: Any) -> Any:
    """Return `sum(values * weights) / n` of two float32 [n] tensors.

    Dividing by n and not by the weights' sum keeps a class weight's meaning from batch to batch.
    """
    return tf.reduce_mean(values * weights)


def diagnosis_cross_entropy(labels: Any, logits: Any, weights: Any) -> Any:
    """Return the weighted mean of `-sum_c labels_c log softmax(logits)_c`.

    Args:
        labels: float32 [n, classes], rows that sum to one.
        logits: float32 [n, classes].
        weights: float32 [n]; 0 leaves a row out.
    """
    return weighted_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits), weights)


def lighting_cross_entropy(labels: Any, logits: Any, weights: Any) -> Any:
    """Return the weighted mean of the binary cross entropy of `sigmoid(logits)`.

    Args:
        labels: float32 [n] in [0, 1].
        logits: float32 [n].
        weights: float32 [n]; 0 leaves a row out.
    """
    return weighted_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits), weights)


def measures_error(targets: Any, estimates: Any, weights: Any) -> Any:
    """Return the weighted mean of the Huber loss (Huber 1964, delta 1) of estimated measures of the light.

    Args:
        targets: float32 [n, 14], standardised.
        estimates: float32 [n, 14].
        weights: float32 [n]; 0 leaves a row out.
    """
    error = tf.abs(estimates - targets)
    huber = tf.where(error < 1.0, 0.5 * error**2, error - 0.5)
    return weighted_mean(tf.reduce_mean(huber, axis=1), weights)


def supervised_loss(model: Any, lighting_weight: float) -> Callable[[Mapping[str, Any]], Any]:
    """Return `loss(batch)`: the diagnosis head's loss plus `lighting_weight` times the lighting head's.

    The lighting head's is that of its answer and of its measures. A batch holds `image`, or `features` of a frozen
    backbone for the heads alone.
    """
    from skin_training.heads import heads_alone, trained_model

    on_image, on_features = trained_model(model), heads_alone(model)

    def loss(batch: Mapping[str, Any]) -> Any:
        if "features" in batch:
            diagnosis, lighting, measures = on_features(batch["features"], training=True)
        else:
            diagnosis, lighting, measures = on_image(batch["image"], training=True)
        of_lighting = lighting_cross_entropy(batch["lighting"], lighting[:, 0], batch["lighting_weight"])
        of_measures = measures_error(batch["measures"], measures, batch["measures_weight"])
        of_diagnosis = diagnosis_cross_entropy(batch["diagnosis"], diagnosis, batch["diagnosis_weight"])
        return of_diagnosis + lighting_weight * (of_lighting + of_measures)

    return loss
