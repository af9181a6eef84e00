"""Ranges of activations, measured on the float model itself, and written into it for the quantizer.

TensorFlow's own calibrator reads each result after the whole graph has run, when later operators may have written over
the buffer in place; what it found for the colour calibration's clip was [0, 2]. Here every tensor keeps a buffer of its
own.
"""

import numpy as np

from convert.flatbuffer import Flatbuffer
from triage.interpreter import open_interpreter


def measure_ranges(flatbuffer: bytes, photos: np.ndarray) -> dict[int, tuple[float, float]]:
    """Return (smallest, largest) value of every float activation over some photos, by tensor number.

    Args:
        flatbuffer: a float32 model.
        photos: uint8 [n, size, size, 3].
    """
    # Without the delegate every operator runs by itself, and its result can be read.
    interpreter = open_interpreter(flatbuffer, preserve_all_tensors=True, use_delegate=False)
    parsed = Flatbuffer(flatbuffer)
    computed = {tensor for operator in parsed.operators for tensor in operator.outputs} | set(parsed.inputs)
    floats = [d["index"] for d in interpreter.raw.get_tensor_details() if d["dtype"] == np.float32]
    wanted = sorted(computed & set(floats))
    ranges: dict[int, tuple[float, float]] = {}
    for photo in photos:
        interpreter.run(photo)
        for tensor in wanted:
            values = interpreter.raw.get_tensor(tensor)
            low, high = ranges.get(tensor, (np.inf, -np.inf))
            ranges[tensor] = min(low, float(values.min())), max(high, float(values.max()))
    return ranges


def with_ranges(flatbuffer: bytes, ranges: dict[int, tuple[float, float]]) -> bytes:
    """Return a float model that carries ranges as the quantizer reads them.

    Args:
        flatbuffer: a float32 model.
        ranges: of `measure_ranges`. Each is widened to hold zero, which an integer must be able to say.
    """
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(flatbuffer, 0))
    for number, (low, high) in ranges.items():
        quantization = schema.QuantizationParametersT()
        quantization.min, quantization.max = [min(low, 0.0)], [max(high, 0.0)]
        model.subgraphs[0].tensors[number].quantization = quantization
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
