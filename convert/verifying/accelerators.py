"""How much of a file each accelerator takes, by what its maker documents: operators, types and shapes.

A table, not a test on hardware: a compiler may refuse more. Operators that an accelerator does not take run on the
processor. Against Vela itself: of an `int8` file at 224 px it leaves the same 55 of 192 operators to the processor.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from convert.flatbuffer import Flatbuffer, Operator

Limit = Callable[[Flatbuffer, Operator], str]
"""Says what an accelerator does not take about an operator; "" for nothing."""
_FLOATS = {"FLOAT32", "FLOAT16"}
_EIGHT_BITS = {"INT8", "UINT8"}
KERNELS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})


def _stride_above(largest: int, *names: str) -> Limit:
    def limit(parsed: Flatbuffer, operator: Operator) -> str:
        return f"stride above {largest}" if operator.name in names and max(operator.strides) > largest else ""

    return limit


def _width_of_depthwise(width: int) -> Limit:
    def limit(parsed: Flatbuffer, operator: Operator) -> str:
        other = operator.name == "DEPTHWISE_CONV_2D" and parsed.shape(operator.inputs[1])[2] != width
        return f"width other than {width}" if other else ""

    return limit


def _batch_of_one(parsed: Flatbuffer, operator: Operator) -> str:
    return "more than three dimensions" if any(len(s) > 3 and s[0] > 1 for s in _shapes(parsed, operator)) else ""


def _shapes(parsed: Flatbuffer, operator: Operator) -> list[tuple[int, ...]]:
    return [parsed.shape(tensor) for tensor in (operator.inputs[0], *operator.outputs)]


@dataclass(frozen=True)
class Accelerator:
    """What one accelerator takes.

    Attributes:
        title: its name.
        source: where this stands, with version and date.
        operators: names as in schema.fbs.
        types: of computed tensors.
        limits: on shapes and strides.
        one_part: whether everything after the first operator that it does not take runs on the processor.
    """

    title: str
    source: str
    operators: frozenset[str]
    types: frozenset[str]
    limits: tuple[Limit, ...] = ()
    one_part: bool = False


@dataclass(frozen=True)
class Placement:
    """What an accelerator takes of a file.

    Attributes:
        accelerator: its title.
        source: of what is known about it.
        operators: number in the file.
        taken: how many of these it takes.
        work: fraction of the multiplications that it takes, those of kernels alone.
        outside: operators that run on the processor, by reason: a type, a limit, or "operator" for one it lacks.
    """

    accelerator: str
    source: str
    operators: int
    taken: int
    work: float
    outside: dict[str, list[str]] = field(default_factory=dict)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON = (
    "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED LOGISTIC MAXIMUM MAX_POOL_2D MEAN "
    "MINIMUM MUL QUANTIZE RELU RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SLICE SOFTMAX SPLIT STRIDED_SLICE SUB "
    "TANH TRANSPOSE TRANSPOSE_CONV "
)
_LITERT_NPU = _COMMON + (
    "ABS BATCH_MATMUL CAST DEQUANTIZE DIV GELU GREATER HARD_SWISH L2_NORMALIZATION LEAKY_RELU LESS PAD PADV2 PRELU "
    "REDUCE_MAX RSQRT SQRT SQUARED_DIFFERENCE SUM TILE UNPACK "
)
_ETHOS = _COMMON + (
    "ABS ARG_MAX BATCH_MATMUL ELU EXP EXPAND_DIMS GELU HARD_SWISH LEAKY_RELU LOG MIRROR_PAD NEG PACK PAD PADV2 PRELU "
    "REDUCE_MAX REDUCE_MIN RELU6 RELU_0_TO_1 RELU_N1_TO_1 REVERSE_V2 RSQRT SPLIT_V SQUARED_DIFFERENCE SQUEEZE SUM TILE "
    "UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK "
)
ACCELERATORS = (
    Accelerator(
        "Arm Ethos-U55, U65",
        "Vela 5.2.0 (2026-09), vela --supported-ops-report",
        _names(_ETHOS),
        frozenset({*_EIGHT_BITS, "INT16", "INT32"}),
        (_stride_above(3, "DEPTHWISE_CONV_2D"),),
    ),
    Accelerator(
        "Arm Ethos-U85",
        "Vela 5.2.0 (2026-09), vela --supported-ops-report",
        _names(
            _ETHOS + "ASSIGN_VARIABLE CAST DIV EQUAL GATHER GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND "
            "LOGICAL_NOT LOGICAL_OR NOT_EQUAL READ_VARIABLE REDUCE_ALL REDUCE_ANY SCATTER_ND SELECT SELECT_V2"
        ),
        frozenset({*_EIGHT_BITS, "INT16", "INT32", "BOOL"}),
    ),
    Accelerator(
        "Coral Edge TPU",
        "coral.ai/docs/edgetpu/models-intro (compiler 16, 2021; read 2026-12)",
        _names(
            _COMMON + "EXPAND_DIMS L2_NORMALIZATION PACK PAD PRELU REDUCE_MAX REDUCE_MIN RELU6 RELU_N1_TO_1 RSQRT "
            "SPACE_TO_DEPTH SQUARED_DIFFERENCE SQUEEZE SUM UNIDIRECTIONAL_SEQUENCE_LSTM"
        ),
        frozenset(_EIGHT_BITS),
        (_batch_of_one,),
        one_part=True,
    ),
    Accelerator(
        "Qualcomm Hexagon DSP, TFLite delegate",
        "tensorflow/lite/delegates/hexagon/README.md (read 2026-12)",
        _names(
            _COMMON + "ARG_MAX ARG_MIN DEPTH_TO_SPACE HARD_SWISH L2_NORMALIZATION MIRROR_PAD NEG PACK PAD RELU6 "
            "SPACE_TO_DEPTH"
        ),
        frozenset(_EIGHT_BITS),
        (_stride_above(3, "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"), _width_of_depthwise(3)),
    ),
    Accelerator(
        "Qualcomm HTP, LiteRT",
        "LiteRT litert/vendors/qualcomm/compiler/Qualcomm_QNN_Compiler.md (08c8bf6, read 2026-12)",
        _names(
            _LITERT_NPU
            + "ARG_MAX ARG_MIN BROADCAST_TO CEIL CONV_3D COS CUMSUM DEPTH_TO_SPACE DYNAMIC_UPDATE_SLICE ELU "
            "EMBEDDING_LOOKUP EQUAL EXP FLOOR FLOOR_DIV GATHER GATHER_ND GREATER_EQUAL L2_POOL_2D LESS_EQUAL LOG "
            "LOGICAL_AND LOGICAL_NOT LOGICAL_OR MIRROR_PAD NEG NOT_EQUAL PACK POW REDUCE_ALL REDUCE_ANY REDUCE_MIN "
            "RELU6 RELU_0_TO_1 RELU_N1_TO_1 REVERSE_V2 ROUND SELECT SELECT_V2 SIGN SIN SPACE_TO_DEPTH SQUARE TOPK_V2"
        ),
        frozenset({*_EIGHT_BITS, *_FLOATS, "INT4", "INT16", "UINT16", "INT32", "UINT32", "INT64", "BOOL"}),
    ),
    Accelerator(
        "MediaTek NeuroPilot, LiteRT",
        "LiteRT litert/vendors/mediatek/compiler/MediaTek_Neuro_Compiler.md (1551136, read 2026-12)",
        _names(_LITERT_NPU),
        frozenset({*_EIGHT_BITS, *_FLOATS, "INT2", "INT4", "INT16", "INT32", "BOOL"}),
    ),
)


def placements(flatbuffer: bytes) -> list[Placement]:
    """Return what each accelerator takes of a model."""
    parsed = Flatbuffer(flatbuffer)
    return [_placement(parsed, accelerator) for accelerator in ACCELERATORS]


def _placement(parsed: Flatbuffer, accelerator: Accelerator) -> Placement:
    taken, work, outside = 0, 0, dict[str, set[str]]()
    for operator in parsed.operators:
        reason = _obstacle(parsed, operator, accelerator)
        if reason:
            outside.setdefault(reason, set()).add(operator.name)
            if accelerator.one_part:
                outside["all after it"] = {operator.name}
                break
            continue
        taken, work = taken + 1, work + _multiplications(parsed, operator)
    whole = sum(_multiplications(parsed, operator) for operator in parsed.operators)
    return Placement(
        accelerator.title,
        accelerator.source,
        len(parsed.operators),
        taken,
        round(work / max(whole, 1), 4),
        {reason: sorted(names) for reason, names in outside.items()},
    )


def _obstacle(parsed: Flatbuffer, operator: Operator, accelerator: Accelerator) -> str:
    if operator.name not in accelerator.operators:
        return "operator"
    computed = [t for t in operator.inputs if t >= 0 and parsed.constant(t) is None] + list(operator.outputs)
    if other := sorted({parsed.type(tensor) for tensor in computed} - accelerator.types):
        return ", ".join(other)
    return next((found for limit in accelerator.limits if (found := limit(parsed, operator))), "")


def _multiplications(parsed: Flatbuffer, operator: Operator) -> int:
    """Return the multiplications of a kernel; 0 for other operators."""
    if operator.name not in KERNELS:
        return 0
    places = parsed.shape(operator.outputs[0])[1:-1]
    return math.prod((*parsed.shape(operator.inputs[1]), *places))
