"""Soft targets (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network")."""

from dataclasses import dataclass

import tensorflow as tf

from distill.losses.diagnosis_loss import DiagnosisLoss
from skin_training.losses import weighted_mean


@dataclass(frozen=True)
class SoftTargets(DiagnosisLoss):
    """Weighted mean of `soft_target_divergence`.

    Attributes:
        temperature: T > 0.
    """

    temperature: float = 2.0

    def __call__(
        self, teacher_logits: tf.Tensor, student_logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss of a batch."""
        return weighted_mean(soft_target_divergence(teacher_logits, student_logits, self.temperature), weights)


def soft_target_divergence(teacher_logits: tf.Tensor, student_logits: tf.Tensor, temperature: float) -> tf.Tensor:
    """Return `T^2 * KL(softmax(t / T) || softmax(s / T))` for each row.

    T squared keeps the scale of the gradient when the temperature changes.

    Args:
        teacher_logits: float32 [n, classes].
        student_logits: float32 [n, classes].
        temperature: T > 0.

    Returns:
        float32 [n], at least 0.
    """
    target = tf.nn.log_softmax(teacher_logits / temperature)
    predicted = tf.nn.log_softmax(student_logits / temperature)
    return temperature**2 * tf.reduce_sum(tf.exp(target) * (target - predicted), axis=-1)


def binary_soft_target_divergence(
    teacher_logits: tf.Tensor, student_logits: tf.Tensor, temperature: float
) -> tf.Tensor:
    """Return soft targets' loss for one logit: T^2 times the divergence of two Bernoulli distributions.

    Args:
        teacher_logits: float32 [n].
        student_logits: float32 [n].
        temperature: T > 0.

    Returns:
        float32 [n], at least 0.
    """
    target, predicted = teacher_logits / temperature, student_logits / temperature
    probability = tf.sigmoid(target)
    on = tf.math.log_sigmoid(target) - tf.math.log_sigmoid(predicted)
    off = tf.math.log_sigmoid(-target) - tf.math.log_sigmoid(-predicted)
    return temperature**2 * (probability * on + (1.0 - probability) * off)
