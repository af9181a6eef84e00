"""The .tflite variants that a student can become: one table entry each."""

from dataclasses import dataclass, replace

from triage.errors import UnusableInput


@dataclass(frozen=True)
class Variant:
    """How one variant is made.

    Attributes:
        name: in file names and on the command line.
        description: one line for tables and documentation.
        weights: number type of the weights: float32, float16 or int8.
        dynamic: of a variant with int8 weights that is not calibrated: activations are quantized as they come; else
            all is computed in float32.
        calibrated: whether activations are integers too, with ranges from representative photos.
        float_ccm: of a calibrated variant: the colour calibration stays in float.
        float_heads: of a calibrated variant: the heads stay in float.
        float_input: of a calibrated variant: the input is float32, not uint8.
        training: what the student is trained for first, by its name in a recipe's `convert` section; "" for nothing.
    """

    name: str
    description: str
    weights: str
    dynamic: bool = False
    calibrated: bool = False
    float_ccm: bool = True
    float_heads: bool = False
    float_input: bool = False
    training: str = ""

    @property
    def input_dtype(self) -> str:
        """Number type of the model's input."""
        return "uint8" if self.calibrated and not self.float_input else "float32"

    @property
    def weight_only(self) -> bool:
        """Whether the weights alone are rounded."""
        return self.weights == "int8" and not self.calibrated and not self.dynamic


DEFAULT_VARIANTS = ("float32", "int8-weights")
AWARE, PRUNING, CLUSTERING = "quantization_aware", "pruning", "clustering"
_AWARE = "weights and activations in 8 bit, after quantization-aware training"
_CALIBRATED = "weights and activations in 8 bit, calibrated on training photos"
VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("float32", "as trained", "float32"),
        Variant("float16", "weights stored in half precision, computed in float32", "float16"),
        Variant("int8-weights", "weights stored in 8 bit, computed in float32", "int8"),
        Variant(
            "int8-weights-pruned",
            "as int8-weights, the smallest weights trained to zero: small when compressed",
            "int8",
            training=PRUNING,
        ),
        Variant(
            "int8-weights-clustered",
            "as int8-weights, trained to few different weights: small when compressed",
            "int8",
            training=CLUSTERING,
        ),
        Variant("dynamic", "weights in 8 bit, activations quantized as they come", "int8", dynamic=True),
        Variant("int8", f"{_CALIBRATED}; the colour calibration in float", "int8", calibrated=True),
        Variant("int8-float-heads", "as int8, the heads in float", "int8", calibrated=True, float_heads=True),
        Variant("int8-float-input", "as int8, with a float32 input", "int8", calibrated=True, float_input=True),
        Variant("int8-qat", f"{_AWARE}; the colour calibration in float", "int8", calibrated=True, training=AWARE),
        Variant(
            "int8-qat-float-heads",
            "as int8-qat, the heads in float",
            "int8",
            calibrated=True,
            float_heads=True,
            training=AWARE,
        ),
        Variant("int8-all", f"{_CALIBRATED}, the colour calibration, too", "int8", calibrated=True, float_ccm=False),
    )
}


def find_variants(names: list[str]) -> list[Variant]:
    """Return the variants of these names; an unknown one is an UnusableInput that lists the known."""
    if unknown := [name for name in names if name not in VARIANTS]:
        raise UnusableInput(f"Unknown variant. Received: {', '.join(unknown)}. Known: {', '.join(VARIANTS)}.")
    return [VARIANTS[name] for name in dict.fromkeys(names)]


def untrained(variant: Variant) -> Variant:
    """Return the variant with the same graph and size whose student is not trained further."""
    same = replace(variant, training="")
    return next(v for v in VARIANTS.values() if replace(v, name=same.name, description=same.description) == same)
