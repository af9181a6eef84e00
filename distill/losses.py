"""Distillation losses as pure functions of logits."""

from typing import Any

import tensorflow as tf


def soft_target_divergence(teacher_logits: Any, student_logits: Any, temperature: float) -> Any:
    """Return `T^2 * KL(softmax(t / T) || softmax(s / T))` for each row (Hinton et al. 2015).

    T squared keeps the size of the gradient when the temperature changes.

    Args:
        teacher_logits: float32 [n, classes].
        student_logits: float32 [n, classes].
        temperature: T > 0.

    Returns:
        float32 [n], at least 0.
    """
    target = tf.nn.log_softmax(teacher_logits / temperature)
    answer = tf.nn.log_softmax(student_logits / temperature)
    return temperature**2 * tf.reduce_sum(tf.exp(target) * (target - answer), axis=-1)


def binary_soft_target_divergence(teacher_logits: Any, student_logits: Any, temperature: float) -> Any:
    """Return Hinton's loss for one logit: T^2 times the divergence of two Bernoulli distributions.

    Args:
        teacher_logits: float32 [n].
        student_logits: float32 [n].
        temperature: T > 0.

    Returns:
        float32 [n], at least 0.
    """
    target, answer = teacher_logits / temperature, student_logits / temperature
    probability = tf.sigmoid(target)
    on = tf.math.log_sigmoid(target) - tf.math.log_sigmoid(answer)
    off = tf.math.log_sigmoid(-target) - tf.math.log_sigmoid(-answer)
    return temperature**2 * (probability * on + (1.0 - probability) * off)


def decoupled_divergence(
    teacher_logits: Any, student_logits: Any, target: Any, temperature: float, alpha: float, beta: float
) -> Any:
    """Return `T^2 * (alpha * TCKD + beta * NCKD)` for each row (Zhao et al. 2022, "Decoupled Knowledge Distillation").

    Hinton's loss holds TCKD, the divergence of (target, anything else), and NCKD, that among the other classes, the
    latter damped by the teacher's certainty; here each has a weight of its own.

    Args:
        teacher_logits: float32 [n, classes].
        student_logits: float32 [n, classes].
        target: int [n], the class that counts as right.
        temperature: T > 0.
        alpha: weight of TCKD.
        beta: weight of NCKD.

    Returns:
        float32 [n], at least 0.
    """
    hot = tf.one_hot(target, tf.shape(teacher_logits)[-1], on_value=True, off_value=False, dtype=tf.bool)
    lowest = tf.constant(teacher_logits.dtype.min / 2, teacher_logits.dtype)

    def split(logits: Any) -> tuple[Any, Any]:
        logits = logits / temperature
        own = tf.reduce_sum(tf.where(hot, logits, tf.zeros_like(logits)), axis=-1)
        others = tf.where(hot, lowest, logits)
        # The log odds of the target, and the log probabilities among the others.
        return own - tf.reduce_logsumexp(others, axis=-1), tf.where(
            hot, tf.zeros_like(logits), tf.nn.log_softmax(others)
        )

    (teacher_odds, teacher_others), (student_odds, student_others) = split(teacher_logits), split(student_logits)
    target_part = binary_soft_target_divergence(teacher_odds, student_odds, 1.0)
    weights = tf.where(hot, tf.zeros_like(teacher_others), tf.exp(teacher_others))
    other_part = tf.reduce_sum(weights * (teacher_others - student_others), axis=-1)
    return temperature**2 * (alpha * target_part + beta * other_part)


def relational_distance(
    teacher_logits: Any, student_logits: Any, temperature: float, between: float, within: float
) -> Any:
    """Return DIST, `T^2 * (between * inter + within * intra)`.

    Source: Huang et al. 2022, "Knowledge Distillation from a Stronger Teacher".
    `inter` is one minus Pearson's correlation of the two answers to a photo, averaged over the photos; `intra` is one
    minus that of the two answers about a class over the batch, averaged over the classes.

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


def similarity_distance(teacher_features: Any, student_features: Any) -> Any:
    """Return the distance of two batches' similarities (Tung and Mori 2019, "Similarity-Preserving Distillation").

    `||G_t - G_s||^2 / n^2` (squared Frobenius norm), where G is the features' Gram matrix over the batch, each row
    scaled to unit length. Teacher and student may differ in their number of channels.

    Args:
        teacher_features: float32 [n, channels of the teacher].
        student_features: float32 [n, channels of the student].

    Returns:
        A float32 scalar, at least 0.
    """

    def similarities(features: Any) -> Any:
        return tf.math.l2_normalize(tf.matmul(features, features, transpose_b=True), axis=1)

    difference = similarities(teacher_features) - similarities(student_features)
    count = tf.cast(tf.shape(teacher_features)[0], difference.dtype)
    return tf.reduce_sum(difference**2) / count**2


def _correlation(one: Any, other: Any, axis: int) -> Any:
    """Pearson's correlation along an axis; 0 where one side does not vary, with a finite gradient."""
    one, other = (x - tf.reduce_mean(x, axis=axis, keepdims=True) for x in (one, other))
    tiny = tf.constant(1e-12, one.dtype)
    spread = tf.sqrt((tf.reduce_sum(one**2, axis=axis) + tiny) * (tf.reduce_sum(other**2, axis=axis) + tiny))
    return tf.reduce_sum(one * other, axis=axis) / spread
