"""A small residual network for demonstrations and tests."""

from functools import partial

import tensorflow as tf
import tf_keras as keras

from teacher.backbones.backbone import Backbone
from teacher.backbones.preprocessing import BackbonePreprocessing


def resnet10(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
    """Build a pre-activation residual network (He et al. 2016) without published weights.

    Four stages of one basic block with 32, 64, 128 and 256 channels: 1.2 million weights, quick to train from scratch.
    """
    if include_top or weights:
        raise ValueError(f"resnet10 has neither a classifier nor published weights. Received: {weights!r}")

    def normalise(x: tf.Tensor) -> tf.Tensor:
        return keras.layers.ReLU()(keras.layers.BatchNormalization()(x))

    def convolve(x: tf.Tensor, filters: int, kernel: int, stride: int) -> tf.Tensor:
        return keras.layers.Conv2D(filters, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)

    image = keras.Input(input_shape)
    x = convolve(image, 32, 5, 2)
    for stage, filters in enumerate((32, 64, 128, 256)):
        stride = 2 if stage else 1
        active = normalise(x)
        shortcut = convolve(active, filters, 1, stride) if stride > 1 else x
        x = convolve(normalise(convolve(active, filters, 3, stride)), filters, 3, 1)
        x = keras.layers.Add()([x, shortcut])
    return keras.Model(image, normalise(x), name="resnet10")


RESNET10 = Backbone(resnet10, partial(BackbonePreprocessing, "symmetric"))
