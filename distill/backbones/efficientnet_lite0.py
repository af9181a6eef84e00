"""EfficientNet-Lite0 as a student: no squeeze-excite and ReLU6, so it loses little when quantized."""

import tensorflow as tf
import tf_keras as keras

from distill.backbones.student_backbone import StudentBackbone
from teacher.backbones import efficientnet_lite
from triage.errors import UnusableInput


def features(image: tf.Tensor, width: float, batch_norm_momentum: float) -> tf.Tensor:
    """Apply the layers; `width` is 1 and the momentum is set by `build_student`."""
    return efficientnet_lite.feature_map(image, variant=0)


def load_weights(student: keras.Model, weights: str) -> None:
    """Load an .npz file of the published weights."""
    if weights == "imagenet":
        raise UnusableInput(f"{efficientnet_lite.NO_DOWNLOAD} with --weights.")
    inside = student.get_layer("preprocessing").output, student.get_layer("features").input
    efficientnet_lite.load_npz_weights(keras.Model(*inside, name="efficientnet_lite0"), weights)


EFFICIENTNET_LITE0 = StudentBackbone(features, (255 / 128, -127 / 128), load_weights)
