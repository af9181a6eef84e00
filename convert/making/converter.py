"""TensorFlow's converter and quantizer, and the checks of what they return."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras
from tensorflow.lite.python.convert import mlir_quantize

from convert.flatbuffer import Flatbuffer, ccm_chain
from convert.making.activation_ranges import Ranges, with_ranges
from convert.making.float_ccm import PIXEL_SCALE, with_integer_input
from convert.variants.variant import Variant
from skin_training.heads import OUTPUTS
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import open_interpreter
from triage.native_output import native_stderr_muted

MIN_BYTES_PER_WEIGHT = 0.2
"""A converter that lost the weights writes far less; 8-bit weights take one byte each."""


def to_tflite(model: keras.Model, weights: str = "float32") -> bytes:
    """Convert a Keras model to a flatbuffer with a fixed input shape and named outputs.

    Args:
        model: `image` float32 [batch, size, size, 3] to [`diagnosis`, `lighting`].
        weights: float32, float16, or int8 for dynamic-range quantization.

    Returns:
        The flatbuffer: input `image` float32 [1, size, size, 3] in [0, 1]; signature outputs `diagnosis` and
        `lighting`, float32.
    """
    size = model.input_shape[1]

    @tf.function(input_signature=[tf.TensorSpec((1, size, size, 3), tf.float32, name="image")])
    def serve(image: Any) -> dict[str, Any]:
        return dict(zip(OUTPUTS, model(image, training=False), strict=True))

    with _muted():
        # The weights alone hold the graph's variables: tracking the Keras model itself would export all of its
        # methods, which takes a minute instead of seconds.
        holder = tf.Module()
        holder.weights = list(model.weights)
        converter = tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()], holder)
        if weights != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            # Dense layers quantized by channel need FULLY_CONNECTED version 12, which older runtimes lack.
            converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        if weights == "float16":
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


def quantize(flatbuffer: bytes, ranges: Ranges) -> bytes:
    """Quantize a float32 model to integers; the colour calibration, softmax and sigmoid stay in float.

    Args:
        flatbuffer: of `to_tflite`.
        ranges: of its activations.

    Returns:
        The flatbuffer, its input uint8 with scale 1/255 and zero point 0.
    """
    parsed = Flatbuffer(flatbuffer)
    with _muted():
        quantized = mlir_quantize(
            with_ranges(flatbuffer, ranges),
            # XNNPACK has no integer softmax, and in float the probabilities keep more than 256 values.
            denylisted_ops=["SOFTMAX", "LOGISTIC"],
            denylisted_nodes=[parsed.name(operator.outputs[0]) for operator in ccm_chain(parsed)],
            # Dense layers quantized by channel need FULLY_CONNECTED version 12, which older runtimes lack.
            disable_per_channel_for_dense_layers=True,
            input_data_type=tf.float32,
        )
    return with_integer_input(bytes(quantized))


@contextmanager
def _muted() -> Iterator[None]:
    """Hide the converter's messages about itself: deprecated parts, unused functions."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with native_stderr_muted(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def check_flatbuffer(flatbuffer: bytes, variant: Variant, model: keras.Model) -> None:
    """Raise CheckFailed if a new file lost the weights, cannot be run, or has another input than its variant."""
    parsed = Flatbuffer(flatbuffer)
    weights = sum(int(np.prod(w.shape)) for w in model.weights)
    if "VAR_HANDLE" in parsed.operator_counts() or len(flatbuffer) < MIN_BYTES_PER_WEIGHT * weights:
        raise CheckFailed(
            f"The converter lost the weights. Received: {len(flatbuffer)} bytes for {weights} weights. "
            "Save the model again with `skin-distill distill` and convert that."
        )
    try:
        open_interpreter(flatbuffer)
    except UnusableInput as error:
        raise CheckFailed(f"The converter's {variant.name} file cannot be run. {error}") from error
    if variant.input_dtype == "uint8":
        quantization = parsed.quantization(parsed.inputs[0])
        if quantization is None or abs(quantization[0][0] - PIXEL_SCALE) > 1e-7 or quantization[1][0] != 0:
            raise CheckFailed(
                f"The integer input must have scale 1/255 and zero point 0. Received: {quantization}. "
                "Give representative photos whose values span 0 to 255."
            )
