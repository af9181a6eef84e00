"""The .tflite variants that a student can become: registered in `VARIANTS`."""

from collections.abc import Iterable

from convert.variants.integer import INT8, INT8_QAT, INT8_WEIGHTS
from convert.variants.stock import DYNAMIC, FLOAT16, FLOAT32
from convert.variants.variant import Variant
from triage.errors import UnusableInput

VARIANTS = {variant.name: variant for variant in (FLOAT32, FLOAT16, INT8_WEIGHTS, DYNAMIC, INT8, INT8_QAT)}
DEFAULT_VARIANTS = ("float32", "int8-weights")


def find_variants(names: Iterable[str]) -> list[Variant]:
    """Return the variants of these names, each once; an unknown name is an UnusableInput that lists the known."""
    names = list(dict.fromkeys(names))
    if unknown := [name for name in names if name not in VARIANTS]:
        raise UnusableInput(f"Unknown variant. Received: {', '.join(unknown)}. Known: {', '.join(VARIANTS)}.")
    return [VARIANTS[name] for name in names]
