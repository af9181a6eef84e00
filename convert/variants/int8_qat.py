"""`int8` after quantization-aware training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from convert.variants.int8 import INT8
from convert.variants.variant import FineTuning, TunableStudent

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


def _build(model: keras.Model, source: Source, recipe: QATRecipe) -> TunableStudent:
    from convert.making.quantization_aware import QuantizationAwareStudent

    return QuantizationAwareStudent(model, source.ranges, recipe.epochs, recipe.learning_rate)


INT8_QAT = replace(INT8, name="int8-qat", fine_tuning=FineTuning("quantization_aware", QATRecipe, _build), base=INT8)
