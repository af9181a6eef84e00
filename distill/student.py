"""The student: colour calibration, a small backbone and the two heads, in layers that can all be quantized."""

from pathlib import Path

import numpy as np
import tf_keras as keras

from distill.mobilenet_v3 import mobilenet_v3_small
from skin_training.color_calibration import CCM_LAYER_NAME, ColorCalibration
from skin_training.heads import OUTPUTS, add_heads
from teacher import efficientnet_lite
from triage.errors import UnusableInput
from triage.photo import INPUT_SIZE

PREPROCESSING = "preprocessing"
BACKBONES = ("mobilenetv3small", "efficientnet_lite0")
# Where each backbone's weights expect pixels, as (factor, offset) on [0, 1]: [-1, 1], and (255 x - 127) / 128.
_RANGES = {"mobilenetv3small": (2.0, -1.0), "efficientnet_lite0": (255 / 128, -127 / 128)}


def build_student(
    class_count: int,
    size: int = INPUT_SIZE,
    width: float = 1.0,
    dropout: float = 0.2,
    ccm_reg: float = 1e-4,
    batch_norm_momentum: float = 0.999,
    backbone: str = "mobilenetv3small",
) -> keras.Model:
    """Build an untrained student.

    Args:
        class_count: number of diagnoses.
        size: input side in pixels, at least 32.
        width: channel multiplier of MobileNetV3-Small.
        dropout: rate of the heads' dropout.
        ccm_reg: strength of the colour matrix's pull to the identity, or where `ColorCalibration.pull_to` says.
        batch_norm_momentum: of the backbone's moving averages.
        backbone: one of `BACKBONES`.

    Returns:
        A functional model: `image` float32 [batch, size, size, 3] in [0, 1] to [`diagnosis`, `lighting`].

    Raises:
        UnusableInput: an unknown backbone, or a width that it does not have.
    """
    if backbone not in BACKBONES:
        raise UnusableInput(f"Unknown student. Received: {backbone!r}. Known: {', '.join(BACKBONES)}.")
    if backbone != "mobilenetv3small" and width != 1.0:
        raise UnusableInput(f"Only mobilenetv3small has other widths than 1. Received: {backbone}, width {width}.")
    image = keras.Input((size, size, 3), name="image")
    calibrated = ColorCalibration(ccm_reg, name=CCM_LAYER_NAME)(image)
    x = keras.layers.Rescaling(*_RANGES[backbone], name=PREPROCESSING)(calibrated)
    if backbone == "mobilenetv3small":
        x = mobilenet_v3_small(x, width, batch_norm_momentum)
    else:
        x = efficientnet_lite.feature_map(x, variant=0)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    heads = add_heads(calibrated, x, class_count, dropout)
    student = keras.Model(image, [heads[name] for name in OUTPUTS], name="student")
    for layer in student.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = batch_norm_momentum
    return student


def load_backbone_weights(student: keras.Model, weights: str | Path) -> None:
    """Load ImageNet weights into the backbone.

    Args:
        student: a model of `build_student`.
        weights: "imagenet" (downloaded by keras.applications), an .h5 file saved from
            `keras.applications.MobileNetV3Small(include_top=False)`, or an .npz file of an EfficientNet-Lite0.

    Raises:
        UnusableInput: the download or the file cannot be had, or the file holds other layers.
    """
    lite = any(layer.name == "stem_conv" for layer in student.layers)
    if str(weights) == "imagenet":
        if lite:
            raise UnusableInput(f"{efficientnet_lite.NO_DOWNLOAD} with --weights.")
        _copy_from_applications(student)
        return
    if not Path(weights).is_file():
        raise UnusableInput(f"No such weight file. Received: {weights}. Give 'imagenet', 'none' or a file.")
    if lite:
        inside = student.get_layer(PREPROCESSING).output, student.get_layer("features").input
        efficientnet_lite.load_npz_weights(keras.Model(*inside, name="efficientnet_lite0"), weights)
        return
    before = student.get_layer("Conv_1").get_weights()[0].copy()
    try:
        student.load_weights(str(weights), by_name=True)
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
            "ImageNet weights are to be had for width 1.0 alone. Start another width with weights: none, or give a "
            f"file. Received: {error}"
        ) from error
