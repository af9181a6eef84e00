"""Answers of a model, Keras or TFLite, on prepared pixels."""

from collections.abc import Callable
from typing import Any

import numpy as np

from skin_data.progress import Progress, no_progress


def predict(
    model: Any, pixels: np.ndarray, batch_size: int = 64, progress: Progress = no_progress, stage: str = "predict"
) -> tuple[np.ndarray, np.ndarray]:
    """Run a model over prepared photos.

    Args:
        model: a Keras model of this project, or an opened `triage.interpreter.Interpreter`.
        pixels: uint8 [n, size, size, 3], as `triage.photo.prepare_pixels` makes them.
        batch_size: photos at once, for Keras; an interpreter takes one at a time.
        progress: called as `progress(stage, done, total)`.
        stage: the first argument of `progress`.

    Returns:
        Diagnosis probabilities float32 [n, classes] and well-lit probabilities float32 [n].
    """
    if hasattr(model, "run"):
        answers = []
        for number, photo in enumerate(pixels):
            outputs = model.run(photo)
            answers.append((outputs["diagnosis"].reshape(-1), float(outputs["lighting"].reshape(-1)[0])))
            progress(stage, number + 1, len(pixels))
        return np.stack([a[0] for a in answers]).astype(np.float32), np.array([a[1] for a in answers], np.float32)
    forward = keras_forward(model)
    diagnosis, lighting = [], []
    for start in range(0, len(pixels), batch_size):
        outputs = forward(pixels[start : start + batch_size])
        diagnosis.append(outputs[0].numpy())
        lighting.append(outputs[1].numpy()[:, 0])
        progress(stage, min(start + batch_size, len(pixels)), len(pixels))
    return np.concatenate(diagnosis), np.concatenate(lighting)


def keras_forward(model: Any) -> Callable[[np.ndarray], Any]:
    """Return a compiled forward pass, uint8 [n, size, size, 3] to the model's outputs in inference mode."""
    import tensorflow as tf

    forward = getattr(model, "_pixels_forward", None)
    if forward is None:
        size = model.input_shape[1]

        @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8)])
        def forward(batch: Any) -> Any:
            return model(tf.cast(batch, tf.float32) / 255.0, training=False)

        # Kept on the model, so that a validation pass after each epoch does not trace the graph again.
        model._pixels_forward = forward
    return forward
