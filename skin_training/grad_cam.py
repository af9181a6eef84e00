"""Where a model looked: Grad-CAM (Selvaraju et al. 2017)."""

from typing import Any

import numpy as np

from triage.errors import UnusableInput


def grad_cam(model: Any, image: np.ndarray, head: str = "diagnosis", number: int | None = None) -> np.ndarray:
    """Return how much each place of the last feature map speaks for an answer.

    Args:
        model: a Keras teacher or student: its layer `features` pools the map.
        image: float [size, size, 3], sRGB in [0, 1].
        head: `diagnosis` or `lighting` (how much speaks for good light; what its light grid says is left out).
        number: of the class; None takes the model's first answer.

    Returns:
        float32 [h, w] of the feature map's size, 0 and more: channels weighted by the mean gradient of the answer's
        logit, summed, what speaks against it cut off. Not scaled.

    Raises:
        UnusableInput: an unknown head or class, or an image that does not fit the model.
    """
    import tensorflow as tf
    import tf_keras as keras

    from skin_training.heads import OUTPUTS, after_features
    from skin_training.light_grid import GRID_LAYER_NAME

    if head not in OUTPUTS:
        raise UnusableInput(f"A head is one of {', '.join(OUTPUTS)}. Received: {head!r}.")
    if tuple(image.shape) != tuple(model.input_shape[1:]):
        raise UnusableInput(f"The model takes {model.input_shape[1:]}. Received an image of {image.shape}.")
    pooling = model.get_layer("features")
    seen = keras.Model(model.input, [pooling.input, model.get_layer(GRID_LAYER_NAME).output])
    feature_map, light_grid = seen(tf.constant(image[None], tf.float32), training=False)
    heads = after_features(model)
    with tf.GradientTape() as tape:
        tape.watch(feature_map)
        logits = heads([pooling(feature_map), light_grid], training=False)[OUTPUTS.index(head)]
        chosen = int(tf.argmax(logits[0])) if number is None else number
        if not 0 <= chosen < logits.shape[1]:
            raise UnusableInput(f"The head '{head}' has {logits.shape[1]} answers. Received: number {chosen}.")
        score = logits[0, chosen]
    weights = tf.reduce_mean(tape.gradient(score, feature_map), axis=(1, 2), keepdims=True)
    return np.asarray(tf.nn.relu(tf.reduce_sum(weights * feature_map, axis=-1))[0], np.float32)


def overlay(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Lay a map of `grad_cam` over its photo.

    Args:
        image: float [size, size, 3], sRGB in [0, 1].
        heat: float [h, w].

    Returns:
        uint8 [size, size, 3], RGB: the photo in grey, coloured where the map is strong; the map's largest value is the
        strongest colour.
    """
    import cv2
    from matplotlib import colormaps

    heat = cv2.resize(heat / max(float(heat.max()), 1e-12), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    grey = image.mean(axis=2, keepdims=True).repeat(3, axis=2)
    share = 0.65 * np.clip(heat, 0, 1)[..., None]
    return np.clip(255 * ((1 - share) * grey + share * colormaps["inferno"](heat)[..., :3]), 0, 255).astype(np.uint8)
