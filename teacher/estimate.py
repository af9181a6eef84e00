"""How long a teacher takes on this machine, from the speed of its forward pass."""

import time

import numpy as np
import tf_keras as keras

from skin_training.predict import keras_forward
from skin_training.recipe import TeacherRecipe

PASSES = {"last": 1.0, "heads": 1.0, "ccm": 3.0, "top": 3.0, "all": 3.0}
"""Forward passes that a training step takes as long as: a backward pass costs about two, and below a trained colour
matrix it goes through the whole backbone."""
PASSES_ABOVE_FROZEN = 2.1
"""Of a phase that trains the top with the colour matrix frozen: EfficientNet-Lite2 then takes 0.7 of the time."""


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
    passes = 0.0
    for phase in recipe.phases:
        if phase.fixed_views:
            passes += phase.fixed_views * photos + validation
            continue
        step = PASSES_ABOVE_FROZEN if phase.trains == "top" and phase.frozen_ccm else PASSES[phase.trains]
        for epoch in range(phase.epochs):
            area = (phase.input_size(epoch, recipe.input_size) / recipe.input_size) ** 2
            passes += area * (step * photos + validation)
    return passes
