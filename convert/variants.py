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
        calibrated: whether activations are integers too, calibrated on representative photos; the input is then uint8.
    """

    name: str
    description: str
    weights: str
    calibrated: bool = False

    @property
    def input_dtype(self) -> str:
        """Number type of the model's input."""
        return "uint8" if self.calibrated else "float32"


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("float32", "as trained", "float32"),
        Variant("float16", "weights stored in half precision, computed in float32", "float16"),
        Variant("dynamic", "weights in 8 bit, activations quantized as they come", "int8"),
        Variant("int8", "weights and activations in 8 bit, calibrated on training photos", "int8", calibrated=True),
    )
}


def find_variants(names: list[str]) -> list[Variant]:
    """Return the variants of these names; an unknown one is an UnusableInput that lists the known."""
    if unknown := [name for name in names if name not in VARIANTS]:
        raise UnusableInput(f"Unknown variant. Received: {', '.join(unknown)}. Known: {', '.join(VARIANTS)}.")
    return [VARIANTS[name] for name in dict.fromkeys(names)]
