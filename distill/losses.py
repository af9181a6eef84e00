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
