"""What a student's backbone is."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf
import tf_keras as keras


@dataclass(frozen=True)
class StudentBackbone:
    """A backbone in layers that can all be quantized, with its preprocessing and weights.

    Attributes:
        features: `features(image, width, batch_norm_momentum)` applies the layers, without a classifier, to a Keras
            tensor float32 [batch, size, size, 3] and returns the feature map [batch, h, w, channels].
        pixel_range: (scale, offset): `features` takes `scale * x + offset` of sRGB pixels x in [0, 1].
        load_weights: `load_weights(student, weights)` loads "imagenet" or a file into a model of `build_student`;
            UnusableInput where that is not available or holds other layers.
        widths: whether `features` has other widths than 1.
    """

    features: Callable[[tf.Tensor, float, float], tf.Tensor]
    pixel_range: tuple[float, float]
    load_weights: Callable[[keras.Model, str], None]
    widths: bool = False
