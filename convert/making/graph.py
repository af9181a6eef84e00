"""Append float operators to a finished model, so that no quantizer sees them and other outputs stay the same."""

from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from convert.flatbuffer import FLOAT32, make_dequantize

FLOAT16, INT32 = 1, 2  # TensorType
_HALF_PRECISION = 3  # DEQUANTIZE's version
_MOST_JOINED = 4
"""Inputs of a CONCATENATION: XNNPACK takes no more than five."""
_RELU = schema.ActivationFunctionType.RELU


class Graph:
    """Appends the operators of one output to an unpacked model. Tensors are named by their numbers."""

    def __init__(self, model: Any, output: str) -> None:
        self._model, self._graph, self._output = model, model.subgraphs[0], output

    def is_float(self, tensor: int) -> bool:
        """Return whether a tensor is in float32."""
        return bool(self._graph.tensors[tensor].type == FLOAT32)

    def in_float(self, tensor: int) -> int:
        """Return a tensor in float32: itself, or dequantized."""
        if self.is_float(tensor):
            return tensor
        version = {3: 1, 9: 2, FLOAT16: _HALF_PRECISION}[int(self._graph.tensors[tensor].type)]
        made = self._tensor(self._graph.tensors[tensor].shape)
        self._graph.operators.append(make_dequantize(self._model, tensor, made, version))
        return made

    def dense(self, x: int, kernel: Any, bias: Any = None, relu: bool = False, half_precision: bool = False) -> int:
        """Return x kernel + bias, [1, outputs]."""
        weights = np.ascontiguousarray(np.asarray(kernel, np.float32).T)
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = _RELU if relu else 0
        inputs = [x, *self._weights(weights, bias, len(weights), half_precision)]
        return self._apply("FULLY_CONNECTED", "FullyConnectedOptions", options, inputs, [1, len(weights)])

    def pointwise(self, x: int, kernel: np.ndarray, bias: np.ndarray | None = None, relu: bool = False) -> int:
        """Return a 1x1 convolution of a map [1, h, w, inputs] by [inputs, outputs], stored in half precision."""
        options = schema.Conv2DOptionsT()
        options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
        options.fusedActivationFunction = _RELU if relu else 0
        weights = np.ascontiguousarray(kernel.T[:, None, None, :])
        inputs = [x, *self._weights(weights, bias, len(weights), True)]
        return self._apply("CONV_2D", "Conv2DOptions", options, inputs, [*self.shape(x)[:3], len(weights)])

    def depthwise(self, x: int, kernel: np.ndarray, bias: np.ndarray) -> int:
        """Return a map [1, h, w, channels], each channel convolved with [k, k, channels], zeros outside."""
        options = schema.DepthwiseConv2DOptionsT()
        options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
        options.depthMultiplier = 1  # padding SAME is 0
        inputs = [x, *self._weights(kernel[None], bias, len(bias), True)]
        return self._apply("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions", options, inputs, self.shape(x))

    def product(self, a: int, b: int) -> int:
        """Return a b, elementwise."""
        return self._apply("MUL", "MulOptions", schema.MulOptionsT(), [a, b], self.shape(a))

    def sum(self, a: int, b: int, relu: bool = False) -> int:
        """Return a + b, elementwise."""
        options = schema.AddOptionsT()
        options.fusedActivationFunction = _RELU if relu else 0
        return self._apply("ADD", "AddOptions", options, [a, b], self.shape(a))

    def smaller(self, a: int, b: int) -> int:
        """Return the smaller of a and b, elementwise."""
        return self._apply("MINIMUM", "MaximumMinimumOptions", schema.MaximumMinimumOptionsT(), [a, b], self.shape(a))

    def inverse_root(self, x: int) -> int:
        """Return 1 / sqrt(x), elementwise."""
        return self._apply("RSQRT", "NONE", None, [x], self.shape(x))

    def largest(self, x: int) -> int:
        """Return the largest value of x, [1, 1]."""
        return self._reduce("REDUCE_MAX", x, [1], keep=True)

    def mean(self, x: int) -> int:
        """Return the mean of a map over its places, [1, channels]."""
        return self._reduce("MEAN", x, [1, 2], keep=False)

    def deviation(self, x: int, mean: int, least: float) -> int:
        """Return the standard deviation of a map over its places, [1, channels].

        Args:
            x: the map.
            mean: its `mean`.
            least: added to the variance.
        """
        squared = self.product(self.product(mean, mean), self.constant([[-1.0]]))
        variance = self.sum(self.mean(self.product(x, x)), squared, relu=True)
        variance = self.sum(variance, self.constant([[least]]))
        return self.product(variance, self.inverse_root(variance))

    def softmax(self, x: int) -> int:
        """Return the softmax over the last axis."""
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        return self._apply("SOFTMAX", "SoftmaxOptions", options, [x], self.shape(x))

    def logistic(self, x: int) -> int:
        """Return 1 / (1 + exp(-x))."""
        return self._apply("LOGISTIC", "NONE", None, [x], self.shape(x))

    def reshape(self, x: int, shape: list[int]) -> int:
        """Return x in another shape."""
        options = schema.ReshapeOptionsT()
        options.newShape = shape
        return self._apply(
            "RESHAPE", "ReshapeOptions", options, [x, self.constant(np.array(shape, np.int32), INT32)], shape
        )

    def transposed(self, x: int) -> int:
        """Return a matrix with rows and columns exchanged."""
        order = self.constant(np.array([1, 0], np.int32), INT32)
        options = schema.TransposeOptionsT()
        return self._apply("TRANSPOSE", "TransposeOptions", options, [x, order], self.shape(x)[::-1])

    def joined(self, *parts: int) -> int:
        """Return tensors [1, width] one after the other."""
        if len(parts) > _MOST_JOINED:
            return self.joined(self.joined(*parts[:_MOST_JOINED]), *parts[_MOST_JOINED:])
        options = schema.ConcatenationOptionsT()
        options.axis = 1
        shape = [1, sum(self.width(part) for part in parts)]
        return self._apply("CONCATENATION", "ConcatenationOptions", options, list(parts), shape)

    def shape(self, tensor: int) -> list[int]:
        """Return the shape of a tensor."""
        return [int(side) for side in self._graph.tensors[tensor].shape]

    def width(self, tensor: int) -> int:
        """Return the number of channels of a tensor."""
        return self.shape(tensor)[-1]

    def constant(self, values: Any, kind: int = FLOAT32) -> int:
        """Return a constant; of float32, any numbers."""
        found = np.asarray(values, np.float32) if kind == FLOAT32 else values
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(found.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        return self._tensor(found.shape, kind, len(self._model.buffers) - 1)

    def finish(self, tensor: int) -> None:
        """Make a tensor the output."""
        self._graph.outputs = [*self._graph.outputs, tensor]
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = self._output.encode(), tensor
        self._model.signatureDefs[0].outputs.append(entry)

    def _weights(self, weights: np.ndarray, bias: Any, width: int, half_precision: bool) -> list[int]:
        weights = weights.astype(np.float32)
        stored = self.constant(weights.astype(np.float16), FLOAT16) if half_precision else self.constant(weights)
        return [self.in_float(stored), self.constant(np.zeros(width) if bias is None else bias)]

    def _reduce(self, name: str, x: int, axes: list[int], keep: bool) -> int:
        options = schema.ReducerOptionsT()
        options.keepDims = keep
        shape = [1, 1] if keep else [1, self.width(x)]
        return self._apply(name, "ReducerOptions", options, [x, self.constant(np.array(axes, np.int32), INT32)], shape)

    def _apply(self, name: str, kind: str, options: Any, inputs: list[int], shape: list[int]) -> int:
        operator, builtin = schema.OperatorT(), getattr(schema.BuiltinOperator, name)
        known = [(code.builtinCode, code.version) for code in self._model.operatorCodes]
        if (builtin, 1) not in known:
            code = schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, builtin, 1
            self._model.operatorCodes.append(code)
            known.append((builtin, 1))
        operator.opcodeIndex = known.index((builtin, 1))
        operator.builtinOptionsType, operator.builtinOptions = getattr(schema.BuiltinOptions, kind), options
        made = self._tensor(shape)
        operator.inputs, operator.outputs = inputs, [made]
        self._graph.operators.append(operator)
        return made

    def _tensor(self, shape: Any, kind: int = FLOAT32, buffer: int = 0) -> int:
        tensor = schema.TensorT()
        tensor.name = f"{self._output}/{len(self._graph.tensors)}".encode()
        tensor.type, tensor.buffer, tensor.shape = kind, buffer, np.array(shape, np.int32)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1
