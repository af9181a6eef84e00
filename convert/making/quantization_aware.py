"""Quantization-aware training: the student learns with the 8-bit quantization of its file in place.

Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", with
the wrappers of tensorflow-model-optimization. Training quantizes exactly what the file quantizes: kernels by channel
(dense ones by tensor), and the activations that the integer graph stores. What fuses into the operator before it (batch
normalisation, ReLU) is not quantized, nor are the weights of the colour calibration.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

from convert.making.activation_ranges import Ranges, tensors_of_layers
from convert.making.equalization import ScaledGate
from distill.objective import with_features
from skin_training.color_calibration import ColorCalibration
from skin_training.dropout import SeededDropout
from skin_training.predict import predict
from skin_training.recipe import Phase

BITS, LARGEST = 8, 127
# Layer -> (attribute of the kernel, axis of its channels); a dense kernel has one scale, which older runtimes need.
KERNELS = {
    keras.layers.Conv2D: ("kernel", 3),
    keras.layers.DepthwiseConv2D: ("depthwise_kernel", 2),
    keras.layers.Dense: ("kernel", None),
}
PASS_THROUGH = (
    keras.layers.InputLayer,
    keras.layers.ZeroPadding2D,
    keras.layers.MaxPooling2D,
    keras.layers.Flatten,
    SeededDropout,
)
"""Layers whose output has the quantization of their input."""


class _Quantizer(tfmot.quantization.keras.quantizers.Quantizer):
    """A quantizer without variables, which is never saved."""

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        return {}

    def get_config(self) -> dict[str, Any]:
        return dict(vars(self))


class KernelQuantizer(_Quantizer):
    """Quantize a kernel to 255 values symmetric about zero, scaled to its own largest weight, as the converter does.

    Args:
        channel_axis: of the kernel, whose channels have a scale each; None for one scale.
    """

    def __init__(self, channel_axis: int | None):
        self.channel_axis = channel_axis

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Return the quantized kernel with a straight-through gradient."""
        axes = [axis for axis in range(len(inputs.shape)) if axis != self.channel_axis]
        scale = tf.reduce_max(tf.abs(inputs), axis=axes, keepdims=True) / LARGEST
        quantized = tf.round(tf.math.divide_no_nan(inputs, scale)) * scale
        return inputs + tf.stop_gradient(quantized - inputs)


class FixedRangeQuantizer(_Quantizer):
    """Fake quantization of values from `low` to `high`."""

    def __init__(self, low: float, high: float):
        self.low, self.high = float(low), float(high)

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Return the inputs quantized to 256 values."""
        return tf.quantization.fake_quant_with_min_max_args(inputs, self.low, self.high, BITS)


class QATConfig(tfmot.quantization.keras.QuantizeConfig):
    """Which parts of a layer are quantized.

    Args:
        kernel: attribute of the layer's kernel, if that is quantized.
        channel_axis: of the kernel; None for one scale.
        bounds: smallest and largest value of the output, if that is quantized.
    """

    def __init__(
        self,
        kernel: str | None = None,
        channel_axis: int | None = None,
        bounds: tuple[float, float] | None = None,
    ):
        self.kernel, self.channel_axis, self.bounds = kernel, channel_axis, bounds

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """Return the kernel and its quantizer."""
        return [(getattr(layer, self.kernel), KernelQuantizer(self.channel_axis))] if self.kernel else []

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        """Return nothing: the output alone is quantized."""
        return []

    def set_quantize_weights(self, layer: Any, quantize_weights: Any) -> None:
        """Replace the kernel by the quantized one."""
        if self.kernel:
            setattr(layer, self.kernel, quantize_weights[0])

    def set_quantize_activations(self, layer: Any, quantize_activations: Any) -> None:
        """Set nothing."""
        return

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """Return the output's quantizer."""
        return [FixedRangeQuantizer(*self.bounds)] if self.bounds else []

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dict(vars(self))


class QuantizationAwareStudent:
    """A copy of a student that trains with the quantization of its file (a `TunableStudent`).

    Attributes:
        model: `image` float32 [batch, size, size, 3] to the outputs of `distill.objective.with_features`, quantized.
        phases: the training schedule.
        settings: the ranges.
    """

    def __init__(self, student: keras.Model, ranges: Ranges, epochs: int = 1, learning_rate: float = 3e-4):
        """Wrap a copy of a trained student.

        Args:
            student: the Keras student, as `convert.making.fast_path.on_fast_path` returns it; it is not changed.
            ranges: of its activations. They stay fixed: the weights adapt to them.
            epochs: of the one phase.
            learning_rate: its peak.
        """
        self.phases: Sequence[Phase] = (Phase("quantization-aware", "all", epochs, learning_rate),)
        self.settings: Mapping[str, Any] = {"ranges": dict(ranges)}
        self._float = keras.models.clone_model(student)
        self._float.set_weights(student.get_weights())
        outputs = with_features(self._float).outputs
        tensors = tensors_of_layers(ranges, student.name, [layer.name for layer in student.layers])
        bounds = {layer: ranges[tensor] for layer, tensor in tensors.items()}

        def wrapped(layer: Any) -> Any:
            copy = layer.__class__.from_config(layer.get_config())
            if isinstance(layer, PASS_THROUGH):
                return copy
            kernel, axis = KERNELS.get(type(layer), (None, None))
            # `quantize_apply` would replace these configs by its own where a convolution stands before a ReLU.
            return tfmot.quantization.keras.QuantizeWrapperV2(copy, QATConfig(kernel, axis, bounds.get(layer.name)))

        model = keras.Model(self._float.input, outputs, name=student.name)
        self.model = keras.models.clone_model(model, clone_function=wrapped)
        for quantized, plain in self._weight_pairs():
            quantized.assign(plain)
        diagnosis, lighting, *_ = self.model.outputs
        self._probabilities = keras.Model(
            self.model.input, [keras.layers.Softmax()(diagnosis), keras.layers.Activation("sigmoid")(lighting)]
        )

    def select(self, phase: Phase) -> None:
        """Train all but colour calibration, gates and batch normalisation, which keeps the file's statistics."""
        self.model.trainable = True
        for wrapper in self._wrappers():
            if isinstance(wrapper.layer, keras.layers.BatchNormalization | ColorCalibration | ScaledGate):
                wrapper.trainable = False

    def predict(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the file's predictions.

        Args:
            pixels: uint8 [n, size, size, 3].

        Returns:
            Diagnosis probabilities float32 [n, classes] and well-lit probabilities float32 [n].
        """
        return predict(self._probabilities, pixels)

    def float_student(self) -> keras.Model:
        """Return the student with the learned weights, not quantized: the model to convert, with the same ranges."""
        for quantized, plain in self._weight_pairs():
            plain.assign(quantized)
        return self._float

    def _wrappers(self) -> list[Any]:
        return [layer for layer in self.model.layers if hasattr(layer, "layer")]

    def _weight_pairs(self) -> list[tuple[Any, Any]]:
        """Each weight of the quantized model, and the same one of the float model."""
        pairs = []
        for wrapper in self._wrappers():
            # A wrapper also lists its quantizers' variables, and the kernel that it took from its layer.
            found = {_last_part(weight): weight for weight in wrapper.weights}
            pairs += [
                (found[_last_part(weight)], weight) for weight in self._float.get_layer(wrapper.layer.name).weights
            ]
        return pairs


def _last_part(weight: Any) -> str:
    return str(weight.name).rsplit("/", 1)[-1]
