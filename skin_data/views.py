"""Augmented views of a photo, drawn from a counter-based seed.

A view is a pure function of (seed, image number, view number) and of the pixels, so that teacher and student see the
same pixels without storing them (consistent teaching: Beyer et al. 2022, "Knowledge distillation: a
good teacher is patient and consistent").
"""

import dataclasses
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from skin_data.relighting import relight, relighting_parameters
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import tensorflow as tf

# Columns of the parameter table. The identity has flip 0, turn 0, angle 0, zoom 1, shift 0 and gains 1.
PARAMETERS = ("flip", "turn", "angle", "zoom", "shift_x", "shift_y", "brightness", "contrast", "saturation")


@dataclasses.dataclass(frozen=True)
class ViewRecipe:
    """Ranges of the augmentation.

    Skin photos have no up or down, so quarter turns and flips are free. Brightness and contrast change little, because
    the lighting label must stay true; bad lighting, which changes the label, is separate (`skin_data.relighting`).

    Attributes:
        flip: mirror half of the views.
        turns: quarter turns, uniformly.
        degrees: further rotation, uniform in [-degrees, degrees].
        zoom: smallest and largest magnification, log-uniform.
        shift: largest shift as a fraction of the side.
        brightness: largest relative change of all channels.
        contrast: largest relative change around mid-grey.
        saturation: largest relative change around the pixel's grey.
        bad_light: fraction of the views that get bad lighting and the label "poor".
    """

    flip: bool = True
    turns: bool = True
    degrees: float = 15.0
    zoom: tuple[float, float] = (0.9, 1.25)
    shift: float = 0.06
    brightness: float = 0.06
    contrast: float = 0.06
    saturation: float = 0.1
    bad_light: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.bad_light <= 1:
            raise UnusableInput(f"views.bad_light must be in [0, 1]. Received: {self.bad_light}.")
        if not 0 < self.zoom[0] <= self.zoom[1]:
            raise UnusableInput(f"views.zoom must be a pair 0 < smallest <= largest. Received: {self.zoom}.")


def view_parameters(recipe: ViewRecipe, seed: int, images: np.ndarray, views: np.ndarray) -> np.ndarray:
    """Draw the parameters of views: float32 [n, 9], columns as in `PARAMETERS`.

    Images and the number of the view of each are int [n]. The same four arguments give the same table on every machine.
    """
    table = np.empty((len(images), len(PARAMETERS)), np.float32)
    low, high = np.log(recipe.zoom)
    for row, (image, view) in enumerate(zip(images, views, strict=True)):
        # Philox is counter-based: a draw depends on its key and counter, not on earlier draws.
        draws = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, int(view), int(image)])).random(9)
        signed = 2 * draws - 1
        table[row] = (
            recipe.flip and draws[0] < 0.5,
            np.floor(draws[1] * 4) if recipe.turns else 0,
            signed[2] * recipe.degrees,
            np.exp(low + draws[3] * (high - low)),
            signed[4] * recipe.shift,
            signed[5] * recipe.shift,
            1 + signed[6] * recipe.brightness,
            1 + signed[7] * recipe.contrast,
            1 + signed[8] * recipe.saturation,
        )
    return table


def draw_views(
    pixels: np.ndarray, recipe: ViewRecipe, seed: int, images: np.ndarray, views: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw views of uint8 [n, size, size, 3], and apply bad lighting to its fraction of them.

    Returns:
        Pixels and parameters for `apply_views`, and bool [n], whether the view has bad lighting.
    """
    light = relighting_parameters(recipe.bad_light, seed, images, views)
    return relight(pixels, light), view_parameters(recipe, seed, images, views), light[:, 0] > 0


def plain_parameters(count: int) -> np.ndarray:
    """Return the parameters of identity views, float32 [count, 9]."""
    return np.tile(np.array([0, 0, 0, 1, 0, 0, 1, 1, 1], np.float32), (count, 1))


def apply_views(pixels: Any, parameters: Any) -> "tf.Tensor":
    """Turn stored pixels, uint8 [n, size, size, 3], into views by float32 [n, 9] of `view_parameters`, in TensorFlow.

    Returns:
        float32 [n, size, size, 3] in [0, 1]. Pixels from outside the photo are mirrored.
    """
    import tensorflow as tf

    flip, turn, angle, zoom, shift_x, shift_y, brightness, contrast, saturation = tf.unstack(parameters, axis=1)
    size = tf.cast(tf.shape(pixels)[1], tf.float32)
    theta = (turn * 90.0 + angle) * (np.pi / 180.0)
    cosine, sine, mirror = tf.cos(theta) / zoom, tf.sin(theta) / zoom, 1.0 - 2.0 * flip
    centre = (size - 1.0) / 2.0
    # The transform maps output to input coordinates, around the image's centre.
    a, b, c, d = cosine * mirror, -sine, sine * mirror, cosine
    x0 = centre - a * centre - b * centre + shift_x * size
    y0 = centre - c * centre - d * centre + shift_y * size
    # OpenCV takes a seventh of the time of TensorFlow's ImageProjectiveTransform, which a third of a step went to.
    images = tf.numpy_function(_warp, [pixels, tf.stack([a, b, x0, c, d, y0], axis=1)], tf.float32)
    images = tf.ensure_shape(images, pixels.shape)

    def per_image(gain: "tf.Tensor") -> "tf.Tensor":
        return gain[:, None, None, None]

    # Around grey by saturation, around 0.5 by contrast, then brightness: one linear map, with few passes over memory.
    gain = brightness * contrast / 255.0
    grey = tf.reduce_mean(images, axis=-1, keepdims=True) * per_image(gain * (1.0 - saturation))
    grey += per_image(brightness * 0.5 * (1.0 - contrast))
    return tf.clip_by_value(images * per_image(gain * saturation) + grey, 0.0, 1.0)


def _warp(pixels: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Sample uint8 [n, side, side, 3] bilinearly where float32 [n, 6] leads; float32 of the same shape in [0, 255]."""
    side = pixels.shape[1]
    images = np.empty(pixels.shape, np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for image, photo, transform in zip(images, pixels, transforms, strict=True):
        cv2.warpAffine(photo.astype(np.float32), transform.reshape(2, 3), (side, side), image, how, cv2.BORDER_REFLECT)
    return images
