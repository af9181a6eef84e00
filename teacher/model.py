"""The teacher: colour calibration, a backbone with its own preprocessing in the graph, and the two heads."""

import tf_keras as keras

from skin_training.color_calibration import CCM_LAYER_NAME, ColorCalibration
from skin_training.heads import HEAD_LAYERS, OUTPUTS, add_heads
from skin_training.recipe import TeacherRecipe
from teacher.backbones import BACKBONES, BackbonePreprocessing, build_backbone
from triage.errors import UnusableInput

MIXED = "mixed_bfloat16"
"""Activations in bfloat16, weights in float32. Its range is that of float32: the loss needs no scaling."""


def build_teacher(recipe: TeacherRecipe, class_count: int, mixed_precision: bool = False) -> keras.Model:
    """Build a teacher.

    Args:
        recipe: backbone, weights, input size, dropout and the CCM's penalty.
        class_count: number of diagnoses.
        mixed_precision: compute the backbone in bfloat16; the CCM and the heads stay in float32.

    Returns:
        A functional model: `image` float32 [batch, size, size, 3] in [0, 1] to [`diagnosis`, `lighting`].

    Raises:
        UnusableInput: an unknown backbone or weights that cannot be had.
    """
    size = recipe.input_size
    policy = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(MIXED if mixed_precision else policy)
    try:
        backbone = build_backbone(recipe.backbone, size, recipe.weights, recipe.batch_norm_momentum)
    finally:
        keras.mixed_precision.set_global_policy(policy)
    image = keras.Input((size, size, 3), name="image")
    calibrated = ColorCalibration(recipe.ccm_reg, name=CCM_LAYER_NAME)(image)
    x = BackbonePreprocessing(BACKBONES[recipe.backbone].preprocessing, name="preprocessing")(calibrated)
    x = keras.layers.GlobalAveragePooling2D(name="features")(backbone(x))
    heads = add_heads(calibrated, x, class_count, recipe.dropout)
    return keras.Model(image, [heads[name] for name in OUTPUTS], name="teacher")


def first_of_top(backbone: keras.Model) -> int:
    """Return the number of the first layer of a backbone that belongs to its top."""
    return round(len(backbone.layers) * (1 - backbone.top_share))


def set_trainable(model: keras.Model, trains: str, frozen_ccm: bool = False) -> list[str]:
    """Freeze everything but what a phase trains.

    Batch normalisation in a frozen layer stays in inference mode, as Keras does for `trainable = False`.

    Args:
        model: a teacher of `build_teacher`.
        trains: `heads`; `ccm` (with the heads); `top` (heads, CCM and the last layers of the backbone, as `BACKBONES`
            says); `all`.
        frozen_ccm: leave the CCM as it is, whatever else is trained.

    Returns:
        The names of the variables that will move.
    """
    if trains not in ("heads", "ccm", "top", "all"):
        raise UnusableInput(f"A phase trains heads, ccm, top or all. Received: {trains!r}.")
    model.trainable = True
    backbone = model.get_layer("backbone")
    first = first_of_top(backbone)
    for number, layer in enumerate(backbone.layers):
        layer.trainable = trains == "all" or (trains == "top" and number >= first)
    model.get_layer(CCM_LAYER_NAME).trainable = trains != "heads" and not frozen_ccm
    for name in HEAD_LAYERS:
        model.get_layer(name).trainable = True
    return [variable.name for variable in model.trainable_variables]
