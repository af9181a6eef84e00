"""What distillation needs of a teacher."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from skin_data.progress import Progress

if TYPE_CHECKING:
    from distill.recipe import DistillRecipe
    from distill.teacher_forward import TeacherForward
    from skin_data.manifest import Manifest

Matrices = tuple[np.ndarray, np.ndarray]


class Teacher(Protocol):
    """Predicts diagnoses, and lighting and features where it can.

    Attributes:
        target: what `--teacher` names it by.
        name: in reports and cards.
        store: folder for its predictions.
        rounded: whether it takes pixels of 8 bits; the student's views are then rounded as well.
        unknown: classes of the data set that it does not know. Photos of these learn from their label alone.
    """

    target: str
    name: str
    store: Path
    rounded: bool = False
    unknown: tuple[str, ...] = ()

    @property
    @abstractmethod
    def sha256(self) -> str:
        """Hash of everything that its predictions depend on."""

    @property
    def parameters(self) -> int:
        """Number of weights in memory, 0 where it is not known."""
        return 0

    @property
    @abstractmethod
    def channels(self) -> int:
        """Length of its pooled features, for an estimate of disk space; 0 where it has none."""

    @property
    def calibration(self) -> Matrices | None:
        """Its colour calibration, M float32 [3, 3] and b float32 [3]; None where it has none that can be read."""
        return None

    @abstractmethod
    def check(self, recipe: "DistillRecipe", manifest: "Manifest") -> None:
        """Raise UnusableInput where it cannot teach the student of a recipe."""

    @abstractmethod
    def forward(self, with_features: bool) -> "TeacherForward":
        """Return how it predicts logits for views."""

    @abstractmethod
    def predict(self, pixels: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray | None]:
        """Predict prepared photos, uint8 [n, size, size, 3] of the student's size.

        Returns:
            Diagnosis probabilities float32 [n, classes], and well-lit probabilities float32 [n] or None.

        Raises:
            UnusableInput: predictions that nobody can learn from.
        """

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return its entry of reports and cards, JSON-able: `name`, `kind`, `sha256`, and its terms where known."""


def names_of(teachers: Sequence[Teacher]) -> str:
    """Return the names of teachers, joined by plus signs."""
    return " + ".join(teacher.name for teacher in teachers)
