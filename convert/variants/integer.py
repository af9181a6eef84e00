"""Variants whose weights, or weights and activations, are stored in 8 bit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from convert.variants.variant import FineTuning, TunableStudent, Variant

if TYPE_CHECKING:
    import tf_keras as keras

    from convert.making.source import Source


@dataclass(frozen=True)
class QATRecipe:
    """The `quantization_aware` part of a recipe's `convert` section.

    Attributes:
        epochs: passes over the training split.
        learning_rate: the peak of AdamW's cosine schedule.
    """

    epochs: int = 4
    learning_rate: float = 3e-4


def _weights_alone(model: keras.Model, source: Source) -> bytes:
    from convert.making.converter import to_tflite
    from convert.making.weight_only import with_integer_weights

    return with_integer_weights(to_tflite(model), source.representative.pixels)


def _integers(model: keras.Model, source: Source) -> bytes:
    from convert.making.converter import quantize, to_tflite

    return quantize(to_tflite(model), source.ranges)


def _build(model: keras.Model, source: Source, recipe: QATRecipe) -> TunableStudent:
    from convert.making.quantization_aware import QuantizationAwareStudent

    return QuantizationAwareStudent(model, source.ranges, recipe.epochs, recipe.learning_rate)


INT8_WEIGHTS = Variant("int8-weights", _weights_alone, uses_photos=True)
"""Everything is computed in float32."""
INT8 = Variant("int8", _integers, lambda source: source.corrected_student, input_dtype="uint8", uses_photos=True)
"""The colour calibration, softmax and sigmoid stay in float."""
INT8_QAT = replace(
    INT8,
    name="int8-qat",
    fine_tuning=FineTuning("quantization_aware", QATRecipe, _build),
    base=INT8,
)
"""`int8` after quantization-aware training, which also learns the ranges."""
