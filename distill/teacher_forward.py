"""The teacher's forward pass, by the fastest exact way that this machine has."""

import logging
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from triage.errors import UnusableInput

log = logging.getLogger("skin_distill")

LARGEST_DIFFERENCE = 1e-3
"""Between the two ways, relative to the largest logit: float32 sums in another order differ by 1e-5."""


class TeacherForward(NamedTuple):
    """How a teacher answers.

    Attributes:
        way: "tflite" or "keras".
        run: images float32 [n, size, size, 3] in [0, 1] to arrays by name: `diagnosis` float32 [n, classes] and
            `lighting` float32 [n], logits; and `features` float32 [n, channels], where they were asked for.
    """

    way: str
    run: Callable[[Any], dict[str, np.ndarray]]


def teacher_forward(teacher: Any, with_features: bool = False, way: str = "auto") -> TeacherForward:
    """Choose a way for a teacher to answer.

    On a CPU a model answers faster as its own float32 `.tflite` with XNNPACK than in Keras, and with the same logits;
    both are compared on a random photo before the first is used.

    Args:
        teacher: a Keras teacher.
        with_features: also give the pooled features.
        way: "keras", "tflite", or "auto": `.tflite` where TensorFlow sees no GPU.

    Raises:
        UnusableInput: an unknown way.
    """
    import tensorflow as tf

    if way not in ("auto", "keras", "tflite"):
        raise UnusableInput(f"The teacher answers by keras, tflite or auto. Received: {way!r}.")
    by_keras = TeacherForward("keras", _keras(teacher, with_features))
    if way == "keras" or (way == "auto" and tf.config.list_physical_devices("GPU")):
        return by_keras
    try:
        by_tflite = TeacherForward("tflite", _tflite(teacher, with_features))
    except Exception as error:  # the converter raises many types for a graph that it does not know
        if way == "tflite":
            raise UnusableInput(f"This teacher cannot be converted: {error}. Let Keras answer.") from error
        log.info("the teacher answers in Keras: it cannot be converted (%s)", str(error).strip().split("\n")[0])
        return by_keras
    probe = np.random.default_rng(0).random((1, *teacher.input_shape[1:]), np.float32)
    one, other = by_keras.run(probe), by_tflite.run(probe)
    difference = max(float(np.abs(one[n] - other[n]).max() / max(1.0, np.abs(one[n]).max())) for n in one)
    if difference > LARGEST_DIFFERENCE:
        log.warning("the teacher answers in Keras: its .tflite gives logits that differ by %.2g", difference)
        return by_keras
    return by_tflite


def _with_names(teacher: Any, with_features: bool) -> Any:
    import tf_keras as keras

    from skin_training.heads import logits_model

    diagnosis, lighting = logits_model(teacher).outputs
    named = {"diagnosis": diagnosis, "lighting": lighting}
    if with_features:
        named["features"] = teacher.get_layer("features").output
    return keras.Model(teacher.input, named)


def _keras(teacher: Any, with_features: bool) -> Callable[[Any], dict[str, np.ndarray]]:
    import tensorflow as tf

    model = _with_names(teacher, with_features)

    @tf.function(input_signature=[tf.TensorSpec((None, *teacher.input_shape[1:]), tf.float32)])
    def forward(images: Any) -> dict[str, Any]:
        return dict(model(images, training=False))

    def run(images: Any) -> dict[str, np.ndarray]:
        answers = {name: value.numpy() for name, value in forward(images).items()}
        return {**answers, "lighting": answers["lighting"][:, 0]}

    return run


def _tflite(teacher: Any, with_features: bool) -> Callable[[Any], dict[str, np.ndarray]]:
    import tensorflow as tf

    from triage.interpreter import open_interpreter
    from triage.native_output import native_stderr_muted

    model = _with_names(teacher, with_features)
    signature = [tf.TensorSpec((1, *teacher.input_shape[1:]), tf.float32, name="image")]
    forward = tf.function(lambda image: dict(model(image, training=False)), input_signature=signature)
    holder = tf.Module()
    holder.weights = list(teacher.weights)
    with native_stderr_muted():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([forward.get_concrete_function()], holder)
        interpreter = open_interpreter(bytes(converter.convert()), threads=os.cpu_count() or 1)

    def run(images: Any) -> dict[str, np.ndarray]:
        answers = [interpreter.run_tensor(image[None]) for image in np.asarray(images)]
        stacked = {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
        return {**stacked, "lighting": stacked["lighting"][:, 0]}

    return run
