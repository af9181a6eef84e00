"""Restore the means that 8-bit kernels shift.

Inputs are mostly positive, so that the rounding errors of a kernel's weights add up to a shift of each output, which is
subtracted from the bias (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction",
with measured means in place of their derived ones).
"""

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from convert.making.activations import reduced_activations, some_positions
from convert.making.weight_only import quantize_kernel

_BATCH, _POSITIONS = 8, 64
"""Photos at once, and positions of a map that each photo contributes to the means."""


def bias_corrected(student: keras.Model, photos: np.ndarray) -> keras.Model:
    """Return a copy of a student whose convolutions keep their mean outputs once their kernels are in 8 bit.

    Args:
        student: the Keras student, ready for the quantizer; it is not changed.
        photos: uint8 [n, size, size, 3], representative training photos.
    """
    copy = keras.models.clone_model(student)
    copy.set_weights(student.get_weights())
    layers = [
        layer for layer in student.layers if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
    ]
    for layer, means in zip(layers, _mean_inputs(student, layers, photos), strict=True):
        kernel, depthwise = layer.get_weights()[0], isinstance(layer, keras.layers.DepthwiseConv2D)
        axis = 2 if depthwise else 3
        integers, scales = quantize_kernel(kernel, axis)
        error = np.moveaxis(np.moveaxis(integers, axis, -1) * scales, -1, axis) - kernel
        shift = np.einsum("hwc,hwcx->c" if depthwise else "hwc,hwcx->x", means, error)
        _subtract(copy, layer, shift)
    return copy


def _mean_inputs(student: keras.Model, layers: list[Any], photos: np.ndarray) -> list[np.ndarray]:
    """Return the mean of what each weight of some convolutions is multiplied with, padding included, [h, w, inputs]."""

    def sums(inputs: list[tf.Tensor]) -> list[tf.Tensor]:
        return [_patch_sum(layer, values) for layer, values in zip(layers, inputs, strict=True)]

    batches = reduced_activations(student, [layer.input for layer in layers], sums, photos, _BATCH)
    return [np.stack(of_layer).sum(axis=0, dtype=np.float64) / len(photos) for of_layer in zip(*batches, strict=True)]


def _patch_sum(layer: Any, inputs: tf.Tensor) -> tf.Tensor:
    """Return the sum over the photos of each one's mean patch, [h, w, inputs]."""
    height, width = layer.kernel_size
    patches = tf.image.extract_patches(
        inputs, (1, height, width, 1), (1, *layer.strides, 1), (1, 1, 1, 1), layer.padding.upper()
    )
    means = tf.reduce_mean(some_positions(patches, _POSITIONS), axis=1)
    return tf.reshape(tf.reduce_sum(means, axis=0), (height, width, inputs.shape[-1]))


def _subtract(copy: keras.Model, layer: Any, shift: np.ndarray) -> None:
    """Subtract a shift of a convolution's output, float [channels], from its bias or the normalisation's after it."""
    if layer.use_bias:
        kernel, bias = copy.get_layer(layer.name).get_weights()
        copy.get_layer(layer.name).set_weights([kernel, bias - shift])
        return
    following = [node.layer for node in layer.outbound_nodes]
    if len(following) == 1 and isinstance(following[0], keras.layers.BatchNormalization):
        copy.get_layer(following[0].name).moving_mean.assign_add(shift.astype(np.float32))
