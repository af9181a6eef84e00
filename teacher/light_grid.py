"""A photo as a coarse grid of its brightest, darkest and mean colours: what a lighting judgement needs to see.

Too dark, too bright, glare, a shadow on one side and a colour cast are about where how much light is. Features pooled
over the whole photo have lost that; a grid of 8 by 8 keeps it.
"""

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

GRID_LAYER_NAME = "light_grid"
CELLS = 8
CELL_SAMPLES = 7
"""Samples along a cell's side, in a photo of 224 px: a sample is the mean of 4 by 4 pixels, so that noise does not
make the brightest and the darkest of a cell."""


@keras.saving.register_keras_serializable("skin_distill")
class LightGrid(keras.layers.Layer):
    """The largest, smallest (negated) and mean value of each colour in each cell of a grid; nothing to train.

    Written as two convolutions with constant kernels and one max pooling, which every runtime has for integers too.

    Input: float32 [batch, size, size, 3] in [0, 1], size at least 8. Output: float32 [batch, cells, cells, 9] in
    [-1, 1], `2 v - 1` of a value v: channels 0 to 2 the largest R, G, B, 3 to 5 the smallest, negated, 6 to 8 the
    mean. `cells` is 8 (9 or more for some sizes below 64); what is over at the right and at the bottom is left out.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Choose sample and cell sizes; a photo without a known size, or too small a one, is refused."""
        side = input_shape[1]
        if side is None or side < CELLS:
            raise ValueError(f"LightGrid needs photos of a fixed size, at least {CELLS} px. Received: {input_shape}")
        self.sample = max(1, side // (CELLS * CELL_SAMPLES))
        self.cell = side // self.sample // CELLS
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the grid."""
        sample, cell = self.sample, self.cell
        to_samples = np.zeros((sample, sample, 3, 6), np.float32)
        to_mean = np.zeros((cell, cell, 6, 3), np.float32)
        for color in range(3):
            to_samples[:, :, color, color] = 2 / sample**2
            to_samples[:, :, color, color + 3] = -2 / sample**2
            to_mean[:, :, color, color] = 1 / cell**2
        bias = tf.constant([-1, -1, -1, 1, 1, 1], inputs.dtype)
        samples = tf.nn.conv2d(inputs, tf.constant(to_samples, inputs.dtype), sample, "VALID") + bias
        extremes = tf.nn.max_pool2d(samples, cell, cell, "VALID")
        mean = tf.nn.conv2d(samples, tf.constant(to_mean, inputs.dtype), cell, "VALID")
        return tf.concat([extremes, mean], axis=-1)


def light_code(image: Any) -> Any:
    """Put the grid and two small convolutions on a photo, for the lighting head.

    Args:
        image: Keras tensor float32 [batch, size, size, 3] in [0, 1].

    Returns:
        float32 [batch, 32].
    """
    x = LightGrid(name=GRID_LAYER_NAME)(image)
    for number in (1, 2):
        x = keras.layers.Conv2D(24, 3, padding="same", activation="relu", name=f"lighting_grid_conv_{number}")(x)
    mean = keras.layers.GlobalAveragePooling2D(name="lighting_grid_mean")(x)
    strongest = keras.layers.MaxPooling2D(x.shape[1:3], name="lighting_grid_max")(x)
    x = keras.layers.Concatenate(name="lighting_grid_pooled")([mean, keras.layers.Flatten()(strongest)])
    return keras.layers.Dense(32, activation="relu", name="lighting_grid_hidden")(x)
