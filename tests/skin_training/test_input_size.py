import numpy as np
import pytest
import tf_keras as keras

from skin_training.heads import trained_model
from skin_training.input_size import at_size
from skin_training.recipe import ModelRecipe, Phase, TeacherRecipe
from teacher.model import build_teacher
from triage.errors import UnusableInput


def recipe(side, **options):
    return TeacherRecipe((Phase("D all", "all", 1, 1e-3),), "resnet10", "none", side, **options)


def test_a_model_of_another_size_has_the_same_weights_and_predicts_like_one_built_for_it():
    teacher, small = build_teacher(recipe(64), 3), build_teacher(recipe(32), 3)
    resized = at_size(trained_model(teacher), 32)
    small.set_weights(teacher.get_weights())
    photos = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    for one, other in zip(resized(photos), trained_model(small)(photos), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    shared = {id(w) for w in resized.trainable_variables}
    assert shared == {id(w) for w in trained_model(teacher).trainable_variables}


def test_a_layer_that_depends_on_the_size_is_refused():
    image = keras.Input((64, 64, 3))
    model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image)))
    with pytest.raises(UnusableInput, match="32 px"):
        at_size(model, 32)


def test_sizes_share_the_epochs_of_a_phase_and_end_with_the_models():
    phase = Phase("distill", "all", 8, 1e-3, input_sizes=(96, 96, 128, 224))
    assert [phase.input_size(epoch, 224) for epoch in range(8)] == [96] * 4 + [128] * 2 + [224] * 2
    assert Phase("D all", "all", 2, 1e-3).input_size(1, 224) == 224
    assert ModelRecipe((phase,), "any").phase_sizes == [96, 128]
    with pytest.raises(UnusableInput, match="224"):
        ModelRecipe((Phase("D all", "all", 2, 1e-3, input_sizes=(96, 128)),), "any")
    with pytest.raises(UnusableInput, match="100"):
        Phase("D all", "all", 2, 1e-3, input_sizes=(100,))
