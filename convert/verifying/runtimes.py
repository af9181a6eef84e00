"""What other TFLite runtimes can do with a file: operators that they lack, and what they are known to run wrongly."""

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
        title: what a person calls it, and where it is used.
        ignores_channel_scales: it computes with float activations and weights of 8 bit with one scale for all
            channels, and takes a file that has one for each without a word: all that comes out is the bias. So does a
            convolution where these scales happen to be equal. Measured with the wheels of 2.8 and 2.14; LiteRT 1.4 and
            2.3 get it right.
    """

    name: str
    title: str
    ignores_channel_scales: bool = False


MUST_RUN_IN = ("litert-1.4", "litert-2.3", "mediapipe")
"""The app's runtime on a phone, the desktop's, and Google's tasks; a recipe's `convert.runtimes` names others."""
RUNTIMES = {
    runtime.name: runtime
    for runtime in (
        Runtime("tflite-runtime-2.8", "tflite-runtime 2.8 (python-for-android)", ignores_channel_scales=True),
        Runtime("tflite-runtime-2.14", "tflite-runtime 2.14", ignores_channel_scales=True),
        # Probed was PyPI's 1.4.0; Android's 1.4.1 is taken to have no fewer.
        Runtime("litert-1.4", "LiteRT 1.4 (Android)"),
        Runtime("litert-2.3", "LiteRT 2.3"),
    )
}
"""Oldest first."""
_HYBRID = ("CONV_2D", "FULLY_CONNECTED")  # DEPTHWISE_CONV_2D was measured to be right everywhere
_WRONG_REMEDY = "convert to float32 or int8"
_REMEDIES = {
    "FULLY_CONNECTED": "quantize the weights of dense layers by tensor, as `skin-distill convert` does",
    "DEQUANTIZE": "convert to float32 or int8, which keep no weights that have to be widened",
    "HARD_SWISH": "convert to int8, which writes it as a product",
}
_OTHER_VARIANT = "convert to float32, which asks for the oldest operators"


@dataclass(frozen=True)
class Obstacle:
    """Why a runtime cannot be given a file.

    Attributes:
        operator: name of the operator, as CONV_2D.
        version: that the file asks for.
        highest: that the runtime has; 0 if it lacks the operator.
        answers_wrongly: the runtime would take the file and answer something else.
        remedy: what to do.
    """

    operator: str
    version: int
    highest: int
    answers_wrongly: bool
    remedy: str

    def __str__(self) -> str:
        """What is wrong and what to do, as one sentence."""
        if self.answers_wrongly:
            return f"{self.operator} with float input and a scale for each channel is answered wrongly: {self.remedy}"
        known = f"it knows {self.highest}" if self.highest else "it lacks the operator"
        return f"{self.operator} version {self.version}, {known}: {self.remedy}"


def check_operators(flatbuffer: bytes) -> dict[str, list[Obstacle]]:
    """Compare the operators of a file with those of each known runtime.

    Args:
        flatbuffer: the model.

    Returns:
        Obstacles by runtime, a key of `RUNTIMES`; none where the runtime has all that the file asks for.
    """
    parsed = Flatbuffer(flatbuffer)
    wanted = sorted({(operator.name, operator.version) for operator in parsed.operators})
    misread = sorted({(o.name, o.version) for o in parsed.operators if _loses_channel_scales(parsed, o)})
    return {
        runtime.name: [
            *_missing(runtime, wanted),
            *(_wrong(runtime, misread) if runtime.ignores_channel_scales else []),
        ]
        for runtime in RUNTIMES.values()
    }


def require_runtime(flatbuffer: bytes, name: str) -> None:
    """Refuse a model that a runtime cannot run.

    Args:
        flatbuffer: the model.
        name: a key of `RUNTIMES`.

    Raises:
        CheckFailed: the message names every operator in the way, and the remedy.
    """
    obstacles = check_operators(flatbuffer)[name]
    if obstacles:
        raise CheckFailed(f"{RUNTIMES[name].title} cannot run this model. Received: {'; '.join(map(str, obstacles))}.")


def _missing(runtime: Runtime, wanted: Iterable[tuple[str, int]]) -> list[Obstacle]:
    table = operator_versions()
    found = []
    for operator, version in wanted:
        highest = table[runtime.name].get(operator, 0)
        if version > highest:
            newer = [other.title for other in RUNTIMES.values() if table[other.name].get(operator, 0) >= version]
            remedy = _REMEDIES.get(operator, _OTHER_VARIANT)
            found.append(
                Obstacle(operator, version, highest, False, f"{remedy}, or run it on {newer[0]}" if newer else remedy)
            )
    return found


def _wrong(runtime: Runtime, misread: Iterable[tuple[str, int]]) -> list[Obstacle]:
    if not runtime.ignores_channel_scales:
        return []
    table = operator_versions()[runtime.name]
    return [Obstacle(name, version, table.get(name, 0), True, _WRONG_REMEDY) for name, version in misread]


def _loses_channel_scales(parsed: Flatbuffer, operator: Operator) -> bool:
    if operator.name not in _HYBRID or parsed.is_integer(operator.inputs[0]):
        return False
    weights = operator.inputs[1]
    quantization = parsed.quantization(weights)
    if not parsed.is_integer(weights) or quantization is None or len(quantization[0]) < 2:
        return False
    return operator.name == "FULLY_CONNECTED" or len(set(quantization[0])) == 1
