"""MobileNetV3-Small in explicit, named layers.

Source: Howard et al. 2019, "Searching for MobileNetV3". The layer names are those of
`keras.applications.MobileNetV3Small`, so that its ImageNet weight files load by name. Unlike there, the hard
activations are separate layers, because quantization-aware training can only annotate layers.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tf_keras as keras

from distill.backbones.student_backbone import StudentBackbone
from skin_training.weight_files import check_h5
from triage.errors import UnusableInput

BATCH_NORM_EPSILON = 1e-3
SQUEEZE_RATIO = 0.25


@keras.saving.register_keras_serializable("skin_distill")
class HardSigmoid(keras.layers.Layer):
    """`relu6(x + 3) / 6`, elementwise (Howard et al. 2019)."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return a tensor of the input's shape with values in [0, 1]."""
        return tf.nn.relu6(inputs + 3.0) * (1.0 / 6.0)


@keras.saving.register_keras_serializable("skin_distill")
class HardSwish(keras.layers.Layer):
    """`x * relu6(x + 3) / 6`, elementwise (Howard et al. 2019); the converter fuses it into HARD_SWISH."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return a tensor of the input's shape."""
        return inputs * (tf.nn.relu6(inputs + 3.0) * (1.0 / 6.0))


class Block(NamedTuple):
    """One inverted residual block of the network's table."""

    expansion: float
    filters: int
    kernel: int
    stride: int
    squeeze: bool
    activation: type[keras.layers.Layer]


RELU, SWISH = keras.layers.ReLU, HardSwish
# Table 2 of Howard et al. 2019, with expansions as ratios of the block's input depth.
SMALL_BLOCKS = (
    Block(1, 16, 3, 2, True, RELU),
    Block(72 / 16, 24, 3, 2, False, RELU),
    Block(88 / 24, 24, 3, 1, False, RELU),
    Block(4, 40, 5, 2, True, SWISH),
    Block(6, 40, 5, 1, True, SWISH),
    Block(6, 40, 5, 1, True, SWISH),
    Block(3, 48, 5, 1, True, SWISH),
    Block(3, 48, 5, 1, True, SWISH),
    Block(6, 96, 5, 2, True, SWISH),
    Block(6, 96, 5, 1, True, SWISH),
    Block(6, 96, 5, 1, True, SWISH),
)


def round_depth(depth: float, divisor: int = 8) -> int:
    """Round a channel count to a multiple of `divisor`, at most 10 % down (Sandler et al. 2018)."""
    rounded = max(divisor, int(depth + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * depth else rounded


def mobilenet_v3_small(image: tf.Tensor, width: float = 1.0, batch_norm_momentum: float = 0.999) -> tf.Tensor:
    """Apply the network's layers, without its classifier.

    Args:
        image: Keras tensor float32 [batch, size, size, 3] with values in [-1, 1].
        width: multiplier of all channel counts.
        batch_norm_momentum: of the moving averages; 0.999 takes thousands of steps to settle, so short trainings from
            scratch need 0.9 to 0.95.

    Returns:
        Keras tensor float32 [batch, size / 32, size / 32, 576 * width] (before pooling).
    """
    x = keras.layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="Conv")(image)
    x = _batch_norm(x, "Conv", batch_norm_momentum)
    x = HardSwish(name="Conv/hard_swish")(x)
    for index, block in enumerate(SMALL_BLOCKS):
        x = _inverted_residual(x, index, block, width, batch_norm_momentum)
    x = keras.layers.Conv2D(round_depth(x.shape[-1] * 6), 1, padding="same", use_bias=False, name="Conv_1")(x)
    x = _batch_norm(x, "Conv_1", batch_norm_momentum)
    return HardSwish(name="Conv_1/hard_swish")(x)


def _batch_norm(x: tf.Tensor, name: str, momentum: float) -> tf.Tensor:
    return keras.layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, momentum=momentum, name=f"{name}/BatchNorm")(x)


def _inverted_residual(x: tf.Tensor, index: int, block: Block, width: float, momentum: float) -> tf.Tensor:
    prefix = f"expanded_conv_{index}" if index else "expanded_conv"
    shortcut, depth_in, depth_out = x, x.shape[-1], round_depth(block.filters * width)
    depth = round_depth(depth_in * block.expansion)
    if index:
        x = keras.layers.Conv2D(depth, 1, padding="same", use_bias=False, name=f"{prefix}/expand")(x)
        x = _batch_norm(x, f"{prefix}/expand", momentum)
        x = block.activation(name=f"{prefix}/expand/activation")(x)
    if block.stride == 2:
        # keras.applications pads strided convolutions explicitly; its weights need the same alignment.
        odd = x.shape[1] % 2
        half = block.kernel // 2
        x = keras.layers.ZeroPadding2D(((half - 1 + odd, half), (half - 1 + odd, half)), name=f"{prefix}/pad")(x)
    x = keras.layers.DepthwiseConv2D(
        block.kernel,
        strides=block.stride,
        padding="valid" if block.stride == 2 else "same",
        use_bias=False,
        name=f"{prefix}/depthwise",
    )(x)
    x = _batch_norm(x, f"{prefix}/depthwise", momentum)
    x = block.activation(name=f"{prefix}/depthwise/activation")(x)
    if block.squeeze:
        x = _squeeze_excite(x, f"{prefix}/squeeze_excite")
    x = keras.layers.Conv2D(depth_out, 1, padding="same", use_bias=False, name=f"{prefix}/project")(x)
    x = _batch_norm(x, f"{prefix}/project", momentum)
    if block.stride == 1 and depth_in == depth_out:
        x = keras.layers.Add(name=f"{prefix}/Add")([shortcut, x])
    return x


def _squeeze_excite(x: tf.Tensor, prefix: str) -> tf.Tensor:
    depth = x.shape[-1]
    gate = keras.layers.GlobalAveragePooling2D(keepdims=True, name=f"{prefix}/AvgPool")(x)
    gate = keras.layers.Conv2D(round_depth(depth * SQUEEZE_RATIO), 1, name=f"{prefix}/Conv")(gate)
    gate = keras.layers.ReLU(name=f"{prefix}/Relu")(gate)
    gate = keras.layers.Conv2D(depth, 1, name=f"{prefix}/Conv_1")(gate)
    gate = HardSigmoid(name=f"{prefix}/hard_sigmoid")(gate)
    return keras.layers.Multiply(name=f"{prefix}/Mul")([x, gate])


def load_weights(student: keras.Model, weights: str) -> None:
    """Load "imagenet" (downloaded by keras.applications), or an .h5 file saved with `include_top=False`."""
    if weights == "imagenet":
        _copy_from_applications(student)
        return
    before = student.get_layer("Conv_1").get_weights()[0].copy()
    try:
        check_h5(weights)
        student.load_weights(weights, by_name=True)
    except (ValueError, OSError) as error:
        raise UnusableInput(f"These weights do not fit MobileNetV3-Small. Received: {weights}: {error}") from error
    if np.array_equal(before, student.get_layer("Conv_1").get_weights()[0]):
        raise UnusableInput(
            f"The file has no layer named as in keras.applications.MobileNetV3Small. Received: {weights}. "
            "Save it with include_top=False from tf_keras."
        )


def _copy_from_applications(student: keras.Model) -> None:
    try:
        donor = keras.applications.MobileNetV3Small(include_top=False, weights="imagenet")
    except Exception as error:
        raise UnusableInput(
            f"The ImageNet weights could not be downloaded ({error}). Go online, or save them elsewhere with "
            "tf_keras.applications.MobileNetV3Small(include_top=False).save_weights('weights.h5') and give that file."
        ) from error
    try:
        for layer in donor.layers:
            if layer.weights:
                student.get_layer(layer.name).set_weights(layer.get_weights())
    except ValueError as error:
        raise UnusableInput(
            "ImageNet weights are available for width 1.0 only. Start another width with weights: none, or give a "
            f"file. Received: {error}"
        ) from error


MOBILENET_V3_SMALL = StudentBackbone(mobilenet_v3_small, (2.0, -1.0), load_weights, widths=True)
