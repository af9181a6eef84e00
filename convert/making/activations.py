"""Activations of a student over photos, reduced in the graph: whole maps of many photos do not fit into memory."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras


def reduced_activations(
    student: keras.Model,
    tensors: Sequence[Any],
    reduce: Callable[[list[tf.Tensor]], list[tf.Tensor]],
    photos: np.ndarray,
    batch_size: int,
) -> Iterator[list[np.ndarray]]:
    """Yield what `reduce` makes of a student's activations, batch by batch.

    Args:
        student: a Keras student; it is not changed.
        tensors: outputs of its layers.
        reduce: from the activations of a batch, float32 [n, ...] each.
        photos: uint8 [n, size, size, 3].
        batch_size: photos at once.
    """
    probe, size = keras.Model(student.input, list(tensors)), student.input_shape[1]

    @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8)])
    def reduced(batch: Any) -> Any:
        return reduce(tf.nest.flatten(probe(tf.cast(batch, tf.float32) / 255.0, training=False)))

    concrete = reduced.get_concrete_function()  # as in `skin_training.predict.keras_forward`
    for start in range(0, len(photos), batch_size):
        yield [found.numpy() for found in concrete(tf.convert_to_tensor(photos[start : start + batch_size]))]


def some_positions(maps: tf.Tensor, count: int) -> tf.Tensor:
    """Return about `count` positions of feature maps [n, h, w, channels], evenly spread: [n, positions, channels]."""
    positions, channels = maps.shape[1] * maps.shape[2], maps.shape[3]
    step = max(1, positions // count)
    return tf.reshape(maps, (-1, positions, channels))[:, step // 2 :: step]
