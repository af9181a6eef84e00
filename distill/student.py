"""The student: colour calibration, MobileNetV3-Small and the two heads, in layers that can all be quantized."""

from pathlib import Path

import numpy as np
import tf_keras as keras

from distill.mobilenet_v3 import mobilenet_v3_small
from teacher.color_calibration import CCM_LAYER_NAME, ColorCalibration
from teacher.heads import OUTPUTS, add_heads
from triage.errors import UnusableInput
from triage.photo import INPUT_SIZE


def build_student(
    class_count: int,
    size: int = INPUT_SIZE,
    width: float = 1.0,
    dropout: float = 0.2,
    ccm_reg: float = 1e-4,
    batch_norm_momentum: float = 0.999,
) -> keras.Model:
    """Build an untrained student.

    Args:
        class_count: number of diagnoses.
        size: input side in pixels, at least 32.
        width: channel multiplier of MobileNetV3-Small.
        dropout: rate of the heads' dropout.
        ccm_reg: strength of the colour matrix's pull to the identity.
        batch_norm_momentum: of the backbone's moving averages.

    Returns:
        A functional model: `image` float32 [batch, size, size, 3] in [0, 1] to [`diagnosis`, `lighting`].
    """
    image = keras.Input((size, size, 3), name="image")
    calibrated = ColorCalibration(ccm_reg, name=CCM_LAYER_NAME)(image)
    x = keras.layers.Rescaling(2.0, -1.0, name="to_symmetric_range")(calibrated)
    x = mobilenet_v3_small(x, width, batch_norm_momentum)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    heads = add_heads(calibrated, x, class_count, dropout)
    return keras.Model(image, [heads[name] for name in OUTPUTS], name="student")


def load_backbone_weights(student: keras.Model, weights: str | Path) -> None:
    """Load ImageNet weights into the backbone.

    Args:
        student: a model of `build_student`.
        weights: "imagenet" (downloaded by keras.applications), or an .h5 file saved from
            `keras.applications.MobileNetV3Small(include_top=False)`.

    Raises:
        UnusableInput: the download or the file cannot be had, or the file holds other layers.
    """
    if str(weights) == "imagenet":
        _copy_from_applications(student)
        return
    if not Path(weights).is_file():
        raise UnusableInput(f"No such weight file. Received: {weights}. Give 'imagenet', 'none' or an .h5 file.")
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
    for layer in donor.layers:
        if layer.weights:
            student.get_layer(layer.name).set_weights(layer.get_weights())
