"""Ranges of activations, measured on the float model and written into it for the quantizer.

TensorFlow's own calibrator reads each activation after the whole graph has run, when later operators may have
overwritten its buffer; for the colour calibration's clip it found [0, 2]. Here every tensor keeps its own buffer, and a
small fraction of extreme values is clipped, because they would cost all others their precision.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

from convert.flatbuffer import Flatbuffer, Operator, ccm_chain, packed, unpacked
from triage.interpreter import open_interpreter

CLIPPED_FRACTION = 1e-4
"""Of a tensor's values, at either end. Of 3e-5 to 3e-3, this kept most predictions of a distilled student."""
DEAD = 1e-3
"""An activation whose largest value is below this is dead."""
SAME_SCALE = frozenset({"CONCATENATION", "MAX_POOL_2D", "PAD", "RESHAPE"})
"""Operators that copy integers: the quantizer gives their inputs the scale of their output."""

Ranges = Mapping[str, tuple[float, float]]
"""Smallest and largest value of each float activation, by the tensor's name."""


def choose_ranges(flatbuffer: bytes, photos: np.ndarray) -> Ranges:
    """Choose the range that the integers of each activation cover.

    Args:
        flatbuffer: a float32 model.
        photos: uint8 [n, size, size, 3].
    """
    parsed = Flatbuffer(flatbuffer)
    ranges = {**measure_ranges(flatbuffer, photos, CLIPPED_FRACTION), **_known_ranges(parsed)}
    for operator in reversed(parsed.operators):
        output = parsed.name(operator.outputs[0])
        if (closed := _closed_below(parsed, operator.outputs[0])) is not None:
            ranges[output] = max(ranges[output][0], closed), ranges[output][1]
        if operator.name in SAME_SCALE:
            ranges |= {name: ranges[output] for name in map(parsed.name, operator.inputs) if name in ranges}
    return {name: _usable(*found) for name, found in ranges.items()}


def _known_ranges(parsed: Flatbuffer) -> Ranges:
    """Ranges of the photo, of the colour calibration's clip, and of constant multiples and offsets of it.

    They do not depend on the representative photos.
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


def _usable(low: float, high: float) -> tuple[float, float]:
    """Widen a range to include zero, which an integer must represent exactly, and to give a usable scale.

    Training can leave a layer that is zero for every photo, such as the hidden layer of a squeeze-excite gate. A scale
    that small cannot be run: XNNPACK refuses multipliers of 256 and more, and the next bias exceeds 32 bits.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    return (low, high) if high - low >= DEAD else (0.0, 1.0)


def measure_ranges(flatbuffer: bytes, photos: np.ndarray, clipped: float = 0.0) -> Ranges:
    """Measure the activations over some photos.

    Args:
        flatbuffer: a float32 model.
        photos: uint8 [n, size, size, 3].
        clipped: fraction of a tensor's values over all photos that may lie below its range, and above it.
    """
    # With the delegate, intermediate tensors cannot be read.
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
    return {parsed.name(tensor): (-low.smallest(), high.smallest()) for tensor, (low, high) in extremes.items()}


class _Largest:
    """The largest of all values added, in constant memory."""

    def __init__(self) -> None:
        self._kept = np.empty(0, np.float32)

    def add(self, values: np.ndarray, beyond: int) -> None:
        """Add values and keep the `beyond` + 1 largest of all."""
        if self._kept.size > beyond:
            values = values[values > self._kept.min()]
        together = np.concatenate([self._kept, values])
        surplus = together.size - beyond - 1
        self._kept = np.partition(together, surplus)[surplus:] if surplus > 0 else together

    def smallest(self) -> float:
        """Return the smallest value kept."""
        return float(self._kept.min())


def _is_gated(parsed: Flatbuffer, tensor: int) -> bool:
    return _closed_below(parsed, tensor) is not None


def _closed_below(parsed: Flatbuffer, tensor: int) -> float | None:
    """Return the value up to which `x * relu6(factor * x + 3)` is 0 in every channel; None for a tensor not its x."""
    consumers = parsed.consumers(tensor)
    by_name = {operator.name: operator for operator in consumers}
    gate = by_name.get("ADD") or by_name.get("DEPTHWISE_CONV_2D")
    if len(consumers) != 2 or "MUL" not in by_name or gate is None:
        return None
    if set(by_name["MUL"].inputs) != {tensor, gate.outputs[0]}:
        return None
    if gate.name == "ADD":
        return -3.0 if _other_number(parsed, gate, tensor) == 3.0 else None
    factors, offsets = parsed.constant(gate.inputs[1]), parsed.constant(gate.inputs[2])
    if factors is None or offsets is None or (factors <= 0).any():
        return None
    return float(-(offsets / factors.ravel()).max())


def _other_number(parsed: Flatbuffer, operator: Operator, tensor: int) -> float | None:
    other = set(operator.inputs) - {tensor}
    value = parsed.constant(other.pop()) if other else None
    return float(value.ravel()[0]) if value is not None and value.size == 1 else None


def tensors_of_layers(names: Iterable[str], model_name: str, layers: Iterable[str]) -> dict[str, str]:
    """Return the tensor that holds the output of each layer of a Keras model.

    Args:
        names: of the converted model's tensors, in the order of execution: `model/layer/operation`, with more parts
            after a semicolon where operators were fused.
        model_name: of the Keras model.
        layers: names to look for.

    Returns:
        Tensor by layer. A tensor that stands for several fused layers belongs to the last of them; the others are
        missing.
    """
    found, layers = {}, list(layers)
    for name in names:
        inner = name.split(";")[0].removeprefix(f"{model_name}/")
        if candidates := [layer for layer in layers if inner.startswith(f"{layer}/")]:
            found[max(candidates, key=len)] = name
    return found


def with_ranges(flatbuffer: bytes, ranges: Ranges) -> bytes:
    """Return a float model that holds ranges in the form that the quantizer reads.

    Args:
        flatbuffer: a float32 model.
        ranges: of its activations, or of those of the same graph with other weights. With these, the parts of a name
            after the first one change: a bias of zeros is left out.
    """
    model, parsed = unpacked(flatbuffer), Flatbuffer(flatbuffer)
    by_first_part = {name.split(";")[0]: bounds for name, bounds in ranges.items()}
    for number in {*parsed.inputs, *(tensor for operator in parsed.operators for tensor in operator.outputs)}:
        name, tensor = parsed.name(number), model.subgraphs[0].tensors[number]
        if found := ranges.get(name, by_first_part.get(name.split(";")[0])):
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.min, tensor.quantization.max = [found[0]], [found[1]]
    return packed(model)
