"""Give the channels of a feature map like ranges before they share one scale of 8 bit.

A channel whose values span a hundredth of the map's range has two or three integers for them, and the next kernel may
enlarge that error a hundredfold. Each channel is therefore divided by a factor, which the normalisation before it takes
and the kernels behind it give back: predictions stay the same (cross-layer equalization, Nagel et al. 2019, "Data-Free
Quantization Through Weight Equalization and Bias Correction"; here for activations, as kernels have a scale for each
channel anyway). ReLU passes a factor. So does `x * relu6(x + 3)` if its gate undoes it: `relu6(factor * x + 3)` is a
depthwise convolution, one operator like the addition it replaces.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tf_keras as keras

from convert.making.activation_ranges import DEAD
from convert.making.activations import reduced_activations, some_positions
from convert.making.fast_path import ShiftedRelu6, following_kernels, rebuilt
from triage.errors import UnusableInput

SMALLEST_FACTOR = 1 / 64
"""A channel gets at most so much finer than its map."""
COVERED = 0.999
"""A channel's range covers its values but for this fraction at either end."""
BEFORE_DEPTHWISE, BEFORE_DENSE = 1.0, 0.5
"""Exponents of the factors. A depthwise kernel has a scale for each channel: any factor is free. In other kernels input
channels share scales, and lose what the map gains."""
BELOW = 2.0
"""In a gated map, values below zero count so many times: they share its range with the larger ones above."""
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
_BATCH, _POSITIONS = 16, 100


@keras.saving.register_keras_serializable("skin_distill")
class ScaledGate(keras.layers.Layer):
    """`relu6(factor * x + 3)`, each channel with its own factor, a constant."""

    def build(self, input_shape: Any) -> None:
        """Add the factors, at first 1."""
        self.factor = self.add_weight("factor", (1, 1, input_shape[-1], 1), initializer="ones", trainable=False)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return a tensor of the input's shape [batch, h, w, channels] with values in [0, 6]."""
        scaled = tf.nn.depthwise_conv2d(inputs, self.factor, (1, 1, 1, 1), "VALID")
        return tf.nn.relu6(tf.nn.bias_add(scaled, tf.fill([inputs.shape[-1]], 3.0)))


class _Map(NamedTuple):
    """An activation whose channels can be scaled."""

    normalization: Any
    gate: Any  # the layer of `relu6(x + 3)`; None for ReLU
    kernels: list[Any]


def equalized(student: keras.Model, photos: np.ndarray) -> keras.Model:
    """Return a copy of a student with the same predictions whose feature maps' channels have like ranges.

    Args:
        student: of `convert.making.fast_path.on_fast_path`; it is not changed.
        photos: uint8 [n, size, size, 3], over which ranges are measured.
    """
    maps = list(filter(None, (_map_after(layer) for layer in student.layers)))
    if not maps:
        return student
    ranges = _channel_ranges(student, maps, photos)
    factors = {name: _factors(found, *ranges[name]) for found in maps for name in [found.normalization.name]}
    gates = {found.gate.name for found in maps if found.gate}

    def with_scaled_gates(layer: Any, inputs: Any) -> Any:
        copy = ScaledGate(name=layer.name) if layer.name in gates else layer.__class__.from_config(layer.get_config())
        return copy(inputs)

    copy = rebuilt(student, with_scaled_gates)
    weights = {layer.name: layer.get_weights() for layer in student.layers if layer.weights}
    for found in maps:
        factor = factors[found.normalization.name].astype(np.float32)
        gamma, beta, *statistics = weights[found.normalization.name]
        weights[found.normalization.name] = [gamma / factor, beta / factor, *statistics]
        for name in (kernel.name for kernel in found.kernels):
            kernel, *rest = weights[name]
            weights[name] = [kernel * factor[:, None], *rest]
        if found.gate:
            weights[found.gate.name] = [factor.reshape(1, 1, -1, 1)]
    for name, values in weights.items():
        copy.get_layer(name).set_weights(values)
    return copy


def _map_after(layer: Any) -> _Map | None:
    """Return the map that begins with a layer of batch normalisation; None if its channels cannot be scaled."""
    if not isinstance(layer, keras.layers.BatchNormalization) or not (layer.scale and layer.center):
        return None
    following = [node.layer for node in layer.outbound_nodes]
    gates = [found for found in following if isinstance(found, ShiftedRelu6)]
    products = [found for found in following if isinstance(found, keras.layers.Multiply)]
    if len(following) == 2 and len(gates) == len(products) == 1:
        gate, output = gates[0], products[0]
    elif len(following) == 1 and isinstance(following[0], keras.layers.ReLU) and following[0].max_value is None:
        gate, output = None, following[0]
    else:
        return None
    try:
        kernels = following_kernels(output)
    except UnusableInput:  # a sum, whose other terms have channels of their own
        return None
    usable = all(isinstance(kernel, CONVOLUTIONS) and kernel.groups == 1 for kernel in kernels)
    # A scaled gate takes time, and gains nothing where other kernels than depthwise ones follow.
    worth = gate is None or all(isinstance(kernel, keras.layers.DepthwiseConv2D) for kernel in kernels)
    return _Map(layer, gate, kernels) if kernels and usable and worth else None


def _channel_ranges(student: keras.Model, maps: list[_Map], photos: np.ndarray) -> dict[str, tuple[np.ndarray, ...]]:
    """Return smallest and largest value of each channel, float [channels] each, by the name of the normalisation."""
    outputs = [found.normalization.output for found in maps]

    def some(values: list[tf.Tensor]) -> list[tf.Tensor]:
        return [some_positions(one, _POSITIONS) for one in values]

    batches = list(reduced_activations(student, outputs, some, photos, _BATCH))
    ranges: dict[str, tuple[np.ndarray, ...]] = {}
    for number, found in enumerate(maps):
        channels = found.normalization.output.shape[-1]
        seen = np.concatenate([batch[number].reshape(-1, channels) for batch in batches])
        low, high = np.quantile(seen, (1 - COVERED, COVERED), axis=0)
        ranges[found.normalization.name] = low, high
    return ranges


def _factors(found: _Map, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the factor of each channel, float [channels] in (0, 1], from its smallest and largest values."""
    # In `x * relu6(x + 3)` every value up to -3 gives 0.
    needed = np.maximum(high, BELOW * np.minimum(-low, 3.0)) if found.gate else high
    ratio = np.where(needed > DEAD, needed / max(needed.max(), DEAD), 1.0)
    depthwise = all(isinstance(kernel, keras.layers.DepthwiseConv2D) for kernel in found.kernels)
    return np.maximum(ratio, SMALLEST_FACTOR) ** (BEFORE_DEPTHWISE if depthwise else BEFORE_DENSE)
