"""An integer model whose colour calibration stays in float.

Quantized like the rest, the calibration is the coarsest part of the model: its weights get steps of almost 0.01, and
what it makes of a colour is off by a visible amount. In float it costs nothing (three channels, one product a
pixel), and what leaves it is quantized at exactly one step for each 8-bit value.
"""

from typing import Any

from convert.flatbuffer import Flatbuffer, ccm_chain, dequantizing, packed, unpacked
from triage.errors import CheckFailed

PIXEL_SCALE = 1.0 / 255.0
_UINT8 = 3  # schema.fbs, TensorType


def with_integer_input(flatbuffer: bytes) -> bytes:
    """Give a model with a float colour calibration an integer input.

    The input becomes uint8 with scale 1/255 and zero point 0, widened by a DEQUANTIZE.

    Args:
        flatbuffer: a quantized model: float32 input, CONV_2D and clip in float, then QUANTIZE at scale 1/255.

    Raises:
        CheckFailed: the model has another structure.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    parsed = Flatbuffer(flatbuffer)
    last = ccm_chain(parsed)[-1].outputs[0]
    behind = parsed.consumers(last)
    if parsed.is_integer(last) or [o.name for o in behind] != ["QUANTIZE"] or len(parsed.inputs) != 1:
        raise CheckFailed(
            "The converter did not leave the colour calibration in float. Received: operators "
            f"{', '.join(o.name for o in parsed.operators[:5])} at the model's start. Convert to float16 or dynamic."
        )
    steps = parsed.quantization(behind[0].outputs[0])
    if steps is None or abs(steps[0][0] - PIXEL_SCALE) > 1e-7 or steps[1][0] != -128:
        raise CheckFailed(f"What leaves the colour calibration must have scale 1/255. Received: {steps}.")
    model = unpacked(flatbuffer)
    graph = model.subgraphs[0]
    old = parsed.inputs[0]
    image = schema.TensorT()
    image.name, graph.tensors[old].name = graph.tensors[old].name, b"image_in_unit_range"
    image.shape, image.shapeSignature = graph.tensors[old].shape, graph.tensors[old].shapeSignature
    image.type, image.buffer = _UINT8, 0
    image.quantization = _pixel_quantization(schema)
    new = len(graph.tensors)
    graph.tensors.append(image)
    graph.inputs = [new]
    for signature in model.signatureDefs or []:
        for entry in signature.inputs:
            entry.tensorIndex = new if entry.tensorIndex == old else entry.tensorIndex
    graph.operators.insert(0, dequantizing(model, new, old, version=1))
    return packed(model)


def _pixel_quantization(schema: Any) -> Any:
    quantization = schema.QuantizationParametersT()
    quantization.scale, quantization.zeroPoint = [PIXEL_SCALE], [0]
    return quantization
