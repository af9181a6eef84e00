"""Preprocessing layers that stand in front of published weights."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_keras as keras

CAFFE_MEAN = (103.939, 116.779, 123.68)
"""ImageNet's mean, BGR in [0, 255] (Simonyan and Zisserman 2014)."""
TORCH_MEAN, TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's mean and standard deviation, RGB in [0, 1]."""


def _caffe(x: tf.Tensor) -> tf.Tensor:
    return tf.reverse(x, axis=[-1]) * 255.0 - tf.constant(CAFFE_MEAN, x.dtype)


def _torch(x: tf.Tensor) -> tf.Tensor:
    return (x - tf.constant(TORCH_MEAN, x.dtype)) / tf.constant(TORCH_DEVIATION, x.dtype)


MODES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "unit": lambda x: x,
    "symmetric": lambda x: x * 2.0 - 1.0,
    "lite": lambda x: x * (255.0 / 128.0) - 127.0 / 128.0,
    "bytes": lambda x: x * 255.0,
    "caffe": _caffe,
    "torch": _torch,
}


@keras.saving.register_keras_serializable("skin_distill")
class BackbonePreprocessing(keras.layers.Layer):
    """Turn sRGB in [0, 1] into what a backbone's weights expect.

    Args:
        mode: `unit` (unchanged), `symmetric` (2x - 1), `lite` ((255x - 127) / 128), `bytes` (255x), `caffe` (BGR, 255x
            minus ImageNet's mean) or `torch` (minus ImageNet's mean, divided by its standard deviation).
    """

    def __init__(self, mode: str, **kwargs: Any):
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}. Received: {mode!r}")
        self.mode = mode

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return a tensor of the input's shape."""
        return MODES[self.mode](inputs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mode": self.mode}
