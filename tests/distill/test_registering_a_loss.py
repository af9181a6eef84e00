"""A new distillation loss is one entry, with its own options in the recipe."""

from dataclasses import dataclass
from typing import ClassVar
from unittest.mock import Mock

import pytest
import tensorflow as tf

from distill.losses import LOSSES
from distill.losses.diagnosis_loss import DiagnosisLoss
from distill.objective import distillation_loss
from distill.recipe import DistillRecipe
from skin_training.recipe import read_recipe, to_mapping
from triage.errors import UnusableInput

PHASES = "phases: [{name: distill, trains: all, epochs: 1, learning_rate: 1.0e-3}]"


@dataclass(frozen=True)
class SquaredLogits(DiagnosisLoss):
    """The mean squared difference of logits."""

    weights_photos: ClassVar[bool] = False
    scale: float = 1.0

    def __call__(self, teacher_logits, student_logits, labels, weights):
        return self.scale * tf.reduce_mean((teacher_logits - student_logits) ** 2)


@pytest.fixture
def read(monkeypatch, tmp_path):
    monkeypatch.setitem(LOSSES, "squared", SquaredLogits)

    def read(options):
        (tmp_path / "recipe.yaml").write_text(f"distill: {{{options}, {PHASES}}}")
        return read_recipe(tmp_path / "recipe.yaml", "distill", DistillRecipe)[0]

    return read


def test_a_registered_loss_is_trained_with_its_own_options(read):
    recipe = read("loss: {name: squared, scale: 3.0}, hard_share: 0.0, lighting_weight: 0.0")
    teacher, logits = tf.constant([[1.0, 0.0], [0.0, 2.0]]), tf.zeros((2, 2))
    batch = {
        "image": tf.zeros((2, 8, 8, 3)),
        "diagnosis": tf.eye(2),
        "lighting": tf.zeros(2),
        "measures": tf.zeros((2, 14)),
        **{f"{name}_weight": tf.ones(2) for name in ("diagnosis", "lighting", "measures")},
        "teacher_diagnosis": teacher,
        "teacher_lighting": tf.zeros(2),
    }
    outputs = [logits, tf.zeros((2, 1)), tf.zeros((2, 14)), tf.zeros((2, 3))]
    student = Mock(return_value=outputs, input_shape=(None, 8, 8, 3))
    loss = distillation_loss(student, recipe)
    assert float(loss(batch)) == pytest.approx(3.0 * (1 + 4) / 4)
    assert to_mapping(recipe)["loss"] == {"name": "squared", "scale": 3.0}
    assert read("loss: squared").diagnosis_loss() == SquaredLogits(1.0)


def test_its_limits_and_options_are_checked_when_the_recipe_is_read(read):
    with pytest.raises(UnusableInput, match=r"recipe\.yaml.*squared.*sale"):
        read("loss: {name: squared, sale: 3.0}")
    with pytest.raises(UnusableInput, match=r"weighted_answers.*squared"):
        read("loss: squared, weighted_answers: true")
