"""Predictions of a model, Keras or TFLite, for prepared pixels."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from skin_data.progress import Progress, no_progress

if TYPE_CHECKING:
    import tf_keras as keras

    from triage.interpreter import Interpreter


def predict(
    model: "keras.Model | Interpreter",
    pixels: np.ndarray,
    batch_size: int = 64,
    progress: Progress = no_progress,
    stage: str = "predict",
) -> tuple[np.ndarray, np.ndarray]:
    """Predict prepared photos.

    Args:
        model: a Keras model of this project, or a .tflite interpreter.
        pixels: uint8 [n, size, size, 3], as `triage.photo.prepare_pixels` makes them.
        batch_size: photos at once with Keras; an interpreter takes one at a time.
        progress: called as `progress(stage, done, total)`.
        stage: the first argument of `progress`.

    Returns:
        Diagnosis probabilities float32 [n, classes] and well-lit probabilities float32 [n].
    """
    if hasattr(model, "run"):
        single = []
        for number, photo in enumerate(pixels):
            outputs = model.run(photo)
            single.append((outputs["diagnosis"].reshape(-1), float(outputs["lighting"].reshape(-1)[0])))
            progress(stage, number + 1, len(pixels))
        return np.stack([one[0] for one in single]).astype(np.float32), np.array([one[1] for one in single], np.float32)
    forward = keras_forward(model)
    diagnosis, lighting = [], []
    for start in range(0, len(pixels), batch_size):
        outputs = forward(pixels[start : start + batch_size])
        diagnosis.append(outputs[0].numpy())
        lighting.append(outputs[1].numpy()[:, 0])
        progress(stage, min(start + batch_size, len(pixels)), len(pixels))
    return np.concatenate(diagnosis), np.concatenate(lighting)


def pooled_features(
    model: "keras.Model", pixels: np.ndarray, batch_size: int = 64, progress: Progress = no_progress
) -> np.ndarray:
    """Return the pooled features of prepared photos, float32 [n, channels], from a teacher or student."""
    import tf_keras as keras

    forward = keras_forward(keras.Model(model.input, model.get_layer("features").output))
    found = []
    for start in range(0, len(pixels), batch_size):
        found.append(forward(pixels[start : start + batch_size]).numpy())
        progress("features", min(start + batch_size, len(pixels)), len(pixels))
    return np.concatenate(found)


def keras_forward(model: "keras.Model") -> Callable[[np.ndarray], Any]:
    """Return a compiled forward pass, uint8 [n, size, size, 3] to the model's outputs in inference mode."""
    import tensorflow as tf

    if not hasattr(model, "_pixels_forward"):
        size = model.input_shape[1]

        @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8)])
        def forward(batch: Any) -> Any:
            return model(tf.cast(batch, tf.float32) / 255.0, training=False)

        # Traced here: TensorFlow takes the first calls of many models for one function that is traced again and again.
        concrete = forward.get_concrete_function()
        # Kept on the model, so that validation after each epoch does not trace the graph again. It holds the model in
        # turn, as the variables of a graph do not outlive it.
        model._pixels_forward = lambda batch, _=model: concrete(tf.convert_to_tensor(batch))
    return cast("Callable[[np.ndarray], Any]", model._pixels_forward)
