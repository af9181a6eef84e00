"""A float model whose kernels are stored in 8 bit.

Each large kernel is kept as integers with one step size for each channel of its result, and a DEQUANTIZE operator
behind it gives back float. XNNPACK runs that operator once, when it loads the model: the file is as small as an
integer one, and what is computed, and how fast, is what the float file computes.

Rounding moves a layer's results, on average, because its inputs are mostly positive: what it moves them by over
representative photos is taken off the bias (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and
Bias Correction", with measured means in place of their derived ones).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from convert.flatbuffer import Flatbuffer, Operator, dequantizing, packed, unpacked
from triage.interpreter import open_interpreter

KERNEL_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}
"""Operators with a kernel as their second input, and its axis of the result's channels."""
FEWEST_WEIGHTS = 1024
"""A smaller kernel, such as the colour calibration's, stays in float: steps and operator would eat what is saved."""
LARGEST = 127
_FLOAT32, _INT8, _BY_CHANNEL = 0, 9, 5  # schema.fbs, TensorType; DEQUANTIZE's version with steps by channel


def with_integer_weights(flatbuffer: bytes, photos: np.ndarray) -> bytes:
    """Store the large kernels of a model in 8 bit.

    Args:
        flatbuffer: a float32 model.
        photos: uint8 [n, size, size, 3], representative training photos, at least one.

    Returns:
        The same graph with a DEQUANTIZE operator before each kernel that was rounded, and biases that make up for it.
    """
    parsed, model = Flatbuffer(flatbuffer), unpacked(flatbuffer)
    graph, widened = model.subgraphs[0], {}
    large = [
        (number, operator) for number, operator in enumerate(parsed.operators) if _has_large_kernel(parsed, operator)
    ]
    means = mean_inputs(flatbuffer, [operator.inputs[0] for _, operator in large], photos)
    for number, operator in large:
        source, tensor, *rest = operator.inputs
        kernel, axis = parsed.constant(tensor), KERNEL_AXES[operator.name]
        integers, steps = rounded(kernel, axis)
        if tensor not in widened:
            name = f"{parsed.name(tensor).split(';')[0]}/int8"
            stored = _add_constant(model, name, integers, _INT8, steps, axis)
            graph.tensors[tensor].buffer = 0  # the empty one, as of every tensor that is computed
            widened[tensor] = dequantizing(model, stored, tensor, _BY_CHANNEL)
        error = np.moveaxis(integers, axis, -1) * steps - np.moveaxis(kernel, axis, -1)
        bias = parsed.constant(rest[0]) if rest and rest[0] >= 0 else 0.0
        corrected = np.asarray(bias - mean_shift(error, means[source], operator.name), np.float32)
        name = f"{parsed.name(operator.outputs[0]).split(';')[0]}/bias"
        graph.operators[number].inputs = [source, tensor, _add_constant(model, name, corrected, _FLOAT32)]
    graph.operators = [*widened.values(), *graph.operators]
    _tidy(model)
    return packed(model)


def rounded(kernel: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Round a kernel to 255 steps symmetric about zero, in each channel up to its largest weight.

    Args:
        kernel: float, any shape.
        axis: of the channels.

    Returns:
        The integers, int8 of the kernel's shape, and the step size of each channel, float32 [channels].
    """
    others = tuple(number for number in range(kernel.ndim) if number != axis)
    steps = (np.abs(kernel).max(axis=others, keepdims=True) / LARGEST).astype(np.float32)
    steps[steps == 0] = 1.0
    return np.clip(np.rint(kernel / steps), -LARGEST, LARGEST).astype(np.int8), steps.ravel()


def mean_inputs(flatbuffer: bytes, tensors: list[int], photos: np.ndarray) -> Mapping[int, np.ndarray]:
    """Measure the mean of each channel of some tensors over all places of some photos.

    Args:
        flatbuffer: a float32 model.
        tensors: their numbers.
        photos: uint8 [n, size, size, 3].

    Returns:
        float64 [channels] by tensor.
    """
    # Without the delegate every operator runs by itself, and its result can be read.
    interpreter = open_interpreter(flatbuffer, preserve_all_tensors=True, use_delegate=False)
    found: dict[int, Any] = dict.fromkeys(tensors, 0.0)
    for photo in photos:
        interpreter.run(photo)
        for tensor in found:
            values = interpreter.raw.get_tensor(tensor)
            found[tensor] = found[tensor] + values.reshape(-1, values.shape[-1]).mean(axis=0) / len(photos)
    return found


def mean_shift(error: np.ndarray, means: np.ndarray, operator: str) -> np.ndarray:
    """Return by how much a kernel's error moves the mean of each channel of the result, float64 [channels].

    Borders, where a kernel sees padding, count like all other places.

    Args:
        error: float, the rounded kernel less the kernel, its channels last: [..., inputs, channels] of a convolution,
            [..., channels] of one by depth, [inputs, channels] of a dense layer.
        means: float64 [inputs], of each channel of the input.
        operator: name of the operator, a key of `KERNEL_AXES`.
    """
    if operator == "DEPTHWISE_CONV_2D":
        return error.reshape(-1, error.shape[-1]).sum(axis=0) * means
    return means @ error.reshape(-1, *error.shape[-2:]).sum(axis=0)


def _has_large_kernel(parsed: Flatbuffer, operator: Operator) -> bool:
    if operator.name not in KERNEL_AXES:
        return False
    kernel = parsed.constant(operator.inputs[1])
    return kernel is not None and kernel.size >= FEWEST_WEIGHTS


def _add_constant(
    model: Any, name: str, values: np.ndarray, dtype: int, steps: np.ndarray | None = None, axis: int = 0
) -> int:
    """Add a constant to an unpacked model; returns its tensor number."""
    from tensorflow.lite.python import schema_py_generated as schema

    tensor, buffer = schema.TensorT(), schema.BufferT()
    tensor.name, tensor.type, tensor.buffer = name.encode(), dtype, len(model.buffers)
    tensor.shape = np.array(values.shape, np.int32)
    if steps is not None:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = steps, np.zeros(len(steps), np.int64)
        tensor.quantization.quantizedDimension = axis
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers.append(buffer)
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1


def _tidy(model: Any) -> None:
    """Empty what is read no longer, and shorten names to their first part: the rest tells what was fused there."""
    graph = model.subgraphs[0]
    read = {int(tensor) for operator in graph.operators for tensor in (*operator.inputs, *operator.outputs)}
    for number, tensor in enumerate(graph.tensors):
        tensor.name = bytes(tensor.name).split(b";")[0] if number in read else b""
        tensor.buffer = tensor.buffer if number in read else 0
    used = {tensor.buffer for tensor in graph.tensors} | {entry.buffer for entry in model.metadata or []}
    for number, buffer in enumerate(model.buffers):
        if number not in used:
            buffer.data = None
