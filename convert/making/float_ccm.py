"""An integer model whose colour calibration stays in float.

Quantized like the rest, the calibration is the coarsest part of the model: its weights get a scale of almost 0.01, and
calibrated colours are visibly off. In float it costs nothing (three channels, one product a pixel), and its output is
quantized with a scale of exactly 1/255.
"""

from tensorflow.lite.python import schema_py_generated as schema

from convert.flatbuffer import UINT8, Flatbuffer, ccm_chain, make_dequantize, packed, unpacked
from triage.errors import CheckFailed

PIXEL_SCALE = 1.0 / 255.0


def with_integer_input(flatbuffer: bytes) -> bytes:
    """Give a model with a float colour calibration an integer input.

    The input becomes uint8 with scale 1/255 and zero point 0, followed by a DEQUANTIZE.

    Args:
        flatbuffer: a quantized model: float32 input, CONV_2D and clip in float, then QUANTIZE at scale 1/255.

    Raises:
        CheckFailed: the model has another structure.
    """
    parsed = Flatbuffer(flatbuffer)
    last = ccm_chain(parsed)[-1].outputs[0]
    consumers = parsed.consumers(last)
    if parsed.is_integer(last) or [o.name for o in consumers] != ["QUANTIZE"] or len(parsed.inputs) != 1:
        raise CheckFailed(
            "The converter did not leave the colour calibration in float. Received: a model that begins with the "
            f"operators {', '.join(o.name for o in parsed.operators[:5])}. Convert to float16 or dynamic."
        )
    found = parsed.quantization(consumers[0].outputs[0])
    if found is None or abs(found[0][0] - PIXEL_SCALE) > 1e-7 or found[1][0] != -128:
        raise CheckFailed(f"The colour calibration's output must have scale 1/255. Received: {found}.")
    model = unpacked(flatbuffer)
    graph = model.subgraphs[0]
    old = parsed.inputs[0]
    image = schema.TensorT()
    image.name, graph.tensors[old].name = graph.tensors[old].name, b"image_in_unit_range"
    image.shape, image.shapeSignature = graph.tensors[old].shape, graph.tensors[old].shapeSignature
    image.type, image.buffer = UINT8, 0
    image.quantization = schema.QuantizationParametersT()
    image.quantization.scale, image.quantization.zeroPoint = [PIXEL_SCALE], [0]
    new = len(graph.tensors)
    graph.tensors.append(image)
    graph.inputs = [new]
    for signature in model.signatureDefs or []:
        for entry in signature.inputs:
            entry.tensorIndex = new if entry.tensorIndex == old else entry.tensorIndex
    graph.operators.insert(0, make_dequantize(model, new, old, version=1))
    return packed(model)
