"""Decoupled knowledge distillation (Zhao et al. 2022, "Decoupled Knowledge Distillation")."""

from dataclasses import dataclass

import tensorflow as tf

from distill.losses.diagnosis_loss import DiagnosisLoss
from distill.losses.soft_targets import binary_soft_target_divergence
from skin_training.losses import weighted_mean


@dataclass(frozen=True)
class DecoupledDistillation(DiagnosisLoss):
    """Weighted mean of `decoupled_divergence`; the target is the label, or the teacher's top class without one.

    Attributes:
        temperature: T > 0.
        loss_weights: alpha of the target class and beta of the other classes.
    """

    temperature: float = 2.0
    loss_weights: tuple[float, float] = (1.0, 1.0)

    def __call__(
        self, teacher_logits: tf.Tensor, student_logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss of a batch."""
        known = tf.reduce_sum(labels, axis=1, keepdims=True) > 0
        target = tf.argmax(tf.where(known, labels, teacher_logits), axis=1)
        divergence = decoupled_divergence(teacher_logits, student_logits, target, self.temperature, *self.loss_weights)
        return weighted_mean(divergence, weights)


def decoupled_divergence(
    teacher_logits: tf.Tensor,
    student_logits: tf.Tensor,
    target: tf.Tensor,
    temperature: float,
    alpha: float,
    beta: float,
) -> tf.Tensor:
    """Return `T^2 * (alpha * TCKD + beta * NCKD)` for each row.

    Soft targets' loss is the sum of TCKD, the divergence of (target, any other class), and NCKD, the divergence among
    the other classes scaled by the teacher's uncertainty; here each has its own weight.

    Args:
        teacher_logits: float32 [n, classes].
        student_logits: float32 [n, classes].
        target: int [n], the true class.
        temperature: T > 0.
        alpha: weight of TCKD.
        beta: weight of NCKD.

    Returns:
        float32 [n], at least 0.
    """
    hot = tf.one_hot(target, tf.shape(teacher_logits)[-1], on_value=True, off_value=False, dtype=tf.bool)
    lowest = tf.constant(teacher_logits.dtype.min / 2, teacher_logits.dtype)

    def split(logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the log odds of the target, and the log probabilities among the other classes."""
        logits = logits / temperature
        own = tf.reduce_sum(tf.where(hot, logits, tf.zeros_like(logits)), axis=-1)
        others = tf.where(hot, lowest, logits)
        return own - tf.reduce_logsumexp(others, axis=-1), tf.where(
            hot, tf.zeros_like(logits), tf.nn.log_softmax(others)
        )

    (teacher_odds, teacher_others), (student_odds, student_others) = split(teacher_logits), split(student_logits)
    target_part = binary_soft_target_divergence(teacher_odds, student_odds, 1.0)
    weights = tf.where(hot, tf.zeros_like(teacher_others), tf.exp(teacher_others))
    other_part = tf.reduce_sum(weights * (teacher_others - student_others), axis=-1)
    return temperature**2 * (alpha * target_part + beta * other_part)
