"""The training task of a fine-tuning."""

import numpy as np

from convert.variants.variant import TunableStudent
from distill.distillation_data import DistillationData
from distill.recipe import DistillRecipe
from distill.task import StudentTask
from skin_training.recipe import Phase


class TuningTask(StudentTask):
    """Train a wrapped student on the float student's predictions."""

    def __init__(self, recipe: DistillRecipe, data: DistillationData, tunable: TunableStudent):
        super().__init__(recipe, data, tunable.model, tunable.model)
        self.tunable = tunable

    def select(self, phase: Phase) -> None:
        """Train what the wrapped student trains."""
        self.tunable.select(phase)

    def predict_validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Predict the validation photos as the file would."""
        return self.tunable.predict(self.data.validation.pixels)
