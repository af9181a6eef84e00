"""A new teacher backbone is one entry, with its own preprocessing and weights."""

import numpy as np
import pytest
import tf_keras as keras

from distill.model_file import load_model
from skin_training.recipe import TeacherRecipe
from teacher.backbones import BACKBONES
from teacher.backbones.backbone import Backbone
from teacher.model import build_teacher, set_trainable
from triage.errors import UnusableInput


@keras.saving.register_keras_serializable("tests")
class Centred(keras.layers.Layer):
    """Preprocessing of its own: x - 0.5."""

    def call(self, inputs):
        return inputs - 0.5


def tiny(include_top, weights, input_shape):
    image = keras.Input(input_shape)
    return keras.Model(image, keras.layers.Conv2D(4, 3, strides=4, name="only")(image))


def load_numpy(model, path):
    model.get_layer("only").set_weights([np.load(path), np.zeros(4)])


@pytest.fixture
def recipe(monkeypatch, tmp_path):
    monkeypatch.setitem(BACKBONES, "tiny", Backbone(tiny, Centred, smallest=16, top=1.0, load_weights=load_numpy))
    np.save(tmp_path / "tiny.npy", np.full((3, 3, 3, 4), 0.1, np.float32))
    return TeacherRecipe((), "tiny", str(tmp_path / "tiny.npy"), 32)


def test_a_registered_backbone_is_built_with_its_preprocessing_and_weights(recipe, tmp_path):
    teacher = build_teacher(recipe, 3)
    features = keras.Model(teacher.input, teacher.get_layer("backbone").get_output_at(-1))
    np.testing.assert_allclose(features(np.ones((1, 32, 32, 3), np.float32)), 0.1 * 27 * 0.5, rtol=1e-5)
    assert any("only" in name for name in set_trainable(teacher, "top"))
    teacher.save(tmp_path / "teacher.keras")
    image = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(load_model(tmp_path / "teacher.keras")(image)[0], teacher(image)[0])


def test_its_limits_hold(recipe):
    with pytest.raises(UnusableInput, match=r"16.*8"):
        build_teacher(TeacherRecipe((), "tiny", "none", 8), 3)
    with pytest.raises(UnusableInput, match="no-such-file"):
        build_teacher(TeacherRecipe((), "tiny", "no-such-file", 32), 3)
