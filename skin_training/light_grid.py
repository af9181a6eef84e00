"""A photo as a coarse grid of its light, for the lighting head.

Under- and overexposure, glare, one-sided shadow and colour casts depend on where in the photo how much light is.
Features pooled over the whole photo lose that; an 8 by 8 grid keeps it.
"""

import numpy as np
import tensorflow as tf
import tf_keras as keras

GRID_LAYER_NAME = "light_grid"
CELLS = 8
CELL_SAMPLES = 7
"""Samples along a cell's side. In a photo of 224 px a sample is the mean of 4 by 4 pixels, which keeps noise out of a
cell's extremes."""
RAMPS = 8
"""Thresholds on the scale of each colour. The mean of a ramp over a cell is about the fraction of the cell above its
threshold: together a coarse cumulative histogram, from which nonlinear measures such as exposure values follow."""
CHANNELS = 3 * (3 + RAMPS)
FILTERS, CODE = 48, 64
HALVINGS = 2
"""How often the grid is halved before its cells are flattened: one-sided shadow is a difference between sides."""
LAYERS = (
    *(f"lighting_grid_conv_{number}" for number in range(1, 3 + HALVINGS)),
    "lighting_grid_hidden",
)
"""Names of the trainable layers of `light_code`."""


@keras.saving.register_keras_serializable("skin_distill")
class LightGrid(keras.layers.Layer):
    """Extremes, mean and a coarse histogram of each colour in each cell of a grid, without trainable weights.

    Built of convolutions with constant kernels and one max pooling, which every runtime also has for integers.

    Input: float32 [batch, size, size, 3] in [0, 1], size at least 8. Output: float32 [batch, cells, cells, 33] in
    [-1, 1]: channels 0 to 2 `2 v - 1` of the largest R, G, B, 3 to 5 of the smallest, negated, 6 to 8 of the mean; then
    for R, G and B the means of 8 ramps `clip(8 v - k, 0, 1)`, k from 0. `cells` is 8 (9 or more for some sizes);
    pixels left over at the right and at the bottom are ignored.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Raise ValueError for photos of unknown size or under 8 px."""
        side = input_shape[1]
        if side is None or side < CELLS:
            raise ValueError(f"LightGrid needs photos of a fixed size, at least {CELLS} px. Received: {input_shape}")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the grid."""
        # Not in `build`: a phase may show smaller photos to the same layer (`skin_training.input_size`).
        sample, kind = max(1, inputs.shape[1] // (CELLS * CELL_SAMPLES)), inputs.dtype
        cell = inputs.shape[1] // sample // CELLS
        to_samples = np.zeros((sample, sample, 3, 6), np.float32)
        to_mean = np.zeros((cell, cell, 6, 3), np.float32)
        # ReLU6 is the clipping that integer graphs have within a convolution: ramps are six times as steep.
        to_ramps = np.zeros((1, 1, 6, 3 * RAMPS), np.float32)
        for color in range(3):
            to_samples[:, :, color, color] = 2 / sample**2
            to_samples[:, :, color, color + 3] = -2 / sample**2
            to_mean[:, :, color, color] = 1 / cell**2
            to_ramps[0, 0, color, color * RAMPS : (color + 1) * RAMPS] = 6 * RAMPS / 2
        starts = tf.constant(np.tile(6 * (RAMPS / 2 - np.arange(RAMPS, dtype=np.float32)), 3), kind)
        bias = tf.constant([-1, -1, -1, 1, 1, 1], kind)
        samples = tf.nn.conv2d(inputs, tf.constant(to_samples, kind), sample, "VALID") + bias
        extremes = tf.nn.max_pool2d(samples, cell, cell, "VALID")
        mean = tf.nn.conv2d(samples, tf.constant(to_mean, kind), cell, "VALID")
        ramps = tf.nn.relu6(tf.nn.conv2d(samples, tf.constant(to_ramps, kind), 1, "VALID") + starts)
        # A depthwise convolution, because XNNPACK has no average pooling of integers.
        to_fractions = tf.fill((cell, cell, 3 * RAMPS, 1), tf.constant(1 / (6 * cell**2), kind))
        fractions = tf.nn.depthwise_conv2d(ramps, to_fractions, (1, cell, cell, 1), "VALID")
        return tf.concat([extremes, mean, fractions], axis=-1)


def light_code(image: tf.Tensor) -> tf.Tensor:
    """Return the light grid behind small convolutions, for the lighting head.

    The image is a Keras tensor float32 [batch, size, size, 3] in [0, 1], the result float32 [batch, 64].
    """
    x = LightGrid(name=GRID_LAYER_NAME)(image)
    convolutions = iter(LAYERS)

    def convolve(x: tf.Tensor, strides: int) -> tf.Tensor:
        return keras.layers.Conv2D(FILTERS, 3, strides, "same", activation="relu", name=next(convolutions))(x)

    x = convolve(convolve(x, 1), 1)
    mean = keras.layers.GlobalAveragePooling2D(name="lighting_grid_mean")(x)
    strongest = keras.layers.MaxPooling2D(x.shape[1:3], name="lighting_grid_max")(x)
    for _ in range(HALVINGS):
        x = convolve(x, 2)
    pooled = [mean, keras.layers.Flatten()(strongest), keras.layers.Flatten(name="lighting_grid_places")(x)]
    x = keras.layers.Concatenate(name="lighting_grid_pooled")(pooled)
    return keras.layers.Dense(CODE, activation="relu", name=next(convolutions))(x)
