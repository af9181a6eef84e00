"""What other TFLite runtimes can do with a file: operators that they lack, and those they compute incorrectly."""

from collections.abc import Iterable
from dataclasses import dataclass

from convert.flatbuffer import Flatbuffer, Operator
from convert.verifying.operator_versions import operator_versions
from triage.errors import CheckFailed


@dataclass(frozen=True)
class Runtime:
    """A runtime that files are checked for.

    Attributes:
        name: a column of `operator_versions.csv`.
        title: display name, and where it is used.
        ignores_channel_scales: with float activations and 8-bit weights it computes with one scale for all channels,
            and accepts a dense kernel that has one for each channel without an error: its output is the bias alone.
            So is that of a convolution whose channel scales happen to be equal. Measured with the wheels of 2.8 and
            2.14; LiteRT 1.4 and 2.3 are correct.
    """

    name: str
    title: str
    ignores_channel_scales: bool = False


MUST_RUN_IN = ("litert-1.4", "litert-2.3", "mediapipe")
"""The app's runtime on a phone, the desktop's, and Google's tasks; a recipe's `convert.runtimes` replaces them."""
RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime("tflite-runtime-2.8", "tflite-runtime 2.8 (python-for-android)", ignores_channel_scales=True),
        Runtime("tflite-runtime-2.14", "tflite-runtime 2.14", ignores_channel_scales=True),
        # Probed with PyPI's 1.4.0; Android's 1.4.1 is assumed to have no fewer operators.
        Runtime("litert-1.4", "LiteRT 1.4 (Android)"),
        Runtime("litert-2.3", "LiteRT 2.3"),
    )
}
"""Oldest first."""
_HYBRID = ("CONV_2D", "FULLY_CONNECTED")  # DEPTHWISE_CONV_2D was measured to be correct everywhere
_REMEDIES = {
    "FULLY_CONNECTED": "quantize the weights of dense layers by tensor, as `skin-distill convert` does",
    "DEQUANTIZE": "convert to float32 or int8, which keep no weights that have to be widened",
    "HARD_SWISH": "convert to int8, which writes it as a product",
}
_OTHER_VARIANT = "convert to float32, which needs the oldest operators"


@dataclass(frozen=True)
class Obstacle:
    """Why a runtime cannot run a file.

    Attributes:
        operator: name of the operator, such as CONV_2D.
        version: that the file needs.
        highest: that the runtime has; 0 if it lacks the operator.
        computed_incorrectly: the runtime would accept the file and compute something else.
        remedy: what to do.
    """

    operator: str
    version: int
    highest: int
    computed_incorrectly: bool
    remedy: str

    def __str__(self) -> str:
        """The fault and the remedy, as one sentence."""
        if self.computed_incorrectly:
            return (
                f"{self.operator} with float input and a scale for each channel is computed incorrectly: {self.remedy}"
            )
        known = f"it has {self.highest}" if self.highest else "it lacks the operator"
        return f"{self.operator} version {self.version}, {known}: {self.remedy}"


def check_operators(flatbuffer: bytes) -> dict[str, list[Obstacle]]:
    """Compare the operators of a model with those of each known runtime.

    Args:
        flatbuffer: the model.

    Returns:
        Obstacles by runtime, a key of `RUNTIMES`; an empty list where the runtime has all that the model needs.
    """
    parsed = Flatbuffer(flatbuffer)
    needed = sorted({(operator.name, operator.version) for operator in parsed.operators})
    misread = sorted({(o.name, o.version) for o in parsed.operators if _loses_channel_scales(parsed, o)})
    return {
        runtime.name: [
            *_missing(runtime, needed),
            *(_incorrect(runtime, misread) if runtime.ignores_channel_scales else []),
        ]
        for runtime in RUNTIMES.values()
    }


def require_runtime(flatbuffer: bytes, name: str) -> None:
    """Refuse a model that a runtime cannot run.

    Args:
        flatbuffer: the model.
        name: a key of `RUNTIMES`.

    Raises:
        CheckFailed: the message names every obstacle, with its remedy.
    """
    obstacles = check_operators(flatbuffer)[name]
    if obstacles:
        raise CheckFailed(f"{RUNTIMES[name].title} cannot run this model. Received: {'; '.join(map(str, obstacles))}.")


def _missing(runtime: Runtime, needed: Iterable[tuple[str, int]]) -> list[Obstacle]:
    table = operator_versions()
    found = []
    for operator, version in needed:
        highest = table[runtime.name].get(operator, 0)
        if version > highest:
            newer = [other.title for other in RUNTIMES.values() if table[other.name].get(operator, 0) >= version]
            remedy = _REMEDIES.get(operator, _OTHER_VARIANT)
            found.append(
                Obstacle(operator, version, highest, False, f"{remedy}, or run it on {newer[0]}" if newer else remedy)
            )
    return found


def _incorrect(runtime: Runtime, misread: Iterable[tuple[str, int]]) -> list[Obstacle]:
    table = operator_versions()[runtime.name]
    return [
        Obstacle(name, version, table.get(name, 0), True, "convert to float32 or int8") for name, version in misread
    ]


def _loses_channel_scales(parsed: Flatbuffer, operator: Operator) -> bool:
    if operator.name not in _HYBRID or parsed.is_integer(operator.inputs[0]):
        return False
    weights = operator.inputs[1]
    quantization = parsed.quantization(weights)
    if not parsed.is_integer(weights) or quantization is None or len(quantization[0]) < 2:
        return False
    return operator.name == "FULLY_CONNECTED" or len(set(quantization[0])) == 1
