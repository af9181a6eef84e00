"""DIST (Huang et al. 2022, "Knowledge Distillation from a Stronger Teacher")."""

from dataclasses import dataclass
from typing import ClassVar

import tensorflow as tf

from distill.losses.diagnosis_loss import DiagnosisLoss


@dataclass(frozen=True)
class RelationalDistillation(DiagnosisLoss):
    """`relational_distance` of a batch; it relates photos to one another, so it cannot weight them.

    Attributes:
        temperature: T > 0.
        loss_weights: of the relation between classes and of that within a class.
    """

    weights_photos: ClassVar[bool] = False

    temperature: float = 2.0
    loss_weights: tuple[float, float] = (1.0, 1.0)

    def __call__(
        self, teacher_logits: tf.Tensor, student_logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss of a batch."""
        return relational_distance(teacher_logits, student_logits, self.temperature, *self.loss_weights)


def relational_distance(
    teacher_logits: tf.Tensor, student_logits: tf.Tensor, temperature: float, between: float, within: float
) -> tf.Tensor:
    """Return `T^2 * (between * inter + within * intra)`.

    `inter` is one minus Pearson's correlation of both predictions for a photo, averaged over the photos; `intra` is one
    minus the correlation of both predictions for a class over the batch, averaged over the classes.

    Args:
        teacher_logits: float32 [n, classes].
        student_logits: float32 [n, classes].
        temperature: T > 0.
        between: weight of the relation between classes.
        within: weight of the relation within a class.

    Returns:
        A float32 scalar in [0, 2 T^2 (between + within)].
    """
    teacher, student = tf.nn.softmax(teacher_logits / temperature), tf.nn.softmax(student_logits / temperature)
    inter = 1.0 - tf.reduce_mean(_correlation(teacher, student, axis=1))
    intra = 1.0 - tf.reduce_mean(_correlation(teacher, student, axis=0))
    return temperature**2 * (between * inter + within * intra)


def _correlation(one: tf.Tensor, other: tf.Tensor, axis: int) -> tf.Tensor:
    """Pearson's correlation along an axis; 0 where one side is constant, with a finite gradient."""
    one, other = (x - tf.reduce_mean(x, axis=axis, keepdims=True) for x in (one, other))
    tiny = tf.constant(1e-12, one.dtype)
    spread = tf.sqrt((tf.reduce_sum(one**2, axis=axis) + tiny) * (tf.reduce_sum(other**2, axis=axis) + tiny))
    return tf.reduce_sum(one * other, axis=axis) / spread
