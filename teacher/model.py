"""The teacher: colour calibration, a backbone with its own preprocessing in the graph, and the two heads."""

import dataclasses

import tensorflow as tf
import tf_keras as keras

from skin_training.color_calibration import CCM_LAYER_NAME, ColorCalibration
from skin_training.heads import HEAD_LAYERS, LAST_LAYER, OUTPUTS, add_heads
from skin_training.recipe import TRAINABLE, TeacherRecipe
from teacher.backbones import BACKBONES
from teacher.backbones.build import build_backbone
from triage.errors import UnusableInput

MIXED = "mixed_bfloat16"
"""Activations in bfloat16, weights in float32. bfloat16 has the range of float32, so the loss needs no scaling."""


def build_teacher(recipe: TeacherRecipe, class_count: int, mixed_precision: bool = False) -> keras.Model:
    """Build a teacher.

    Args:
        recipe: backbone, weights, input size, dropout and the CCM's penalty.
        class_count: number of diagnoses.
        mixed_precision: compute the backbone in bfloat16; the CCM and the heads stay in float32.

    Returns:
        A functional model: `image` float32 [batch, size, size, 3] in [0, 1] to [`diagnosis`, `lighting`].

    Raises:
        UnusableInput: an unknown backbone, weights that are not available, or a phase that trains a backbone which
            cannot be trained.
    """
    size = recipe.input_size
    entry = BACKBONES.get(recipe.backbone)
    for phase in recipe.phases if entry and entry.frozen else ():
        if phase.trains != "heads":
            raise UnusableInput(
                f"Phase {phase.name!r} trains {phase.trains}, which needs gradients through the backbone. Received: "
                f"backbone {recipe.backbone}, which is frozen. Keep phases with trains: heads, or choose a Keras "
                "backbone."
            )
    policy = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(MIXED if mixed_precision else policy)
    try:
        backbone = build_backbone(recipe.backbone, size, recipe.weights, recipe.batch_norm_momentum)
    finally:
        keras.mixed_precision.set_global_policy(policy)
    image = keras.Input((size, size, 3), name="image")
    calibrated = ColorCalibration(recipe.ccm_reg, name=CCM_LAYER_NAME)(image)
    x = BACKBONES[recipe.backbone].preprocessing(name="preprocessing")(calibrated)
    x = keras.layers.GlobalAveragePooling2D(name="features")(backbone(x))
    heads = add_heads(calibrated, x, class_count, recipe.dropout)
    return keras.Model(image, [heads[name] for name in OUTPUTS], name="teacher")


def build_with_inference(
    recipe: TeacherRecipe, class_count: int, strategy: tf.distribute.Strategy, mixed_precision: bool
) -> tuple[keras.Model, keras.Model]:
    """Build a teacher to train in a strategy's scope, and the model that predicts for it.

    Returns:
        The teacher, and a float32 model of this process alone: the teacher itself where it is one, else an untrained
        one of the same layers, so that processes need not predict at the same moment.
    """
    with strategy.scope():
        model = build_teacher(recipe, class_count, mixed_precision)
    if strategy.num_replicas_in_sync == 1 and not mixed_precision:
        return model, model
    weights = recipe.weights if BACKBONES[recipe.backbone].frozen else "none"
    return model, build_teacher(dataclasses.replace(recipe, weights=weights), class_count)


def first_of_top(backbone: keras.Model) -> int:
    """Return the index of the first layer of a backbone's top."""
    first: int = round(len(backbone.layers) * (1 - backbone.top_share))
    return first


def set_trainable(model: keras.Model, trains: str, frozen_ccm: bool = False) -> list[str]:
    """Freeze everything except the part that a phase trains.

    Batch normalisation in a frozen layer stays in inference mode, as Keras does for `trainable = False`.

    Args:
        model: a teacher of `build_teacher`.
        trains: `last`, the last layer of the diagnosis head; `heads`; `ccm` (with the heads); `top` (heads, CCM and the
            last layers of the backbone, see `Backbone.top`); `all`.
        frozen_ccm: freeze the CCM, whatever else is trained.

    Returns:
        The names of the trainable variables.
    """
    if trains not in TRAINABLE:
        raise UnusableInput(f"A phase trains one of {', '.join(TRAINABLE)}. Received: {trains!r}.")
    model.trainable = True
    backbone = model.get_layer("backbone")
    first = first_of_top(backbone)
    for number, layer in enumerate(backbone.layers):
        layer.trainable = trains == "all" or (trains == "top" and number >= first)
    model.get_layer(CCM_LAYER_NAME).trainable = trains not in ("last", "heads") and not frozen_ccm
    for name in HEAD_LAYERS:
        model.get_layer(name).trainable = trains != "last" or name == LAST_LAYER
    return [variable.name for variable in model.trainable_variables]
