"""Quantization-aware training: the student learns with the 8-bit steps that its file will have.

Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", with
the wrappers of tensorflow-model-optimization. What is rounded while training is what the file rounds, no more and no
less: kernels by channel (dense ones whole), and the results that the integer graph writes down. What fuses into the
operator before it (batch normalisation, ReLU) is not rounded, nor are the weights of the colour calibration.
"""

from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

from convert.making.activation_ranges import Ranges, tensors_of_layers
from distill.objective import with_features
from skin_training.color_calibration import ColorCalibration
from skin_training.dropout import SeededDropout
from skin_training.predict import predict
from skin_training.recipe import Phase

_quantizers = tfmot.quantization.keras.quantizers
BITS, LARGEST = 8, 127
# Where the kernel is, and its axis of channels; a dense kernel has one step size, which older runtimes need.
KERNELS = {
    keras.layers.Conv2D: ("kernel", 3),
    keras.layers.DepthwiseConv2D: ("depthwise_kernel", 2),
    keras.layers.Dense: ("kernel", None),
}
UNTOUCHED = (
    keras.layers.InputLayer,
    keras.layers.ZeroPadding2D,
    keras.layers.MaxPooling2D,
    keras.layers.Flatten,
    SeededDropout,
)
"""Layers that hand on the integers that they get."""


class KernelSteps(_quantizers.Quantizer):
    """Round a kernel to 255 steps symmetric about zero, from its own largest weight, as the converter will.

    Args:
        channel_axis: of the kernel: each channel has steps of its own; None for one step size.
    """

    def __init__(self, channel_axis: int | None):
        self.channel_axis = channel_axis

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Nothing is kept."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Return the rounded kernel; gradients pass as if it were not."""
        axes = [axis for axis in range(len(inputs.shape)) if axis != self.channel_axis]
        step = tf.reduce_max(tf.abs(inputs), axis=axes, keepdims=True) / LARGEST
        rounded = tf.round(tf.math.divide_no_nan(inputs, step)) * step
        return inputs + tf.stop_gradient(rounded - inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"channel_axis": self.channel_axis}


class FixedRange(_quantizers.Quantizer):
    """Fake quantization over a range that is known.

    Args:
        low: smallest value.
        high: largest value.
    """

    def __init__(self, low: float, high: float):
        self.low, self.high = float(low), float(high)

    def build(self, tensor_shape: Any, name: str, layer: Any) -> dict[str, Any]:
        """Nothing is learnt."""
        return {}

    def __call__(self, inputs: Any, training: Any, weights: Any, **kwargs: Any) -> Any:
        """Return the inputs on 256 steps."""
        return tf.quantization.fake_quant_with_min_max_args(inputs, self.low, self.high, BITS)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"low": self.low, "high": self.high}


class Rounded(tfmot.quantization.keras.QuantizeConfig):
    """What of a layer is rounded.

    Args:
        kernel: attribute that holds the layer's kernel, if it has one that is rounded.
        channel_axis: of the kernel; None for one step size.
        bounds: smallest and largest value of the result, if that is rounded.
    """

    def __init__(
        self,
        kernel: str | None = None,
        channel_axis: int | None = None,
        bounds: tuple[float, float] | None = None,
    ):
        self.kernel, self.channel_axis, self.bounds = kernel, channel_axis, bounds

    def get_weights_and_quantizers(self, layer: Any) -> list[Any]:
        """The kernel and its quantizer."""
        return [(getattr(layer, self.kernel), KernelSteps(self.channel_axis))] if self.kernel else []

    def get_activations_and_quantizers(self, layer: Any) -> list[Any]:
        """No activation inside the layer is rounded before its result is."""
        return []

    def set_quantize_weights(self, layer: Any, quantize_weights: Any) -> None:
        """Put the rounded kernel in the kernel's place."""
        if self.kernel:
            setattr(layer, self.kernel, quantize_weights[0])

    def set_quantize_activations(self, layer: Any, quantize_activations: Any) -> None:
        """Nothing to set."""
        return

    def get_output_quantizers(self, layer: Any) -> list[Any]:
        """The result's quantizer."""
        return [FixedRange(*self.bounds)] if self.bounds else []

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"kernel": self.kernel, "channel_axis": self.channel_axis, "bounds": self.bounds}


class QuantizationAware:
    """A student that trains with the rounding of its file.

    Attributes:
        model: `image` float32 [batch, size, size, 3] to what `distill.objective.with_features` gives, with the
            rounding. Its weights are its own.
        phases: to train it through.
    """

    def __init__(self, student: keras.Model, ranges: Ranges, epochs: int = 1, learning_rate: float = 3e-4):
        """Build it from a trained student, which is not changed.

        Args:
            student: the Keras student, on the fast path.
            ranges: of its activations, as `ranges_of` gives them. They stay as they are: the weights
                adapt to them.
            epochs: of the one phase.
            learning_rate: its peak.
        """
        self.phases = (Phase("quantization-aware", "all", epochs, learning_rate),)
        self._float = keras.models.clone_model(student)
        self._float.set_weights(student.get_weights())
        outputs = with_features(self._float).outputs
        tensors = tensors_of_layers(ranges, student.name, [layer.name for layer in student.layers])
        bounds = {layer: ranges[tensor] for layer, tensor in tensors.items()}

        def wrapped(layer: Any) -> Any:
            copy = layer.__class__.from_config(layer.get_config())
            if isinstance(layer, UNTOUCHED):
                return copy
            kernel = KERNELS.get(type(layer), (None, None))
            # `quantize_apply` would exchange these configs for its own where a convolution stands before a ReLU.
            return tfmot.quantization.keras.QuantizeWrapperV2(copy, Rounded(*kernel, bounds.get(layer.name)))

        model = keras.Model(self._float.input, outputs, name=student.name)
        self.model = keras.models.clone_model(model, clone_function=wrapped)
        for rounded, plain in self._pairs():
            rounded.assign(plain)
        self._answering = answering(self.model)

    def select(self, phase: Phase) -> None:
        """Train all but the colour calibration, and batch normalisation, which stays as the file has it."""
        self.model.trainable = True
        for wrapper in self._wrappers():
            if isinstance(wrapper.layer, keras.layers.BatchNormalization | ColorCalibration):
                wrapper.trainable = False

    def answers(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer photos as the file would.

        Args:
            pixels: uint8 [n, size, size, 3].

        Returns:
            Probabilities: diagnosis float32 [n, classes], and good light float32 [n].
        """
        return predict(self._answering, pixels)

    def float_student(self) -> keras.Model:
        """Return the student with the weights learnt, without rounding: what is to be converted, with the ranges."""
        for rounded, plain in self._pairs():
            plain.assign(rounded)
        return self._float

    def _wrappers(self) -> list[Any]:
        return [layer for layer in self.model.layers if hasattr(layer, "layer")]

    def _pairs(self) -> list[tuple[Any, Any]]:
        """Each weight of the student's in the rounded model, and the same one in the float model."""
        pairs = []
        for wrapper in self._wrappers():
            # A wrapper lists its quantizers' variables, too, and the kernel that it took from its layer.
            found = {_last_part(weight): weight for weight in wrapper.weights}
            pairs += [
                (found[_last_part(weight)], weight) for weight in self._float.get_layer(wrapper.layer.name).weights
            ]
        return pairs


def answering(model: keras.Model) -> keras.Model:
    """Return a model on the layers of one in training that gives probabilities: diagnosis, and good light."""
    diagnosis, lighting, *_ = model.outputs
    return keras.Model(model.input, [keras.layers.Softmax()(diagnosis), keras.layers.Activation("sigmoid")(lighting)])


def _last_part(weight: Any) -> str:
    return str(weight.name).rsplit("/", 1)[-1]
