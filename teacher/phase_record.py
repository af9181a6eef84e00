"""Which variables a phase moved."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tf_keras as keras

from skin_training.color_calibration import CCM_LAYER_NAME
from skin_training.heads import HEAD_LAYERS
from teacher.model import first_of_top

PARTS = ("ccm", "backbone_below", "backbone_top", "heads")


def weights_by_part(model: keras.Model) -> dict[str, list[Any]]:
    """Return a teacher's variables, moving averages included, by part of the model."""
    backbone = model.get_layer("backbone")
    first = first_of_top(backbone)
    return {
        "ccm": list(model.get_layer(CCM_LAYER_NAME).weights),
        "backbone_below": [w for layer in backbone.layers[:first] for w in layer.weights],
        "backbone_top": [w for layer in backbone.layers[first:] for w in layer.weights],
        "heads": [w for name in HEAD_LAYERS for w in model.get_layer(name).weights],
    }


def weight_digests(model: keras.Model) -> dict[str, list[str]]:
    """Return a short hash of every variable by part, to tell later which of them moved."""
    return {
        part: [hashlib.blake2b(np.ascontiguousarray(w.numpy()).tobytes(), digest_size=8).hexdigest() for w in weights]
        for part, weights in weights_by_part(model).items()
    }


def moved_variables(
    before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, int]]:
    """Count the variables that differ between two results of `weight_digests`.

    Returns:
        For each of `PARTS` the number of variables that `moved`, and their total number, `of`.
    """
    return {
        part: {
            "moved": sum(a != b for a, b in zip(before[part], after[part], strict=True)),
            "of": len(after[part]),
        }
        for part in PARTS
    }
