"""The learnable colour-calibration matrix (CCM) in front of every model."""

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

CCM_LAYER_NAME = "color_calibration"


class PullToMatrix(keras.regularizers.Regularizer):
    """Penalty `strength * ||M - target||^2` on a 3x3 colour matrix (squared Frobenius norm).

    Args:
        strength: of the penalty.
        target: [3, 3]; None for the identity.
    """

    def __init__(self, strength: float = 1e-4, target: Any = None):
        self.strength = float(strength)
        self.target = np.eye(3, dtype=np.float32) if target is None else np.asarray(target, np.float32)

    def __call__(self, matrix: tf.Tensor) -> tf.Tensor:
        """Return the scalar penalty of a float32 [3, 3] matrix."""
        return self.strength * tf.reduce_sum(tf.square(matrix - tf.constant(self.target, matrix.dtype)))


@keras.saving.register_keras_serializable("skin_distill")
class ColorCalibration(keras.layers.Layer):
    """Per-pixel affine colour correction: `y = clip(x M + b, 0, 1)`.

    M is 3x3 and starts at the identity, b is a 3-vector and starts at zero, so an untrained layer changes nothing.
    The product is a 1x1 convolution, because the TFLite converter keeps that as a separate operator, from which M and b
    can be read back. Neither decays; `ccm_reg` pulls M to the identity or to the matrix of `pull_to`.

    Args:
        ccm_reg: strength of the penalty `ccm_reg * ||M - target||^2`.
        target: [3, 3] of the penalty; None for the identity.

    Input: float32 [batch, height, width, 3], sRGB in [0, 1], RGB order. Output: the same shape and range.
    """

    def __init__(self, ccm_reg: float = 1e-4, target: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.pull = PullToMatrix(ccm_reg, target)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create M and b; ValueError unless the input has three channels."""
        if input_shape[-1] != 3:
            raise ValueError(f"ColorCalibration needs RGB input [batch, height, width, 3]. Received: {input_shape}")
        self.matrix = self.add_weight(
            name="ccm_matrix",
            shape=(3, 3),
            initializer=keras.initializers.Identity(),
            regularizer=self.pull,
        )
        self.bias = self.add_weight(name="ccm_bias", shape=(3,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return the calibrated image, clipped to [0, 1]."""
        kernel = tf.reshape(self.matrix, (1, 1, 3, 3))
        calibrated = tf.nn.conv2d(inputs, tf.cast(kernel, inputs.dtype), strides=1, padding="VALID")
        calibrated += tf.cast(self.bias, inputs.dtype)
        # Not in inference, so that converted graphs have no operator of it.
        return _clipped(calibrated) if training is True else tf.clip_by_value(calibrated, 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "ccm_reg": self.pull.strength, "target": self.pull.target.tolist()}

    def pull_to(self, matrix: np.ndarray) -> None:
        """Set the penalty's target, [3, 3]; applies to steps that are compiled afterwards."""
        self.pull.target = np.asarray(matrix, np.float32)


@tf.custom_gradient
def _clipped(values: tf.Tensor) -> Any:
    """Clip to [0, 1] with the gradient of `tf.clip_by_value`, whose selections take longer than the convolution."""
    clipped = tf.clip_by_value(values, 0.0, 1.0)
    return clipped, lambda gradient: gradient * tf.cast(tf.equal(values, clipped), gradient.dtype)


def ccm_of(model: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Return (M float32 [3, 3], b float32 [3]) of a model that has a colour-calibration layer."""
    layer = model.get_layer(CCM_LAYER_NAME)
    return layer.matrix.numpy(), layer.bias.numpy()
