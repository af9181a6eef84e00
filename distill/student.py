"""The student: colour calibration, a small backbone and the two heads, in layers that can all be quantized."""

from pathlib import Path

import tf_keras as keras

from distill.backbones import BACKBONES
from skin_training.color_calibration import CCM_LAYER_NAME, ColorCalibration
from skin_training.heads import OUTPUTS, add_heads
from triage.errors import UnusableInput
from triage.photo import INPUT_SIZE

PREPROCESSING = "preprocessing"


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
        width: channel multiplier, for backbones that have one.
        dropout: rate of the heads' dropout.
        ccm_reg: strength of the penalty that pulls the colour matrix to the identity or to `ColorCalibration.pull_to`.
        batch_norm_momentum: of the backbone's moving averages.
        backbone: a key of `distill.backbones.BACKBONES`.

    Returns:
        A functional model: `image` float32 [batch, size, size, 3] in [0, 1] to [`diagnosis`, `lighting`].

    Raises:
        UnusableInput: an unknown backbone, or a width that it does not have.
    """
    if backbone not in BACKBONES:
        raise UnusableInput(f"Unknown student. Received: {backbone!r}. Known: {', '.join(BACKBONES)}.")
    entry = BACKBONES[backbone]
    if width != 1.0 and not entry.widths:
        raise UnusableInput(f"{backbone} has no other width than 1. Received: width {width}.")
    image = keras.Input((size, size, 3), name="image")
    calibrated = ColorCalibration(ccm_reg, name=CCM_LAYER_NAME)(image)
    x = keras.layers.Rescaling(*entry.pixel_range, name=PREPROCESSING)(calibrated)
    x = entry.features(x, width, batch_norm_momentum)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    heads = add_heads(calibrated, x, class_count, dropout)
    student = keras.Model(image, [heads[name] for name in OUTPUTS], name="student")
    for layer in student.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = batch_norm_momentum
    return student


def load_backbone_weights(student: keras.Model, weights: str | Path, backbone: str = "mobilenetv3small") -> None:
    """Load ImageNet weights into the backbone.

    Args:
        student: a model of `build_student`.
        weights: "imagenet" to download them, or a file.
        backbone: of the student.

    Raises:
        UnusableInput: weights or file are not available, or the file holds other layers.
    """
    if str(weights) != "imagenet" and not Path(weights).is_file():
        raise UnusableInput(f"No such weight file. Received: {weights}. Give 'imagenet', 'none' or a file.")
    BACKBONES[backbone].load_weights(student, str(weights))
