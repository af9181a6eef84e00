"""A float model whose kernels are stored in 8 bit.

Each large kernel is kept as integers with one step size for each channel of its result, and a DEQUANTIZE operator
behind it gives back float. XNNPACK runs that operator once, when it loads the model: the file is as small as an
integer one, and what is computed, and how fast, is what the float file computes.
"""

import numpy as np

from convert.flatbuffer import Flatbuffer, dequantizing, packed, unpacked

KERNEL_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}
"""Operators with a kernel as their second input, and its axis of the result's channels."""
FEWEST_WEIGHTS = 1024
"""A smaller kernel, such as the colour calibration's, stays in float: the steps and the operator would eat what is
saved, and the first layers matter most."""
LARGEST = 127
SHRUNK = np.linspace(0.7, 1.0, 31)
"""Ranges that are tried, as shares of a channel's largest weight: clipping it can make all others more exact."""
_INT8, _BY_CHANNEL = 9, 5  # schema.fbs, TensorType.INT8; DEQUANTIZE's version with steps by channel


def with_integer_weights(flatbuffer: bytes) -> bytes:
    """Store the large kernels of a model in 8 bit.

    Args:
        flatbuffer: a float32 model.

    Returns:
        The same graph with a DEQUANTIZE operator before each kernel that was rounded.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    parsed, model = Flatbuffer(flatbuffer), unpacked(flatbuffer)
    graph, widened = model.subgraphs[0], {}
    for operator in parsed.operators:
        if operator.name not in KERNEL_AXES or operator.inputs[1] in widened:
            continue
        number, axis = operator.inputs[1], KERNEL_AXES[operator.name]
        kernel = parsed.constant(number)
        if kernel is None or kernel.size < FEWEST_WEIGHTS:
            continue
        integers, steps = rounded(kernel, axis)
        float_tensor, stored, buffer = graph.tensors[number], schema.TensorT(), schema.BufferT()
        stored.name = f"{parsed.name(number).split(';')[0]}/int8".encode()
        stored.shape, stored.type, stored.buffer = float_tensor.shape, _INT8, len(model.buffers)
        stored.quantization = schema.QuantizationParametersT()
        stored.quantization.scale, stored.quantization.zeroPoint = steps, np.zeros(len(steps), np.int64)
        stored.quantization.quantizedDimension = axis
        buffer.data = np.frombuffer(integers.tobytes(), np.uint8)
        model.buffers.append(buffer)
        float_tensor.buffer = 0  # the empty one, as of every tensor that is computed
        graph.tensors.append(stored)
        widened[number] = dequantizing(model, len(graph.tensors) - 1, number, _BY_CHANNEL)
    graph.operators = [*widened.values(), *graph.operators]
    used = {tensor.buffer for tensor in graph.tensors} | {entry.buffer for entry in model.metadata or []}
    for number, buffer in enumerate(model.buffers):
        if number not in used:
            buffer.data = None
    return packed(model)


def rounded(kernel: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Round a kernel to 255 steps symmetric about zero, in each channel to those with the least squared error.

    Args:
        kernel: float, any shape.
        axis: of the channels.

    Returns:
        The integers, int8 of the kernel's shape, and the step size of each channel, float32 [channels].
    """
    rows = np.moveaxis(kernel, axis, 0).reshape(kernel.shape[axis], -1)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    largest[largest == 0] = 1.0
    best, best_error = np.zeros_like(largest, np.float32), np.full_like(largest, np.inf)
    for share in SHRUNK:
        steps = (share * largest / LARGEST).astype(np.float32)
        error = np.square(_nearest(rows, steps) * steps - rows).sum(axis=1, keepdims=True)
        better = error < best_error
        best, best_error = np.where(better, steps, best), np.where(better, error, best_error)
    shape = [1] * kernel.ndim
    shape[axis] = -1
    return _nearest(kernel, best.reshape(shape)).astype(np.int8), best.ravel()


def _nearest(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values / steps), -LARGEST, LARGEST)
