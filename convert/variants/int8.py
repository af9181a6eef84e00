"""Weights and activations in 8 bit, with the colour calibration, softmax and sigmoid in float."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convert.variants.variant import Variant

if TYPE_CHECKING:
    import tf_keras as keras

    from convert.making.source import Source


def _convert(model: keras.Model, source: Source) -> bytes:
    from convert.making.converter import quantize, to_tflite

    return quantize(to_tflite(model), source.ranges)


def _start(source: Source) -> keras.Model:
    return source.fast_student


INT8 = Variant("int8", _convert, _start, input_dtype="uint8", uses_photos=True)
