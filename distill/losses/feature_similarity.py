"""Feature matching (Tung and Mori 2019, "Similarity-Preserving Knowledge Distillation")."""

import tensorflow as tf


def similarity_distance(teacher_features: tf.Tensor, student_features: tf.Tensor) -> tf.Tensor:
    """Return the distance of two batches' similarities.

    `||G_t - G_s||^2 / n^2` (squared Frobenius norm), where G is the features' Gram matrix over the batch, each row
    scaled to unit length. Teacher and student may differ in their number of channels.

    Args:
        teacher_features: float32 [n, channels of the teacher].
        student_features: float32 [n, channels of the student].

    Returns:
        A float32 scalar, at least 0.
    """

    def similarities(features: tf.Tensor) -> tf.Tensor:
        return tf.math.l2_normalize(tf.matmul(features, features, transpose_b=True), axis=1)

    difference = similarities(teacher_features) - similarities(student_features)
    count = tf.cast(tf.shape(teacher_features)[0], difference.dtype)
    return tf.reduce_sum(difference**2) / count**2
