"""Optimizer, learning-rate schedule and the compiled training step."""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import tensorflow as tf
import tf_keras as keras

from skin_training.recipe import Phase

# Weight decay applies to the kernels of convolutions and dense layers only.
UNDECAYED = ["ccm_", "bias", "gamma", "beta"]
LARGEST_GRADIENT_NORM = 5.0


def build_optimizer(model: keras.Model, phase: Phase) -> keras.optimizers.Optimizer:
    """Return AdamW over the model's trainable variables; CCM, biases and normalisation do not decay."""
    average = {"use_ema": True, "ema_momentum": phase.weight_average} if phase.weight_average else {}
    optimizer = keras.optimizers.AdamW(phase.learning_rate, weight_decay=phase.weight_decay, **average)
    optimizer.exclude_from_weight_decay(var_names=UNDECAYED)
    optimizer.build(model.trainable_variables)
    return optimizer


def learning_rate(phase: Phase, step: int, steps: int) -> float:
    """Return the rate of a step (from 0) of all: a linear warm-up, then a cosine decay (Loshchilov and Hutter 2017)."""
    warm = int(phase.warmup * steps)
    if step < warm:
        return phase.learning_rate * (step + 1) / warm
    progress = (step - warm) / max(1, steps - warm)
    decay = 0.5 * (1 + math.cos(math.pi * progress))
    return phase.final_learning_rate + (phase.learning_rate - phase.final_learning_rate) * decay


def training_step(
    model: keras.Model,
    loss: Callable[[Mapping[str, Any]], tf.Tensor],
    optimizer: keras.optimizers.Optimizer,
    strategy: tf.distribute.Strategy | None = None,
) -> Callable[[Any], tf.Tensor]:
    """Return `step(batch)`, compiled: one update of the variables that are trainable now; it returns the scalar loss.

    With several replicas, each takes its part of the batch (`split_batch`), and gradients and loss are those of the
    whole; batch normalisation sees the part.
    """
    variables = model.trainable_variables
    strategy = strategy or tf.distribute.get_strategy()
    replicas, total = strategy.num_replicas_in_sync, tf.distribute.ReduceOp.SUM

    def update_replica(batch: Mapping[str, Any]) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(batch)
            if model.losses:
                value += tf.add_n(model.losses)
            value /= replicas
        gradients = tape.gradient(value, variables)
        if replicas > 1:
            gradients = tf.distribute.get_replica_context().all_reduce(total, gradients)
        gradients, _ = tf.clip_by_global_norm(gradients, LARGEST_GRADIENT_NORM)
        optimizer.apply_gradients(zip(gradients, variables, strict=True), skip_gradients_aggregation=True)
        return value

    @tf.function
    def step(batch: Any) -> tf.Tensor:
        return strategy.reduce(total, strategy.run(update_replica, (batch,)), axis=None)

    return cast("Callable[[Any], tf.Tensor]", step)
