"""A float model whose kernels are stored in 8 bit.

Each large kernel is stored as integers with a scale for each output channel, followed by a DEQUANTIZE operator. XNNPACK
runs that operator once, when it loads the model: the file is as small as an integer one, and predictions cost the same
as in the float file.

Quantization shifts a layer's mean output, because its inputs are mostly positive: the shift over representative photos
is subtracted from the bias (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias
Correction", with measured means in place of their derived ones).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from convert.flatbuffer import FLOAT32, INT8, Flatbuffer, make_dequantize, packed, unpacked
from triage.interpreter import open_interpreter

KERNEL_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}
"""Operators with a kernel as their second input, and its axis of output channels."""
MIN_WEIGHTS = 1024
"""A smaller kernel, such as the colour calibration's, stays in float: scales and operator would cost what is saved."""
LARGEST = 127
_BY_CHANNEL = 5  # DEQUANTIZE's version with a scale for each channel


def with_integer_weights(flatbuffer: bytes, photos: np.ndarray) -> bytes:
    """Store the large kernels of a model in 8 bit.

    Args:
        flatbuffer: a float32 model.
        photos: uint8 [n, size, size, 3], representative training photos, at least one.

    Returns:
        The same graph with a DEQUANTIZE operator before each quantized kernel, and corrected biases.
    """
    parsed, model = Flatbuffer(flatbuffer), unpacked(flatbuffer)
    graph, widened = model.subgraphs[0], {}
    kernels = {
        number: (operator, kernel)
        for number, operator in enumerate(parsed.operators)
        if operator.name in KERNEL_AXES
        and (kernel := parsed.constant(operator.inputs[1])) is not None
        and kernel.size >= MIN_WEIGHTS
    }
    means = mean_inputs(flatbuffer, [operator.inputs[0] for operator, _ in kernels.values()], photos)
    for number, (operator, kernel) in kernels.items():
        source, tensor, *rest = operator.inputs
        axis = KERNEL_AXES[operator.name]
        integers, scales = quantize_kernel(kernel, axis)
        if tensor not in widened:
            name = f"{parsed.name(tensor).split(';')[0]}/int8"
            stored = _add_constant(model, name, integers, INT8, scales, axis)
            graph.tensors[tensor].buffer = 0  # the empty one, as of every tensor that is computed
            widened[tensor] = make_dequantize(model, stored, tensor, _BY_CHANNEL)
        error = np.moveaxis(integers, axis, -1) * scales - np.moveaxis(kernel, axis, -1)
        bias = parsed.constant(rest[0]) if rest and rest[0] >= 0 else None
        shift = mean_shift(error, means[source], operator.name)
        corrected = np.asarray((0.0 if bias is None else bias) - shift, np.float32)
        name = f"{parsed.name(operator.outputs[0]).split(';')[0]}/bias"
        graph.operators[number].inputs = [source, tensor, _add_constant(model, name, corrected, FLOAT32)]
    graph.operators = [*widened.values(), *graph.operators]
    _tidy(model)
    return packed(model)


def quantize_kernel(kernel: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Quantize a kernel to 255 values symmetric about zero, each channel scaled to its largest weight.

    Args:
        kernel: float, any shape.
        axis: of the channels.

    Returns:
        The integers, int8 of the kernel's shape, and the scale of each channel, float32 [channels].
    """
    others = tuple(number for number in range(kernel.ndim) if number != axis)
    scales = (np.abs(kernel).max(axis=others, keepdims=True) / LARGEST).astype(np.float32)
    scales[scales == 0] = 1.0
    return np.clip(np.rint(kernel / scales), -LARGEST, LARGEST).astype(np.int8), scales.ravel()


def mean_inputs(flatbuffer: bytes, tensors: Sequence[int], photos: np.ndarray) -> Mapping[int, np.ndarray]:
    """Measure the mean of each channel of some tensors over all positions of some photos.

    Args:
        flatbuffer: a float32 model.
        tensors: their numbers.
        photos: uint8 [n, size, size, 3].

    Returns:
        float64 [channels] by tensor.
    """
    # With the delegate, intermediate tensors cannot be read.
    interpreter = open_interpreter(flatbuffer, preserve_all_tensors=True, use_delegate=False)
    found: dict[int, Any] = dict.fromkeys(tensors, 0.0)
    for photo in photos:
        interpreter.run(photo)
        for tensor in found:
            values = interpreter.raw.get_tensor(tensor)
            found[tensor] = found[tensor] + values.reshape(-1, values.shape[-1]).mean(axis=0) / len(photos)
    return found


def mean_shift(error: np.ndarray, means: np.ndarray, operator: str) -> np.ndarray:
    """Return by how much a kernel's error shifts the mean of each output channel, float64 [channels].

    Borders, where a kernel sees padding, count like all other positions.

    Args:
        error: float, the quantized kernel minus the kernel, its channels last: [..., inputs, channels] of a
            convolution, [..., channels] of a depthwise one, [inputs, channels] of a dense layer.
        means: float64 [inputs], of each channel of the input.
        operator: name of the operator, a key of `KERNEL_AXES`.
    """
    if operator == "DEPTHWISE_CONV_2D":
        return np.asarray(error.reshape(-1, error.shape[-1]).sum(axis=0) * means)
    return np.asarray(means @ error.reshape(-1, *error.shape[-2:]).sum(axis=0))


def _add_constant(
    model: Any, name: str, values: np.ndarray, dtype: int, scales: np.ndarray | None = None, axis: int = 0
) -> int:
    """Add a constant to an unpacked model; return its tensor number."""
    tensor, buffer = schema.TensorT(), schema.BufferT()
    tensor.name, tensor.type, tensor.buffer = name.encode(), dtype, len(model.buffers)
    tensor.shape = np.array(values.shape, np.int32)
    if scales is not None:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = scales, np.zeros(len(scales), np.int64)
        tensor.quantization.quantizedDimension = axis
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers.append(buffer)
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1


def _tidy(model: Any) -> None:
    """Empty what is not read any more, and shorten names to their first part: the rest lists fused operators."""
    graph = model.subgraphs[0]
    read = {int(tensor) for operator in graph.operators for tensor in (*operator.inputs, *operator.outputs)}
    for number, tensor in enumerate(graph.tensors):
        tensor.name = bytes(tensor.name).split(b";")[0] if number in read else b""
        tensor.buffer = tensor.buffer if number in read else 0
    used = {tensor.buffer for tensor in graph.tensors} | {entry.buffer for entry in model.metadata or []}
    for number, buffer in enumerate(model.buffers):
        if number not in used:
            buffer.data = None
