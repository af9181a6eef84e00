"""Quantization-aware training: the student learns with the 8-bit quantization of its file in place.

Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", with
the wrappers of tensorflow-model-optimization. Training quantizes exactly what the file quantizes: kernels by channel
(dense ones by tensor), and the activations that the integer graph stores. What fuses into the operator before it (batch
normalisation, ReLU) is not quantized, nor are the weights of the colour calibration.

Ranges of activations are learned along with the weights, by the gradient of Esser et al. 2020, "Learned Step Size
Quantization", in the log domain of Jain et al. 2020, "Trained Quantization Thresholds".
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

from convert.making.activation_ranges import Ranges, tensors_of_layers
from convert.making.equalization import ScaledGate
from convert.making.fast_path import rebuilt
from distill.objective import with_features
from skin_training.color_calibration import ColorCalibration
from skin_training.dropout import SeededDropout
from skin_training.predict import predict
from skin_training.recipe import Phase

BITS, LARGEST = 8, 127
RANGE_RATE = 10.0
"""A range moves by so many times the learning rate, relative to itself: hundreds of steps cannot move it otherwise."""
FROZEN_PART, FROZEN_RATE = 4, 0.1
"""One of so many epochs, the last ones, has frozen ranges; the learning rate is then this part of the peak, or less."""
LEARNING, FROZEN = "quantization-aware", "ranges frozen"
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
SHARED = (*PASS_THROUGH, keras.layers.Reshape, keras.layers.Concatenate)
"""Layers that copy integers, whose inputs share a range with their output. That is not learned."""
LEARNABLE = (
    *KERNELS,
    keras.layers.BatchNormalization,
    keras.layers.ReLU,
    keras.layers.Multiply,
    keras.layers.Add,
    keras.layers.GlobalAveragePooling2D,
)
"""Layers of one operator, whose range no other layer prescribes. That of a gate is known: 0 to 6."""


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


class LearnedRange(keras.layers.Layer):
    """Fake quantization of values from `low` to `high`, times a learned factor; the integer that stands for 0 stays.

    Attributes:
        log_factor: logarithm of the factor over `RANGE_RATE`, a scalar.
    """

    def __init__(self, low: float, high: float, **options: Any):
        super().__init__(**options)
        self.low, self.high = float(low), float(high)

    def build(self, input_shape: Any) -> None:
        """Add the factor, at first 1."""
        self.log_factor = self.add_weight("log_factor", (), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the inputs quantized to 256 values."""
        return _with_learned_range(inputs, self.low, self.high, RANGE_RATE * self.log_factor)

    def bounds(self) -> tuple[float, float]:
        """Return the smallest and largest value."""
        factor = float(np.exp(RANGE_RATE * self.log_factor.numpy()))
        return self.low * factor, self.high * factor


def _with_learned_range(inputs: Any, low: float, high: float, log_factor: Any) -> Any:
    """Quantize; the gradient passes to what is not clipped, and to the factor by what quantization changes."""

    @tf.custom_gradient
    def quantized(values: Any, logarithm: Any) -> Any:
        bounds = low * tf.exp(logarithm), high * tf.exp(logarithm)
        found = tf.quantization.fake_quant_with_min_max_vars(values, *bounds, num_bits=BITS)

        def gradient(upstream: Any) -> tuple[Any, Any]:
            kept, *_ = tf.quantization.fake_quant_with_min_max_vars_gradient(upstream, values, *bounds, num_bits=BITS)
            # d found / d log_factor is found - values where a value is kept, and found where it is clipped.
            of_factor = tf.reduce_sum(upstream * found) - tf.reduce_sum(kept * values)
            # Its size grows with the tensor's: scaled like Esser et al., or it would rule the norm that is clipped.
            return kept, of_factor / tf.sqrt(tf.cast(tf.size(values) * LARGEST, tf.float32))

        return found, gradient

    return quantized(inputs, log_factor)


class _FrozenStatistics(keras.layers.BatchNormalization):
    """Batch normalisation with the file's mean and variance in training, too; its scale and offset are trained."""

    def call(self, inputs: Any, training: Any = None, **options: Any) -> Any:
        return super().call(inputs, training=False, **options)


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
        phases: the training schedule: with learned ranges, and with frozen ones.
        settings: the ranges at the start, and how they are learned.
    """

    def __init__(self, student: keras.Model, ranges: Ranges, epochs: int = 1, learning_rate: float = 3e-4):
        """Wrap a copy of a trained student.

        Args:
            student: the Keras student, as `convert.making.source.Source` prepares it; it is not changed.
            ranges: of its activations.
            epochs: of both phases.
            learning_rate: its peak.
        """
        frozen, last_rate = epochs // FROZEN_PART, FROZEN_RATE * learning_rate
        learning = Phase(LEARNING, "all", epochs - frozen, learning_rate, last_rate if frozen else 0.0)
        self.phases: Sequence[Phase] = (
            (learning, Phase(FROZEN, "all", frozen, last_rate, warmup=0.0)) if frozen else (learning,)
        )
        self.settings: Mapping[str, Any] = {"ranges": dict(ranges), "range_rate": RANGE_RATE}
        self._float = keras.models.clone_model(student)
        self._float.set_weights(student.get_weights())
        self._ranges, self._learned = ranges, dict[str, LearnedRange]()
        self._tensors = tensors_of_layers(ranges, student.name, [layer.name for layer in student.layers])
        outputs = with_features(self._float).outputs
        self.model = rebuilt(keras.Model(self._float.input, outputs, name=student.name), self._quantized)
        for quantized, plain in self._weight_pairs():
            quantized.assign(plain)
        diagnosis, lighting, *_ = self.model.outputs
        self._probabilities = keras.Model(
            self.model.input, [keras.layers.Softmax()(diagnosis), keras.layers.Activation("sigmoid")(lighting)]
        )

    def _quantized(self, layer: Any, inputs: Any) -> Any:
        if isinstance(layer, SeededDropout):
            return inputs  # what the student learns are its own predictions
        kind = _FrozenStatistics if isinstance(layer, keras.layers.BatchNormalization) else type(layer)
        copy = kind.from_config(layer.get_config())
        if isinstance(layer, PASS_THROUGH):
            return copy(inputs)
        kernel, axis = KERNELS.get(type(layer), (None, None))
        tensor = self._tensors.get(layer.name)
        bounds = self._ranges[tensor] if tensor else None
        learns = isinstance(layer, LEARNABLE) and not self._shares(layer)
        # `quantize_apply` would replace these configs by its own where a convolution stands before a ReLU.
        config = QATConfig(kernel, axis, None if learns else bounds)
        output = tfmot.quantization.keras.QuantizeWrapperV2(copy, config)(inputs)
        if not (learns and bounds):
            return output
        self._learned[layer.name] = LearnedRange(*bounds, name=f"{layer.name}/range")
        return self._learned[layer.name](output)

    def _shares(self, layer: Any) -> bool:
        """Return whether an operator of the file copies the integers of a layer's output."""
        following = [node.layer for node in layer.outbound_nodes if isinstance(node.layer, SHARED)]
        return any(found.name in self._tensors or self._shares(found) for found in following)

    def select(self, phase: Phase) -> None:
        """Train all but colour calibration and gates; ranges in the first phase alone."""
        self.model.trainable = True
        for wrapper in self._wrappers():
            if isinstance(wrapper.layer, ColorCalibration | ScaledGate):
                wrapper.trainable = False
        for learned in self._learned.values():
            learned.trainable = phase.name == LEARNING

    def predict(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the file's predictions.

        Args:
            pixels: uint8 [n, size, size, 3].

        Returns:
            Diagnosis probabilities float32 [n, classes] and well-lit probabilities float32 [n].
        """
        return predict(self._probabilities, pixels)

    def float_student(self) -> keras.Model:
        """Return the student with the learned weights, not quantized: the model to convert, with `ranges`."""
        for quantized, plain in self._weight_pairs():
            plain.assign(quantized)
        return self._float

    def ranges(self) -> Ranges:
        """Return the ranges of the activations as they are learned."""
        return {**self._ranges, **{self._tensors[name]: found.bounds() for name, found in self._learned.items()}}

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
