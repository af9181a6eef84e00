"""How one .tflite variant is made, and which training precedes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import tf_keras as keras

    from convert.making.activation_ranges import Ranges
    from convert.making.source import Source
    from skin_training.recipe import Phase

CONVERTED, RETRAINED = "converted", "retrained"
"""Kinds of files: made from the float student's own weights, or from a network that was trained further."""


class TunableStudent(Protocol):
    """A student in fine-tuning whose weights move towards what the file can hold.

    Attributes:
        model: `image` float32 [batch, size, size, 3] to the outputs of `distill.objective.with_features`.
        phases: the training schedule.
        settings: JSON-able; what the training depends on besides the student, the data and its recipe section.
    """

    model: keras.Model
    phases: Sequence[Phase]
    settings: Mapping[str, Any]

    def select(self, phase: Phase) -> None:
        """Set what is trainable in a phase."""

    def predict(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the file's diagnosis [n, classes] and lighting [n] probabilities for uint8 [n, size, size, 3]."""

    def float_student(self) -> keras.Model:
        """Return the float student with the learned weights: the model to convert."""

    def ranges(self) -> Ranges | None:
        """Return the ranges of its activations if they are learned; None leaves `Source.ranges`."""


@dataclass(frozen=True)
class FineTuning:
    """Training of the student before conversion.

    Attributes:
        section: name of its options in a recipe's `convert` section.
        recipe: dataclass of these options, all with defaults; it has `epochs`.
        build: `build(model, source, options)` gives the student to train.
    """

    section: str
    recipe: type
    build: Callable[[keras.Model, Source, Any], TunableStudent]


def _student(source: Source) -> keras.Model:
    return source.student


@dataclass(frozen=True)
class Variant:
    """One kind of file: `start`, then `fine_tuning` if there is one, then `convert`.

    Attributes:
        name: in file names and on the command line.
        convert: `convert(model, source)` gives the flatbuffer of a model.
        start: gives the model to fine-tune and convert: the student itself, or an equivalent graph.
        input_dtype: float32 with values in [0, 1], or uint8 with scale 1/255 and zero point 0.
        uses_photos: whether the file depends on the representative photos.
        fine_tuning: training before conversion.
        base: for a variant with fine-tuning, the variant of the same graph and size without it.
    """

    name: str
    convert: Callable[[keras.Model, Source], bytes]
    start: Callable[[Source], keras.Model] = _student
    input_dtype: str = "float32"
    uses_photos: bool = False
    fine_tuning: FineTuning | None = None
    base: Variant | None = None

    @property
    def kind(self) -> str:
        """`RETRAINED` where a fine-tuning changes the weights, else `CONVERTED`."""
        return RETRAINED if self.fine_tuning else CONVERTED
