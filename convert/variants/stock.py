"""Variants that TensorFlow's converter makes by itself, from the student as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from convert.variants.variant import Variant

if TYPE_CHECKING:
    import tf_keras as keras

    from convert.making.source import Source


def _converting(weights: str) -> Callable[[keras.Model, Source], bytes]:
    def convert(model: keras.Model, source: Source) -> bytes:
        from convert.making.converter import to_tflite

        return to_tflite(model, weights)

    return convert


FLOAT32 = Variant("float32", _converting("float32"))
FLOAT16 = Variant("float16", _converting("float16"))
"""Weights are stored in half precision and computed in float32."""
DYNAMIC = Variant("dynamic", _converting("int8"))
"""Dynamic-range quantization: weights in 8 bit, activations quantized at run time."""
