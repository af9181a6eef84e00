"""From a Keras student to a TFLite flatbuffer with a fixed shape and named outputs."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from convert.flatbuffer import Flatbuffer
from convert.float_ccm import PIXEL_SCALE, ccm_tensor_names, finish_float_ccm
from convert.variants import Variant
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import open_interpreter
from triage.native_output import native_stderr_muted

SMALLEST_SHARE = 0.2  # of one byte for each weight; a converter that lost the weights writes far less


def to_flatbuffer(model: Any, variant: Variant, representative: np.ndarray | None = None) -> bytes:
    """Convert a model.

    Args:
        model: a Keras model, `image` float32 [batch, size, size, 3] to [`diagnosis`, `lighting`].
        variant: what to make.
        representative: uint8 [n, size, size, 3], training photos that calibrate activations; needed by a calibrated
            variant only.

    Returns:
        The flatbuffer: input `image` [1, size, size, 3], float32 in [0, 1] or uint8 with scale 1/255 and zero point
        0; signature outputs `diagnosis` and `lighting`, float32.

    Raises:
        UnusableInput: representative photos are missing.
        CheckFailed: the converter's result is not what was asked for.
    """
    import tensorflow as tf

    from teacher.heads import OUTPUTS

    size = model.input_shape[1]
    if variant.calibrated and (representative is None or not len(representative)):
        raise UnusableInput(f"{variant.name} needs representative photos. Received: none.")

    @tf.function(input_signature=[tf.TensorSpec((1, size, size, 3), tf.float32, name="image")])
    def serve(image: Any) -> dict[str, Any]:
        return dict(zip(OUTPUTS, model(image, training=False), strict=True))

    # The weights alone hold the graph's variables: tracking the Keras model itself would export all of its methods,
    # which takes a minute instead of seconds.
    holder = tf.Module()
    holder.weights = list(model.weights)

    def converter() -> Any:
        return tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()], holder)

    with native_stderr_muted(), _python_muted():
        if variant.calibrated:
            flatbuffer = _convert_calibrated(converter, representative)
        else:
            flatbuffer = bytes(_configured(converter(), variant.weights).convert())
    _check(flatbuffer, variant, model)
    return flatbuffer


def _configured(converter: Any, weights: str) -> Any:
    import tensorflow as tf

    if weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        # Dense layers quantized by channel need FULLY_CONNECTED version 12, which older runtimes lack.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    if weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return converter


def _convert_calibrated(new_converter: Any, representative: Any) -> bytes:
    """Quantize everything but the colour calibration."""
    import tensorflow as tf

    in_float = ccm_tensor_names(bytes(new_converter().convert()))
    converter = _configured(new_converter(), "int8")
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.representative_dataset = lambda: _samples(representative)
    # The debugger is the converter's own way to leave named operators in float; nothing is debugged here.
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=in_float)
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=converter, debug_dataset=converter.representative_dataset, debug_options=options
    )
    return finish_float_ccm(bytes(debugger.get_nondebug_quantized_model()))


@contextmanager
def _python_muted() -> Iterator[None]:
    """Keep warnings of the converter about itself (deprecated parts, unused functions) from the person who waits."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _samples(photos: np.ndarray) -> Any:
    return ([photo[None].astype(np.float32) / np.float32(255)] for photo in photos)


def _check(flatbuffer: bytes, variant: Variant, model: Any) -> None:
    parsed = Flatbuffer(flatbuffer)
    counts = parsed.operator_counts()
    weights = sum(int(np.prod(w.shape)) for w in model.weights)
    if "VAR_HANDLE" in counts or len(flatbuffer) < SMALLEST_SHARE * weights:
        raise CheckFailed(
            f"The converter lost the weights. Received: {len(flatbuffer)} bytes for {weights} weights. "
            "Save the model again with `skin-distill distill` and convert that."
        )
    try:
        open_interpreter(flatbuffer)
    except UnusableInput as error:
        raise CheckFailed(f"The {variant.name} file that the converter wrote cannot be run. {error}") from error
    if variant.calibrated:
        quantization = parsed.quantization(parsed.inputs[0])
        if quantization is None or abs(quantization[0][0] - PIXEL_SCALE) > 1e-7 or quantization[1][0] != 0:
            raise CheckFailed(
                f"The integer input must have scale 1/255 and zero point 0. Received: {quantization}. "
                "Give representative photos whose values span 0 to 255."
            )
