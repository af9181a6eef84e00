"""How long a teacher takes on this machine, from the speed of its forward pass."""

import time

import numpy as np
import tf_keras as keras

from skin_training.predict import keras_forward
from skin_training.recipe import Phase, TeacherRecipe

PASSES = {"last": 1.0, "heads": 1.0, "ccm": 3.0, "top": 4.0, "all": 5.6}
"""Forward passes that a training step takes as long as, measured with EfficientNet-Lite2 and ResNet-50V2 on a CPU.
Backpropagation reaches the colour matrix, in front of the backbone, but for the heads alone."""
PASSES_ABOVE_FROZEN = 2.7
"""Of a phase that trains the top with the colour matrix frozen: the layers below need no backpropagation."""
SIZE_EXPONENT = 1.6
"""Time grows with this power of the input side: less than its area, as small photos use processors less well."""


def forward_seconds(model: keras.Model, batch_size: int = 32) -> float:
    """Return the seconds that the model's forward pass takes for a photo, the faster of two batches."""
    forward, side = keras_forward(model), model.input_shape[1]
    batch = np.random.default_rng(0).integers(0, 256, (batch_size, side, side, 3), np.uint8)
    seconds = []
    for _ in range(3):  # the first compiles
        begun = time.perf_counter()
        forward(batch)[0].numpy()
        seconds.append(time.perf_counter() - begun)
    return min(seconds[1:]) / batch_size


def forward_passes(recipe: TeacherRecipe, photos: int, validation: int) -> float:
    """Return how many forward passes of one photo a whole training takes as long as, without early stopping.

    Args:
        recipe: its phases.
        photos: of an epoch.
        validation: photos that are predicted after each epoch.
    """
    return sum(_passes_of(phase, recipe.input_size, photos, validation) for phase in recipe.phases)


def _passes_of(phase: Phase, whole: int, photos: int, validation: int) -> float:
    if phase.fixed_views:
        return phase.fixed_views * photos + validation
    step = PASSES_ABOVE_FROZEN if phase.trains == "top" and phase.frozen_ccm else PASSES[phase.trains]
    sizes = [phase.input_size(epoch, whole) / whole for epoch in range(phase.epochs)]
    return (step * photos + validation) * sum(size**SIZE_EXPONENT for size in sizes)
