"""What a distillation loss of the diagnosis head is."""

from abc import abstractmethod
from typing import ClassVar, Protocol

import tensorflow as tf


class DiagnosisLoss(Protocol):
    """A loss of the student's diagnosis against the teacher's.

    Implementations are frozen dataclasses. Their fields are the options that a recipe can set under `loss`.

    Attributes:
        weights_photos: whether the loss uses the weights of photos; else the recipe cannot weight groups or classes.
    """

    weights_photos: ClassVar[bool] = True

    @abstractmethod
    def __call__(
        self, teacher_logits: tf.Tensor, student_logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor
    ) -> tf.Tensor:
        """Return the loss of a batch.

        Args:
            teacher_logits: float32 [n, classes].
            student_logits: float32 [n, classes].
            labels: float32 [n, classes], one-hot or soft; a row of zeros where a photo has none.
            weights: float32 [n], of the photos.

        Returns:
            A float32 scalar.
        """
