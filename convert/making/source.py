"""What a student's files are made from, each part computed when a variant first asks for it."""

from collections.abc import Callable
from copy import copy
from functools import cached_property

import tf_keras as keras

from convert.flatbuffer import with_unique_names
from convert.making.activation_ranges import Ranges, choose_ranges
from convert.making.bias_correction import bias_corrected
from convert.making.converter import check_flatbuffer, to_tflite
from convert.making.equalization import equalized
from convert.making.fast_path import on_fast_path
from convert.making.representative import Representative
from convert.variants.variant import Variant
from triage.errors import UnusableInput

PHOTOS = 100
"""Representative photos that equalization and bias correction look at; the first ones are of all classes and tones."""


class Source:
    """A float student and what quantization needs to know about it.

    Attributes:
        student: the Keras student, `image` float32 [batch, size, size, 3] to [`diagnosis`, `lighting`].
    """

    def __init__(self, student: keras.Model, select_photos: Callable[[], Representative]):
        """Nothing is computed yet.

        Args:
            student: the Keras student.
            select_photos: gives the representative photos; called at most once.
        """
        self.student = student
        self._select_photos = select_photos

    @cached_property
    def representative(self) -> Representative:
        """The representative photos and how they were selected.

        Raises:
            UnusableInput: there is none.
        """
        found = self._select_photos()
        if not len(found.pixels):
            raise UnusableInput("Quantization needs representative photos. Received: none. Add training photos.")
        return found

    @cached_property
    def fast_student(self) -> keras.Model:
        """The student with the same predictions, rewritten for integer kernels and with like ranges of channels."""
        return equalized(on_fast_path(self.student), self.representative.pixels[:PHOTOS])

    @cached_property
    def corrected_student(self) -> keras.Model:
        """The student of `fast_student` with biases that make up for kernels in 8 bit."""
        return bias_corrected(self.fast_student, self.representative.pixels[:PHOTOS])

    def with_ranges(self, ranges: Ranges) -> "Source":
        """Return a copy with other ranges: those that a fine-tuning learned."""
        found = copy(self)
        found.ranges = ranges
        return found

    @cached_property
    def ranges(self) -> Ranges:
        """Ranges of the activations of `corrected_student` over the representative photos."""
        return choose_ranges(to_tflite(self.corrected_student), self.representative.pixels)


def make_flatbuffer(variant: Variant, source: Source, model: keras.Model | None = None) -> bytes:
    """Convert a student to one variant.

    Args:
        variant: what to make.
        source: what it is made from.
        model: the fine-tuned student; None converts what `variant.start` gives.

    Returns:
        The flatbuffer: input `image` [1, size, size, 3], float32 in [0, 1] or uint8 with scale 1/255 and zero point
        0; signature outputs `diagnosis` and `lighting`, float32.

    Raises:
        UnusableInput: the variant needs representative photos and there is none.
        CheckFailed: the converter lost the weights, or its file cannot be run or has another input.
    """
    if variant.uses_photos:
        _ = source.representative  # an error here comes before long conversions
    if model is None:
        model = variant.start(source)
    flatbuffer = with_unique_names(variant.convert(model, source))
    check_flatbuffer(flatbuffer, variant, model)
    return flatbuffer
