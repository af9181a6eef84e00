"""Ranges of activations, measured on the float model itself, and written into it for the quantizer.

TensorFlow's own calibrator reads each result after the whole graph has run, when later operators may have written over
the buffer in place; what it found for the colour calibration's clip was [0, 2]. Here every tensor keeps a buffer of its
own, and the few most extreme values, which would cost all others their precision, are left to be clipped.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from convert.flatbuffer import Flatbuffer, Operator, ccm_chain, packed, unpacked
from triage.interpreter import open_interpreter

CLIPPED_SHARE = 1e-4
"""Of a tensor's values, at either end. Of 3e-5 to 3e-3, this kept most answers of a distilled student."""
DEAD = 1e-3
"""An activation that reaches less than this is dead."""
SAME_SCALE = frozenset({"CONCATENATION", "MAX_POOL_2D", "PAD", "RESHAPE"})
"""Operators that hand on the integers that they get: the quantizer gives what enters the steps of what leaves."""


Ranges = Mapping[str, tuple[float, float]]
"""Smallest and largest value of each float activation, by the tensor's name."""


def choose_ranges(flatbuffer: bytes, photos: np.ndarray) -> Ranges:
    """Choose what the integers of each activation shall reach.

    Args:
        flatbuffer: a float32 model.
        photos: uint8 [n, size, size, 3].
    """
    parsed = Flatbuffer(flatbuffer)
    ranges = {**measure_ranges(flatbuffer, photos, CLIPPED_SHARE), **_known_ranges(parsed)}
    for operator in reversed(parsed.operators):
        written = parsed.name(operator.outputs[0])
        if _is_gated(parsed, operator.outputs[0]):
            # In `x * relu6(x + 3)` all values up to -3 count the same: none.
            ranges[written] = max(ranges[written][0], -3.0), ranges[written][1]
        if operator.name in SAME_SCALE:
            ranges |= {name: ranges[written] for name in map(parsed.name, operator.inputs) if name in ranges}
    return {name: _sayable(*found) for name, found in ranges.items()}


def _known_ranges(parsed: Flatbuffer) -> Ranges:
    """Of the photo, of the colour calibration's clip, and of what is scaled and shifted from that: no matter what the
    representative photos reach.
    """
    known = dict.fromkeys((parsed.inputs[0], ccm_chain(parsed)[-1].outputs[0]), (0.0, 1.0))
    for operator in parsed.operators:
        source = next((tensor for tensor in operator.inputs if tensor in known), None)
        if source is None or operator.name not in ("MUL", "ADD"):
            continue
        number = _other_number(parsed, operator, source)
        if number is not None:
            low, high = known[source]
            bounds = (low * number, high * number) if operator.name == "MUL" else (low + number, high + number)
            known[operator.outputs[0]] = min(bounds), max(bounds)
    return {parsed.name(tensor): bounds for tensor, bounds in known.items()}


def _sayable(low: float, high: float) -> tuple[float, float]:
    """Widen a range to hold zero, which an integer must be able to say, and to leave steps of a usable size.

    Training can leave a layer that is zero for every photo, such as the hidden layer of a squeeze-excite gate. Steps
    made up for that cannot be run: XNNPACK refuses multipliers of 256 and more, and the next bias exceeds 32 bits.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    return (low, high) if high - low >= DEAD else (0.0, 1.0)


def measure_ranges(flatbuffer: bytes, photos: np.ndarray, clipped: float = 0.0) -> Ranges:
    """Measure the activations over some photos.

    Args:
        flatbuffer: a float32 model.
        photos: uint8 [n, size, size, 3].
        clipped: share of a tensor's values over all photos that may lie below its range, and above it.
    """
    # Without the delegate every operator runs by itself, and its result can be read.
    interpreter = open_interpreter(flatbuffer, preserve_all_tensors=True, use_delegate=False)
    parsed = Flatbuffer(flatbuffer)
    computed = {tensor for operator in parsed.operators for tensor in operator.outputs} | set(parsed.inputs)
    floats = [d["index"] for d in interpreter.raw.get_tensor_details() if d["dtype"] == np.float32]
    extremes = {tensor: (_Largest(), _Largest()) for tensor in sorted(computed & set(floats))}
    for photo in photos:
        interpreter.run(photo)
        for tensor, (lowest, highest) in extremes.items():
            values = interpreter.raw.get_tensor(tensor).ravel()
            beyond = int(clipped * values.size * len(photos))
            lowest.add(-values, beyond)
            highest.add(values, beyond)
    return {parsed.name(tensor): (-low.last(), high.last()) for tensor, (low, high) in extremes.items()}


class _Largest:
    """The largest of all values that were added."""

    def __init__(self) -> None:
        self._kept = np.empty(0, np.float32)

    def add(self, values: np.ndarray, beyond: int) -> None:
        """Add values; `beyond` is how many larger ones there are than the one that is asked for at last."""
        if self._kept.size > beyond:
            values = values[values > self._kept.min()]
        together = np.concatenate([self._kept, values])
        surplus = together.size - beyond - 1
        self._kept = np.partition(together, surplus)[surplus:] if surplus > 0 else together

    def last(self) -> float:
        """The smallest of the largest."""
        return float(self._kept.min())


def _is_gated(parsed: Flatbuffer, tensor: int) -> bool:
    """Whether a tensor is the x of `x * relu6(x + 3)`, and nothing else."""
    behind = {operator.name: operator for operator in parsed.consumers(tensor)}
    if set(behind) != {"ADD", "MUL"} or len(parsed.consumers(tensor)) != 2:
        return False
    product = set(behind["MUL"].inputs) == {tensor, behind["ADD"].outputs[0]}
    return product and _other_number(parsed, behind["ADD"], tensor) == 3.0


def _other_number(parsed: Flatbuffer, operator: Operator, tensor: int) -> float | None:
    other = set(operator.inputs) - {tensor}
    value = parsed.constant(other.pop()) if other else None
    return float(value.ravel()[0]) if value is not None and value.size == 1 else None


def tensors_of_layers(names: Iterable[str], model_name: str, layers: Iterable[str]) -> dict[str, str]:
    """Find the tensor that holds the result of each layer of a Keras model.

    Args:
        names: of the converted model's tensors, in the order of execution: `model/layer/operation`, with more parts
            behind a semicolon where operators were fused.
        model_name: of the Keras model.
        layers: names to look for.

    Returns:
        Tensor by layer. One that the operator before it does as well stands for both, and belongs to the layer that
        comes last; the others are missing.
    """
    found, layers = {}, list(layers)
    for name in names:
        inner = name.split(";")[0].removeprefix(f"{model_name}/")
        if candidates := [layer for layer in layers if inner.startswith(f"{layer}/")]:
            found[max(candidates, key=len)] = name
    return found


def with_ranges(flatbuffer: bytes, ranges: Ranges) -> bytes:
    """Return a float model that carries ranges as the quantizer reads them.

    Args:
        flatbuffer: a float32 model.
        ranges: of its tensors.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    model = unpacked(flatbuffer)
    for tensor in model.subgraphs[0].tensors:
        if found := ranges.get(bytes(tensor.name).decode()):
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.min, tensor.quantization.max = [found[0]], [found[1]]
    return packed(model)
