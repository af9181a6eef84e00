"""Weights stored in 8 bit; everything is computed in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convert.variants.variant import Variant

if TYPE_CHECKING:
    import tf_keras as keras

    from convert.making.source import Source


def _convert(model: keras.Model, source: Source) -> bytes:
    from convert.making.converter import to_tflite
    from convert.making.weight_only import with_integer_weights

    return with_integer_weights(to_tflite(model), source.photos)


INT8_WEIGHTS = Variant("int8-weights", _convert, uses_photos=True)
