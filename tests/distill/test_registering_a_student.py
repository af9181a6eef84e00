"""A new student backbone is one entry, with its own preprocessing and weights."""

import numpy as np
import pytest
import tf_keras as keras

from distill.backbones import BACKBONES
from distill.backbones.student_backbone import StudentBackbone
from distill.recipe import DistillRecipe
from distill.students import new_student
from skin_training.recipe import Phase
from triage.errors import UnusableInput

PHASES = (Phase("distill", "all", 1, 1e-3),)


def features(image, width, batch_norm_momentum):
    return keras.layers.Conv2D(int(4 * width), 3, strides=4, name="only")(image)


def load_weights(student, weights):
    student.get_layer("only").set_weights([np.load(weights), np.zeros(4)])


@pytest.fixture
def weights(monkeypatch, tmp_path):
    monkeypatch.setitem(BACKBONES, "tiny", StudentBackbone(features, (10.0, -5.0), load_weights))
    np.save(tmp_path / "tiny.npy", np.full((3, 3, 3, 4), 0.1, np.float32))
    return str(tmp_path / "tiny.npy")


def test_a_registered_student_is_built_with_its_preprocessing_and_weights(weights):
    student = new_student(DistillRecipe(PHASES, "tiny", weights, input_size=32), 3)
    feature_map = keras.Model(student.input, student.get_layer("only").output)
    np.testing.assert_allclose(feature_map(np.ones((1, 32, 32, 3), np.float32)), 0.1 * 27 * 5, rtol=1e-5)
    assert student.output_shape == [(None, 3), (None, 1)]


def test_widths_are_refused_unless_it_has_them(weights, monkeypatch):
    recipe = DistillRecipe(PHASES, "tiny", "none", width=0.5, input_size=32)
    with pytest.raises(UnusableInput, match=r"tiny.*0\.5"):
        new_student(recipe, 3)
    monkeypatch.setitem(BACKBONES, "tiny", StudentBackbone(features, (10.0, -5.0), load_weights, widths=True))
    assert new_student(recipe, 3).get_layer("only").output_shape[-1] == 2
