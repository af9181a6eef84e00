import numpy as np
import pytest
import tf_keras as keras

from distill.student import build_student
from skin_training.grad_cam import fraction_inside, grad_cam, overlay
from skin_training.recipe import TeacherRecipe
from teacher.model import build_teacher
from triage.errors import UnusableInput


def by_hand(model, image, head, number):
    """The definition, with the heads' gradient written out: average pooling, one or two ReLU layers, a linear one."""
    feature_map = keras.Model(model.input, model.get_layer("features").input)(image[None]).numpy()[0]
    hidden, bias = model.get_layer(f"{head}_hidden").get_weights()
    units = feature_map.mean(axis=(0, 1)) @ hidden + bias
    if head == "diagnosis":
        gradient = model.get_layer("diagnosis_logits").get_weights()[0][:, number]
    else:
        seen = keras.Model(model.input, model.get_layer("lighting_seen").output)(image[None]).numpy()[0]
        np.testing.assert_allclose(seen[: len(bias)], np.maximum(units, 0), rtol=1e-4, atol=1e-5)
        joined, joined_bias = model.get_layer("lighting_joined").get_weights()
        active = seen @ joined + joined_bias > 0
        gradient = joined[: len(bias)] @ (model.get_layer("lighting_logit").get_weights()[0][:, 0] * active)
    weights = hidden @ (gradient * (units > 0)) / (feature_map.shape[0] * feature_map.shape[1])
    return np.maximum(feature_map @ weights, 0)


@pytest.mark.parametrize("kind", ["teacher", "student"])
@pytest.mark.parametrize(("head", "number"), [("diagnosis", 2), ("lighting", 0)])
def test_grad_cam_equals_the_definition_by_hand(kind, head, number):
    keras.utils.set_random_seed(7)
    model = build_student(4, 64) if kind == "student" else build_teacher(TeacherRecipe((), "resnet10", "none", 64), 4)
    image = np.random.default_rng(1).random((64, 64, 3), np.float32)
    found, expected = grad_cam(model, image, head, number), by_hand(model, image, head, number)
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_the_top_class_is_explained_by_default_and_what_does_not_exist_is_refused():
    keras.utils.set_random_seed(6)
    model = build_teacher(TeacherRecipe((), "resnet10", "none", 32), 3)
    image = np.random.default_rng(1).random((32, 32, 3), np.float32)
    top = int(np.argmax(model(image[None])[0][0]))
    np.testing.assert_array_equal(grad_cam(model, image), grad_cam(model, image, "diagnosis", top))
    with pytest.raises(UnusableInput, match=r"\b3\b"):
        grad_cam(model, image, "diagnosis", 3)
    with pytest.raises(UnusableInput, match="tone"):
        grad_cam(model, image, "tone")
    with pytest.raises(UnusableInput, match=r"\(16, 32, 3\)"):
        grad_cam(model, image[:16])


def test_the_overlay_is_the_grey_photo_where_nothing_contributes():
    image = np.random.default_rng(2).random((32, 32, 3))
    grey = np.repeat(image.mean(axis=2, keepdims=True) * 255, 3, axis=2).astype(np.uint8)
    np.testing.assert_array_equal(overlay(image, np.zeros((4, 4), np.float32)), grey)
    heat = np.zeros((4, 4), np.float32)
    heat[0, 0] = 3.0
    laid = overlay(image, heat)
    np.testing.assert_array_equal(laid[-8:, -8:], grey[-8:, -8:])
    assert np.abs(laid[:4, :4].astype(int) - grey[:4, :4]).max() > 40


def test_the_fraction_inside_a_spot_is_that_of_the_enlarged_map():
    even, corner = np.ones((7, 7), np.float32), np.zeros((7, 7), np.float32)
    corner[0, 0] = 1
    spot = np.array([0.25, 0.25, 0.5, 0.5, 0.9], np.float32)
    assert fraction_inside(even, spot, 224) == pytest.approx(0.25)
    assert fraction_inside(corner, spot, 224) == pytest.approx(1)
    assert fraction_inside(corner, spot + np.array([0.5, 0.5, 0, 0, 0]), 224) == 0
    assert fraction_inside(0 * even, spot, 224) is None
    beyond = np.array([1.0, 0.5, 0.5, 1.0, 0.9], np.float32)
    assert fraction_inside(even, beyond, 224) == pytest.approx(0.25), "what lies within the view counts"
