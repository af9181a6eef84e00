"""The .tflite variants that a student can become: one table entry each."""

from dataclasses import dataclass

from triage.errors import UnusableInput


@dataclass(frozen=True)
class Variant:
    """How one variant is made.

    Attributes:
        name: in file names and on the command line.
        description: one line for tables and documentation.
        weights: number type of the weights: float32, float16 or int8.
        calibrated: whether activations are integers too, with ranges from representative photos.
        float_ccm: of a calibrated variant: the colour calibration stays in float.
        float_heads: of a calibrated variant: the heads stay in float.
        float_input: of a calibrated variant: the input is float32, not uint8.
        aware: of a calibrated variant: the student is trained with the rounding first (`convert.aware_training`).
    """

    name: str
    description: str
    weights: str
    calibrated: bool = False
    float_ccm: bool = True
    float_heads: bool = False
    float_input: bool = False
    aware: bool = False

    @property
    def input_dtype(self) -> str:
        """Number type of the model's input."""
        return "uint8" if self.calibrated and not self.float_input else "float32"


_AWARE = "weights and activations in 8 bit, after quantization-aware training"
_CALIBRATED = "weights and activations in 8 bit, calibrated on training photos"
VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("float32", "as trained", "float32"),
        Variant("float16", "weights stored in half precision, computed in float32", "float16"),
        Variant("dynamic", "weights in 8 bit, activations quantized as they come", "int8"),
        Variant("int8", f"{_CALIBRATED}; the colour calibration in float", "int8", True),
        Variant("int8-float-heads", "as int8, the heads in float", "int8", True, float_heads=True),
        Variant("int8-float-input", "as int8, with a float32 input", "int8", True, float_input=True),
        Variant("int8-qat", f"{_AWARE}; the colour calibration in float", "int8", True, aware=True),
        Variant("int8-qat-float-heads", "as int8-qat, the heads in float", "int8", True, float_heads=True, aware=True),
        Variant("int8-all", f"{_CALIBRATED}, the colour calibration, too", "int8", True, float_ccm=False),
    )
}


def find_variants(names: list[str]) -> list[Variant]:
    """Return the variants of these names; an unknown one is an UnusableInput that lists the known."""
    if unknown := [name for name in names if name not in VARIANTS]:
        raise UnusableInput(f"Unknown variant. Received: {', '.join(unknown)}. Known: {', '.join(VARIANTS)}.")
    return [VARIANTS[name] for name in dict.fromkeys(names)]
