"""Read the operators and tensors of a TFLite flatbuffer, and write a changed one."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from triage.errors import CheckFailed

# schema.fbs: BuiltinOperator and TensorType.
DEQUANTIZE = 6
FLOAT32, UINT8, INT8 = 0, 3, 9
_DTYPES = {FLOAT32: np.float32, 1: np.float16, 2: np.int32, UINT8: np.uint8, 4: np.int64, INT8: np.int8}
CLIPPING = frozenset({"MINIMUM", "MAXIMUM", "RELU", "RELU_0_TO_1", "RELU6"})


@dataclass(frozen=True)
class Operator:
    """One operator of the main graph.

    Attributes:
        name: as in schema.fbs, such as CONV_2D.
        version: of the operator; older runtimes have only lower ones.
        inputs: tensor numbers; -1 where an optional input is missing.
        outputs: tensor numbers.
        strides: vertical and horizontal, of convolutions and pooling; else 1.
    """

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    strides: tuple[int, int] = (1, 1)


class Flatbuffer:
    """A parsed TFLite model with one graph.

    Attributes:
        operators: in the order of execution.
        inputs: tensor numbers of the graph's inputs.
        outputs: tensor numbers of the graph's outputs.
    """

    def __init__(self, data: bytes):
        """Parse the bytes of a model."""
        self._model = unpacked(data)
        graph = self._model.subgraphs[0]
        names = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
        self._tensors = graph.tensors
        self.inputs = tuple(int(i) for i in graph.inputs)
        self.outputs = tuple(int(i) for i in graph.outputs)
        self.operators = []
        for operator in graph.operators:
            code = self._model.operatorCodes[operator.opcodeIndex]
            # Old converters write the code to a deprecated field of one byte.
            builtin = max(int(code.builtinCode), int(code.deprecatedBuiltinCode))
            self.operators.append(
                Operator(
                    names.get(builtin, f"BUILTIN_{builtin}"),
                    int(code.version),
                    tuple(int(i) for i in operator.inputs),
                    tuple(int(i) for i in operator.outputs),
                    (
                        int(getattr(operator.builtinOptions, "strideH", 1)),
                        int(getattr(operator.builtinOptions, "strideW", 1)),
                    ),
                )
            )

    def operator_counts(self) -> dict[str, int]:
        """Return how often each operator occurs, by name."""
        counts: dict[str, int] = {}
        for operator in self.operators:
            counts[operator.name] = counts.get(operator.name, 0) + 1
        return dict(sorted(counts.items()))

    def output_names(self) -> list[str]:
        """Return the names that the signature gives the graph's outputs, in the graph's order.

        Raises:
            CheckFailed: there is no single signature that names them all.
        """
        signatures = self._model.signatureDefs or []
        named = {int(o.tensorIndex): bytes(o.name).decode("utf-8") for s in signatures[:1] for o in s.outputs}
        if len(signatures) != 1 or set(self.outputs) != set(named):
            raise CheckFailed(
                f"The file's outputs must be named by one signature. Received: {len(signatures)} signatures. Convert "
                "the student with `skin-distill convert`."
            )
        return [named[tensor] for tensor in self.outputs]

    def name(self, tensor: int) -> str:
        """Return the name of a tensor."""
        return bytes(self._tensors[tensor].name).decode("utf-8")

    def type(self, tensor: int) -> str:
        """Return the type of a tensor as in schema.fbs, such as INT8."""
        names = {value: name for name, value in vars(schema.TensorType).items() if not name.startswith("_")}
        return str(names[int(self._tensors[tensor].type)])

    def is_integer(self, tensor: int) -> bool:
        """Return whether a tensor holds integers."""
        return np.issubdtype(_DTYPES.get(int(self._tensors[tensor].type), np.float32), np.integer)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Return the shape of a tensor."""
        return tuple(int(side) for side in self._tensors[tensor].shape)

    def quantization(self, tensor: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Return scales float64 [k] and zero points int64 [k] of a tensor; None for one that is not quantized."""
        found = self._tensors[tensor].quantization
        if found is None or found.scale is None or not len(found.scale):
            return None
        return np.asarray(found.scale, np.float64), np.asarray(found.zeroPoint, np.int64)

    def constant(self, tensor: int) -> np.ndarray | None:
        """Return the values of a constant, dequantized to float64; None for a tensor that is computed."""
        entry = self._tensors[tensor]
        buffer = self._model.buffers[entry.buffer].data
        if buffer is None or not len(buffer):
            # A constant stored in 8 bit or half precision is widened by an operator.
            widening = [o for o in self.operators if o.name == "DEQUANTIZE" and o.outputs == (tensor,)]
            return self.constant(widening[0].inputs[0]) if widening else None
        values = np.frombuffer(bytes(bytearray(buffer)), _DTYPES[int(entry.type)]).reshape(self.shape(tensor))
        quantization = self.quantization(tensor)
        if quantization is None or not np.issubdtype(values.dtype, np.integer):
            return np.asarray(values, np.float64)
        along = [1] * values.ndim
        if len(quantization[0]) > 1:
            along[int(entry.quantization.quantizedDimension)] = -1
        scale, zero_point = (part.reshape(along) for part in quantization)
        return np.asarray((values.astype(np.float64) - zero_point) * scale)

    def consumers(self, tensor: int) -> list[Operator]:
        """Return the operators that read a tensor."""
        return [operator for operator in self.operators if tensor in operator.inputs]


def unpacked(flatbuffer: bytes) -> Any:
    """Return a model as a `schema_py_generated.ModelT`, which can be changed."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(flatbuffer, 0))


def packed(model: Any) -> bytes:
    """Return the flatbuffer of a changed `unpacked` model."""
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def with_unique_names(flatbuffer: bytes) -> bytes:
    """Return a model whose tensors have a name each: other quantizers and converters tell tensors by their names."""
    model = unpacked(flatbuffer)
    taken: set[bytes] = set()
    for number, tensor in enumerate(model.subgraphs[0].tensors):
        name = bytes(tensor.name or b"") or b"unnamed"
        tensor.name = name if name not in taken else b"%s;%d" % (name, number)
        taken.add(tensor.name)
    return packed(model)


def make_dequantize(model: Any, source: int, target: int, version: int) -> Any:
    """Return a new DEQUANTIZE operator for an `unpacked` model; it is not yet in the graph.

    Args:
        model: gets an entry for the operator's version, unless it has one.
        source: tensor number of the input.
        target: tensor number of the output.
        version: 1 reads uint8, 2 int8, 5 int8 with a scale for each channel (TFLite's op_version.cc).
    """
    known = [(code.builtinCode, code.version) for code in model.operatorCodes]
    if (DEQUANTIZE, version) not in known:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = DEQUANTIZE
        code.version = version
        model.operatorCodes.append(code)
        known.append((DEQUANTIZE, version))
    operator = schema.OperatorT()
    operator.opcodeIndex = known.index((DEQUANTIZE, version))
    operator.inputs, operator.outputs = [source], [target]
    return operator


def ccm_chain(parsed: Flatbuffer) -> list[Operator]:
    """Return the colour calibration: a 1x1 convolution from three channels to three, and the clip after it.

    Raises:
        CheckFailed: the file has none, or more than one.
    """
    found = [o for o in parsed.operators if o.name == "CONV_2D" and parsed.shape(o.inputs[1]) == (3, 1, 1, 3)]
    if len(found) != 1:
        raise CheckFailed(
            f"The colour calibration must be one 1x1 convolution of three channels. Received: a file with "
            f"{len(found)} of them. Convert the student with `skin-distill convert`."
        )
    chain = found
    while True:
        consumers = parsed.consumers(chain[-1].outputs[0])
        if len(consumers) != 1 or consumers[0].name not in CLIPPING:
            return chain
        chain.append(consumers[0])
