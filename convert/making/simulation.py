"""A student that computes as its 8-bit file does, layer by layer where asked, to find the layers that lose most."""

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from convert.making.activation_ranges import Ranges, tensors_of_layers
from convert.making.fast_path import KERNELS, rebuilt
from convert.making.weight_only import quantize_kernel

_BATCH = 16


class _FakeQuantization(keras.layers.Layer):
    """Quantizes its input to 256 values from `low` to `high` while `active`."""

    def __init__(self, low: float, high: float, **options: Any):
        super().__init__(**options)
        self.low, self.high = float(low), float(high)
        self.active = tf.Variable(False, trainable=False)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.cond(
            self.active,
            lambda: tf.quantization.fake_quant_with_min_max_args(inputs, self.low, self.high),
            lambda: inputs,
        )


class SimulatedFile:
    """A student whose units are quantized as in its file, each one or not.

    Attributes:
        units: what can be quantized alone, in the order of execution: the layer whose output the file stores, and the
            layer of the kernel that it is computed with, or "".
    """

    def __init__(self, student: keras.Model, ranges: Ranges):
        """Build the simulation; nothing is quantized yet.

        Args:
            student: as `convert.making.source.Source` prepares it for the file; it is not changed.
            ranges: of its activations.
        """
        tensors = tensors_of_layers(ranges, student.name, [layer.name for layer in student.layers])
        self._outputs: dict[str, _FakeQuantization] = {}

        def quantized(layer: Any, inputs: Any) -> Any:
            output = layer.__class__.from_config(layer.get_config())(inputs)
            if layer.name not in tensors:
                return output
            self._outputs[layer.name] = _FakeQuantization(*ranges[tensors[layer.name]], name=f"{layer.name}/quantized")
            return self._outputs[layer.name](output)

        self._student, self._model = student, rebuilt(student, quantized)
        for layer in student.layers:
            if layer.weights:
                self._model.get_layer(layer.name).set_weights(layer.get_weights())
        kernels = {self._stored_output(layer): layer.name for layer in student.layers if isinstance(layer, KERNELS)}
        self.units = {name: kernels.get(name, "") for name in self._outputs}
        self._quantized: set[str] = set()
        probe = keras.Model(self._model.input, [self._model.outputs, [q.output for q in self._outputs.values()]])
        self._forward = tf.function(lambda images: probe(images, training=False))

    def _stored_output(self, layer: Any) -> str:
        """Return the layer whose output is the first after a kernel that the file stores."""
        while layer.name not in self._outputs and len(layer.outbound_nodes) == 1:
            layer = layer.outbound_nodes[0].layer
        return str(layer.name)

    def quantize(self, names: set[str]) -> None:
        """Quantize the units of these names, and no other."""
        for name in self._quantized ^ names:
            self._outputs[name].active.assign(name in names)
            if not self.units[name]:
                continue
            layer = self._student.get_layer(self.units[name])
            kernel, *rest = layer.get_weights()
            self._model.get_layer(layer.name).set_weights([_of_file(kernel, layer) if name in names else kernel, *rest])
        self._quantized = set(names)

    def run(self, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return diagnosis probabilities, float32 [n, classes], and the stored outputs by unit, float32 [n, ...].

        Args:
            pixels: uint8 [n, size, size, 3].
        """
        diagnosis, stored = [], []
        for start in range(0, len(pixels), _BATCH):
            outputs, maps = self._forward(pixels[start : start + _BATCH].astype(np.float32) / np.float32(255))
            diagnosis.append(outputs[0].numpy())
            stored.append([found.numpy() for found in maps])
        return np.concatenate(diagnosis), {
            name: np.concatenate([batch[number] for batch in stored]) for number, name in enumerate(self.units)
        }


def _of_file(kernel: np.ndarray, layer: Any) -> np.ndarray:
    """Return a kernel as the file holds it: a scale for each channel, of dense layers one."""
    if isinstance(layer, keras.layers.Dense):
        integers, scale = quantize_kernel(kernel.reshape(-1, 1), 1)
        return np.asarray(integers.reshape(kernel.shape) * scale)
    axis = 2 if isinstance(layer, keras.layers.DepthwiseConv2D) else 3
    integers, scales = quantize_kernel(kernel, axis)
    return np.asarray(np.moveaxis(np.moveaxis(integers, axis, -1) * scales, -1, axis))
