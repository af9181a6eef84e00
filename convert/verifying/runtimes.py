"""What other TFLite runtimes can do with a file: operators that they lack, and those they compute incorrectly.

An operator's version grows with its abilities, and a file names the version that it needs. The table holds the highest
version of each that a runtime registers, probed in the published wheels by `tests/environments/operator_versions.py`.
"""

import csv
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from convert.flatbuffer import Flatbuffer, Operator
from triage.errors import CheckFailed

TABLE = "operator_versions.csv"


class Runtime(NamedTuple):
    """A runtime that files are checked for.

    Attributes:
        title: display name, and where it is used.
        ignores_channel_scales: with float activations and 8-bit weights it computes with one scale for all channels,
            and accepts a dense kernel that has one for each channel without an error: its output is the bias alone.
            So is that of a convolution whose channel scales happen to be equal. Measured with the wheels of 2.8 and
            2.14; LiteRT 1.4 and 2.3 are correct.
    """

    title: str
    ignores_channel_scales: bool = False


MUST_RUN_IN = ("litert-1.4", "litert-2.3", "mediapipe")
"""The app's runtime on a phone, the desktop's, and Google's tasks; a recipe's `convert.runtimes` replaces them."""
RUNTIMES = {
    "tflite-runtime-2.8": Runtime("tflite-runtime 2.8 (python-for-android)", ignores_channel_scales=True),
    "tflite-runtime-2.14": Runtime("tflite-runtime 2.14", ignores_channel_scales=True),
    # Probed with PyPI's 1.4.0; Android's 1.4.1 is assumed to have no fewer operators.
    "litert-1.4": Runtime("LiteRT 1.4 (Android)"),
    "litert-2.3": Runtime("LiteRT 2.3"),
}
"""By column of the table, oldest first."""
_HYBRID = ("CONV_2D", "FULLY_CONNECTED")  # DEPTHWISE_CONV_2D was measured to be correct everywhere
_REMEDIES = {
    "FULLY_CONNECTED": "quantize the weights of dense layers by tensor, as `skin-distill convert` does",
    "DEQUANTIZE": "convert to float32 or int8, which keep no weights that have to be widened",
    "HARD_SWISH": "convert to int8, which writes it as a product",
}
_OTHER_VARIANT = "convert to float32, which needs the oldest operators"


@cache
def operator_versions() -> dict[str, dict[str, int]]:
    """Return the highest version by runtime (a key of `RUNTIMES`) and operator; missing operators are not listed."""
    with files("convert.verifying").joinpath(TABLE).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: {row["operator"]: int(row[name]) for row in rows if row[name]} for name in [*rows[0]][1:]}


def check_operators(flatbuffer: bytes) -> dict[str, list[str]]:
    """Compare the operators of a model with those of each known runtime.

    Args:
        flatbuffer: the model.

    Returns:
        By runtime, a key of `RUNTIMES`, each obstacle with its remedy; none where the runtime has all that is needed.
    """
    parsed = Flatbuffer(flatbuffer)
    needed = sorted({(operator.name, operator.version) for operator in parsed.operators})
    incorrect = [
        f"{name} with float input and a scale for each channel is computed incorrectly: convert to float32 or int8"
        for name in sorted({o.name for o in parsed.operators if _loses_channel_scales(parsed, o)})
    ]
    return {
        name: [*_missing(name, needed), *(incorrect if runtime.ignores_channel_scales else [])]
        for name, runtime in RUNTIMES.items()
    }


def require_runtime(flatbuffer: bytes, name: str) -> None:
    """Raise CheckFailed, with every obstacle, if a runtime (a key of `RUNTIMES`) cannot run a model."""
    if obstacles := check_operators(flatbuffer)[name]:
        raise CheckFailed(f"{RUNTIMES[name].title} cannot run this model. Received: {'; '.join(obstacles)}.")


def _missing(runtime: str, needed: Iterable[tuple[str, int]]) -> list[str]:
    table, found = operator_versions(), []
    for operator, version in needed:
        highest = table[runtime].get(operator, 0)
        if version > highest:
            newer = [RUNTIMES[name].title for name in RUNTIMES if table[name].get(operator, 0) >= version]
            remedy = _REMEDIES.get(operator, _OTHER_VARIANT) + (f", or run it on {newer[0]}" if newer else "")
            has = f"it has {highest}" if highest else "it lacks the operator"
            found.append(f"{operator} version {version}, {has}: {remedy}")
    return found


def _loses_channel_scales(parsed: Flatbuffer, operator: Operator) -> bool:
    if operator.name not in _HYBRID or parsed.is_integer(operator.inputs[0]):
        return False
    weights = operator.inputs[1]
    quantization = parsed.quantization(weights)
    if not parsed.is_integer(weights) or quantization is None or len(quantization[0]) < 2:
        return False
    return operator.name == "FULLY_CONNECTED" or len(set(quantization[0])) == 1
