"""The task of training a student further for its file."""

import numpy as np

from convert.making.fine_tuning import Tuned
from distill.distillation_data import DistillationData
from distill.recipe import DistillRecipe
from distill.task import StudentTask
from skin_training.recipe import Phase


class TuningTask(StudentTask):
    """Train a wrapped student on the float student's predictions."""

    def __init__(self, recipe: DistillRecipe, data: DistillationData, tuned: Tuned):
        super().__init__(recipe, data, tuned.model, tuned.model)
        self.tuned = tuned

    def select(self, phase: Phase) -> None:
        """Train what the wrapped student trains."""
        self.tuned.select(phase)

    def predict_validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Predict the validation photos as the file would."""
        return self.tuned.answers(self.data.validation.pixels)
