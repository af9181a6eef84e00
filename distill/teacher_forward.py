"""The teacher's forward pass, by the fastest exact way on this machine."""

import logging
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tf_keras as keras

from skin_training.heads import has_external_layer, logits_model
from triage.errors import UnusableInput
from triage.interpreter import open_interpreter
from triage.native_output import native_stderr_muted

log = logging.getLogger("skin_distill")

LARGEST_DIFFERENCE = 1e-3
"""Between Keras and .tflite, relative to the largest logit: float32 sums in another order differ by 1e-5."""


class TeacherForward(NamedTuple):
    """How a teacher predicts.

    Attributes:
        way: "tflite" or "keras".
        run: images float32 [n, size, size, 3] in [0, 1] to arrays by name: `diagnosis` float32 [n, classes] and
            `lighting` float32 [n], logits; and `features` float32 [n, channels] on request.
    """

    way: str
    run: Callable[[np.ndarray], dict[str, np.ndarray]]


def teacher_forward(teacher: keras.Model, with_features: bool = False, way: str = "auto") -> TeacherForward:
    """Choose how a teacher predicts.

    On a CPU, float32 `.tflite` with XNNPACK is faster than Keras with the same logits; both are compared on a random
    photo before `.tflite` is used.

    Args:
        teacher: a Keras teacher.
        with_features: also return the pooled features.
        way: "keras", "tflite", or "auto": `.tflite` where TensorFlow sees no GPU and computes every layer.

    Raises:
        UnusableInput: an unknown way.
    """
    if way not in ("auto", "keras", "tflite"):
        raise UnusableInput(f"The teacher predicts with keras, tflite or auto. Received: {way!r}.")
    by_keras = TeacherForward("keras", _keras(teacher, with_features))
    if way == "keras" or (way == "auto" and (has_external_layer(teacher) or tf.config.list_physical_devices("GPU"))):
        return by_keras
    try:
        by_tflite = TeacherForward("tflite", _tflite(teacher, with_features))
    except Exception as error:  # the converter raises many types for an unsupported graph
        if way == "tflite":
            raise UnusableInput(f"This teacher cannot be converted: {error}. Use keras.") from error
        log.info("the teacher predicts with Keras: it cannot be converted (%s)", str(error).strip().split("\n")[0])
        return by_keras
    probe = np.random.default_rng(0).random((1, *teacher.input_shape[1:]), np.float32)
    one, other = by_keras.run(probe), by_tflite.run(probe)
    difference = max(float(np.abs(one[n] - other[n]).max() / max(1.0, np.abs(one[n]).max())) for n in one)
    if difference > LARGEST_DIFFERENCE:
        log.warning("the teacher predicts with Keras: logits of its .tflite differ by %.2g", difference)
        return by_keras
    return by_tflite


def _with_names(teacher: keras.Model, with_features: bool) -> keras.Model:
    diagnosis, lighting = logits_model(teacher).outputs
    named = {"diagnosis": diagnosis, "lighting": lighting}
    if with_features:
        named["features"] = teacher.get_layer("features").output
    return keras.Model(teacher.input, named)


def _keras(teacher: keras.Model, with_features: bool) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    model = _with_names(teacher, with_features)

    @tf.function(input_signature=[tf.TensorSpec((None, *teacher.input_shape[1:]), tf.float32)])
    def forward(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(model(images, training=False))

    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        predictions = {name: value.numpy() for name, value in forward(images).items()}
        return {**predictions, "lighting": predictions["lighting"][:, 0]}

    return run


def _tflite(teacher: keras.Model, with_features: bool) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    model = _with_names(teacher, with_features)
    signature = [tf.TensorSpec((1, *teacher.input_shape[1:]), tf.float32, name="image")]
    forward = tf.function(lambda image: dict(model(image, training=False)), input_signature=signature)
    holder = tf.Module()
    holder.weights = list(teacher.weights)
    with native_stderr_muted():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([forward.get_concrete_function()], holder)
        interpreter = open_interpreter(bytes(converter.convert()), threads=os.cpu_count() or 1)

    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        predictions = [interpreter.run_tensor(image[None]) for image in np.asarray(images)]
        stacked = {name: np.concatenate([prediction[name] for prediction in predictions]) for name in predictions[0]}
        return {**stacked, "lighting": stacked["lighting"][:, 0]}

    return run
