"""Build a teacher's backbone and load its weights."""

import logging
from pathlib import Path

import tf_keras as keras

from skin_training.dropout import with_seeded_dropout
from teacher.backbones import BACKBONES
from triage.errors import UnusableInput

log = logging.getLogger("skin_distill")


def build_backbone(name: str, size: int, weights: str, batch_norm_momentum: float | None) -> keras.Model:
    """Build a backbone and load its weights.

    Args:
        name: a key of `BACKBONES`.
        size: input side in pixels.
        weights: "imagenet" to download them, "none", or a file as the backbone's `load_weights` reads it.
        batch_norm_momentum: replaces the backbone's own when given.

    Returns:
        A model named `backbone`: float32 [batch, size, size, 3] to a feature map. Its `top_share` is `Backbone.top`.

    Raises:
        UnusableInput: an unknown name, an input that is too small, or weights that are not available.
    """
    if name not in BACKBONES:
        raise UnusableInput(f"Unknown backbone. Received: {name!r}. Known: {', '.join(BACKBONES)}.")
    entry = BACKBONES[name]
    if weights != "none" and size != entry.input_size and not entry.frozen:
        log.info("%s: published weights are for %d px, this recipe's input is %d px", name, entry.input_size, size)
    if size < entry.smallest:
        raise UnusableInput(f"{name} needs an input of at least {entry.smallest} px. Received: {size}.")
    if weights == "imagenet" and entry.no_download:
        raise UnusableInput(f"{name}: {entry.no_download} with --weights, or start untrained with --weights none.")
    shape, downloaded = (size, size, 3), weights if weights == "imagenet" or entry.frozen else None
    try:
        model = entry.build(include_top=False, weights=downloaded, input_shape=shape)
    except UnusableInput:
        raise
    except Exception as error:
        if weights != "imagenet":
            raise
        raise UnusableInput(
            f"ImageNet weights for {name} are not available ({error}). On a machine that is online, run: python -c "
            f"\"from teacher.backbones.build import build_backbone as b; b('{name}', {size}, 'imagenet', None)"
            f".save_weights('{name}.h5')\"; then give --weights {name}.h5 here. --weights none starts untrained."
        ) from error
    if weights not in ("imagenet", "none") and not entry.frozen:
        if not Path(weights).is_file():
            raise UnusableInput(f"No such weight file. Received: {weights}. Give imagenet, none or a file.")
        try:
            entry.load_weights(model, weights)
        except (ValueError, OSError, KeyError, TypeError) as error:
            raise UnusableInput(f"These weights do not fit {name}. Received: {weights}: {error}") from error
    entry.adjust(model)
    model = with_seeded_dropout(model)
    model._name, model.top_share = "backbone", entry.top
    if batch_norm_momentum is not None:
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = batch_norm_momentum
    return model
