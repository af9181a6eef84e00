"""Grad-CAM: where a model looked (Selvaraju et al. 2017)."""

from typing import TYPE_CHECKING

import numpy as np

from triage.errors import UnusableInput

if TYPE_CHECKING:
    import tf_keras as keras


def grad_cam(
    model: "keras.Model", image: np.ndarray, head: str = "diagnosis", class_index: int | None = None
) -> np.ndarray:
    """Return how much each place of the last feature map contributes to an output.

    Args:
        model: a teacher or student: its layer `features` pools the map.
        image: float [size, size, 3], sRGB in [0, 1].
        head: `diagnosis` or `lighting` (the contribution to good light; that of the light grid is left out).
        class_index: None takes the model's top class.

    Returns:
        float32 [h, w] of the feature map's size, unscaled and >= 0: the positive part of the sum of the channels, each
        weighted by the mean gradient of the output's logit.

    Raises:
        UnusableInput: an unknown head or class, an image that does not fit the model, or a frozen encoder, which gives
            one vector for a photo.
    """
    import tensorflow as tf
    import tf_keras as keras

    from skin_training.heads import OUTPUTS, after_features, has_external_layer
    from skin_training.light_grid import GRID_LAYER_NAME

    if head not in OUTPUTS:
        raise UnusableInput(f"head must be one of {', '.join(OUTPUTS)}. Received: {head!r}.")
    if tuple(image.shape) != tuple(model.input_shape[1:]):
        raise UnusableInput(f"The model takes {model.input_shape[1:]}. Received an image of {image.shape}.")
    if has_external_layer(model):
        raise UnusableInput(
            "Grad-CAM needs a feature map with a gradient. Received: a teacher with a frozen encoder (backbone: onnx). "
            "Distil a student from it and explain that one."
        )
    pooling = model.get_layer("features")
    visible = keras.Model(model.input, [pooling.input, model.get_layer(GRID_LAYER_NAME).output])
    feature_map, light_grid = visible(tf.constant(image[None], tf.float32), training=False)
    heads = after_features(model)
    with tf.GradientTape() as tape:
        tape.watch(feature_map)
        logits = heads([pooling(feature_map), light_grid], training=False)[OUTPUTS.index(head)]
        chosen = int(tf.argmax(logits[0])) if class_index is None else class_index
        if not 0 <= chosen < logits.shape[1]:
            raise UnusableInput(f"Head '{head}' has {logits.shape[1]} outputs. Received: class_index {chosen}.")
        score = logits[0, chosen]
    weights = tf.reduce_mean(tape.gradient(score, feature_map), axis=(1, 2), keepdims=True)
    return np.asarray(tf.nn.relu(tf.reduce_sum(weights * feature_map, axis=-1))[0], np.float32)


def fraction_inside(heatmap: np.ndarray, spot: np.ndarray, size: int) -> float | None:
    """Return the fraction of a map of `grad_cam`, float [h, w], that lies inside a spot's box.

    Args:
        heatmap: enlarged linearly, as in `overlay`.
        spot: float [5], the output `spot` in the model's view (`triage.spot`).
        size: side of the model's input in pixels.

    Returns:
        In [0, 1]; None where the map is zero everywhere. A map without preference has the box's own area.
    """
    import cv2

    large = cv2.resize(heatmap, (size, size), interpolation=cv2.INTER_LINEAR)
    if not (total := float(large.sum())) > 0:
        return None
    x, y, width, height = (float(value) * size for value in spot[:4])
    rows, columns = (
        slice(round(max(0.0, at - length / 2)), round(min(float(size), at + length / 2)))
        for at, length in ((y, height), (x, width))
    )
    return float(large[rows, columns].sum()) / total


def overlay(image: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """Lay a map of `grad_cam`, float [h, w], over its photo, float [size, size, 3] in [0, 1].

    Return uint8 [size, size, 3], RGB: the photo in grey, coloured where the map is strong, relative to its maximum.
    """
    import cv2
    from matplotlib import colormaps

    heatmap = cv2.resize(heatmap / max(float(heatmap.max()), 1e-12), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    grey = image.mean(axis=2, keepdims=True).repeat(3, axis=2)
    opacity = 0.65 * np.clip(heatmap, 0, 1)[..., None]
    blended = (1 - opacity) * grey + opacity * colormaps["inferno"](heatmap)[..., :3]
    return np.clip(255 * blended, 0, 255).astype(np.uint8)
