"""From a Keras student to a TFLite flatbuffer with a fixed shape and named outputs."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from convert.flatbuffer import Flatbuffer, ccm_chain
from convert.making.activation_ranges import Ranges, choose_ranges, with_ranges
from convert.making.float_ccm import PIXEL_SCALE, with_integer_input
from convert.making.weight_only import with_integer_weights
from convert.variants import VARIANTS, Variant
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import open_interpreter
from triage.native_output import native_stderr_muted

SMALLEST_SHARE = 0.2  # of one byte for each weight; a converter that lost the weights writes far less


def to_flatbuffer(
    model: Any, variant: Variant, ranges: Ranges | None = None, photos: np.ndarray | None = None
) -> bytes:
    """Convert a model.

    Args:
        model: a Keras model, `image` float32 [batch, size, size, 3] to [`diagnosis`, `lighting`].
        variant: what to make.
        ranges: of the activations, as `ranges_of` gives them; needed by a calibrated variant only.
        photos: uint8 [n, size, size, 3], representative training photos; needed by one whose weights alone are rounded.

    Returns:
        The flatbuffer: input `image` [1, size, size, 3], float32 in [0, 1] or uint8 with scale 1/255 and zero point
        0; signature outputs `diagnosis` and `lighting`, float32.

    Raises:
        UnusableInput: ranges or photos are missing.
        CheckFailed: the converter's result is not what was asked for.
    """
    if variant.calibrated and not ranges:
        raise UnusableInput(f"{variant.name} needs the ranges of activations. Received: {ranges}.")
    if variant.weight_only and (photos is None or not len(photos)):
        raise UnusableInput(f"{variant.name} needs representative photos. Received: none.")
    by_converter = not (variant.calibrated or variant.weight_only)
    with native_stderr_muted(), _python_muted():
        flatbuffer = bytes(_converter(model, variant.weights if by_converter else "float32").convert())
        if ranges and variant.calibrated:
            flatbuffer = _quantize(flatbuffer, variant, ranges)
        elif variant.weight_only:
            flatbuffer = with_integer_weights(flatbuffer, photos)
    _check(flatbuffer, variant, model)
    return flatbuffer


def ranges_of(model: Any, photos: np.ndarray) -> Ranges:
    """Choose the ranges of a model's activations.

    Args:
        model: as for `to_flatbuffer`.
        photos: uint8 [n, size, size, 3], representative training photos, at least one.

    Raises:
        UnusableInput: there is no photo.
    """
    if not len(photos):
        raise UnusableInput("Activations are measured on representative photos. Received: none.")
    return choose_ranges(to_flatbuffer(model, VARIANTS["float32"]), photos)


def _converter(model: Any, weights: str) -> Any:
    import tensorflow as tf

    from skin_training.heads import OUTPUTS

    size = model.input_shape[1]

    @tf.function(input_signature=[tf.TensorSpec((1, size, size, 3), tf.float32, name="image")])
    def serve(image: Any) -> dict[str, Any]:
        return dict(zip(OUTPUTS, model(image, training=False), strict=True))

    # The weights alone hold the graph's variables: tracking the Keras model itself would export all of its methods,
    # which takes a minute instead of seconds.
    holder = tf.Module()
    holder.weights = list(model.weights)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()], holder)
    if weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        # Dense layers quantized by channel need FULLY_CONNECTED version 12, which older runtimes lack.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    if weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return converter


def _quantize(flatbuffer: bytes, variant: Variant, ranges: Ranges) -> bytes:
    """Quantize a float model to integers, but for the parts that a variant leaves in float."""
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize

    from skin_training.heads import OUTPUTS

    parsed = Flatbuffer(flatbuffer)
    calibration = [operator.outputs[0] for operator in ccm_chain(parsed)]
    in_float = [parsed.name(tensor) for tensor in calibration] if variant.float_ccm else []
    if variant.float_heads:
        outputs = (parsed.name(operator.outputs[0]) for operator in parsed.operators)
        in_float += [name for name in outputs if any(f"/{head}_" in name for head in OUTPUTS)]
    quantized = mlir_quantize(
        with_ranges(flatbuffer, ranges),
        # XNNPACK takes no integer softmax, and in float the probabilities keep more than 256 steps.
        denylisted_ops=["SOFTMAX", "LOGISTIC"],
        denylisted_nodes=in_float,
        # Dense layers quantized by channel need FULLY_CONNECTED version 12, which older runtimes lack.
        disable_per_channel_for_dense_layers=True,
        input_data_type=tf.float32 if variant.float_ccm or variant.float_input else tf.uint8,
    )
    return with_integer_input(bytes(quantized)) if variant.float_ccm and not variant.float_input else bytes(quantized)


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
    if variant.input_dtype == "uint8":
        quantization = parsed.quantization(parsed.inputs[0])
        if quantization is None or abs(quantization[0][0] - PIXEL_SCALE) > 1e-7 or quantization[1][0] != 0:
            raise CheckFailed(
                f"The integer input must have scale 1/255 and zero point 0. Received: {quantization}. "
                "Give representative photos whose values span 0 to 255."
            )
