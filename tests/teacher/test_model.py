import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from skin_training.color_calibration import ColorCalibration, ccm_of
from skin_training.heads import logits_model
from skin_training.recipe import TeacherRecipe
from teacher.backbones import BACKBONES
from teacher.model import build_teacher, set_trainable
from triage.errors import UnusableInput

RECIPE = TeacherRecipe(phases=(), backbone="resnet10", weights="none", input_size=32)


@pytest.fixture(scope="module")
def teacher():
    keras.utils.set_random_seed(0)
    return build_teacher(RECIPE, 10)


def test_outputs_are_named_and_are_probabilities(teacher):
    diagnosis, lighting = teacher(np.random.default_rng(0).random((2, 32, 32, 3), np.float32))
    assert teacher.output_names == ["diagnosis", "lighting"]
    assert teacher.input_names == ["image"]
    assert diagnosis.shape == (2, 10)
    assert lighting.shape == (2, 1)
    np.testing.assert_allclose(diagnosis.numpy().sum(axis=1), 1, atol=1e-6)
    assert 0 <= lighting.numpy().min() <= lighting.numpy().max() <= 1


def test_logits_are_those_of_the_predictions(teacher):
    image = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    diagnosis, lighting = logits_model(teacher)(image)
    probabilities = teacher(image)
    np.testing.assert_allclose(tf.nn.softmax(diagnosis), probabilities[0], atol=1e-6)
    np.testing.assert_allclose(tf.sigmoid(lighting), probabilities[1], atol=1e-6)


@pytest.mark.parametrize("trains", ["last", "heads", "ccm", "top", "all"])
def test_a_phase_moves_what_it_names_and_nothing_else(teacher, trains):
    set_trainable(teacher, trains)
    before = {v.name: v.numpy().copy() for v in teacher.weights}
    image = np.random.default_rng(1).random((8, 32, 32, 3), np.float32)
    with tf.GradientTape() as tape:
        diagnosis, lighting = teacher(image, training=True)
        loss = tf.reduce_sum(diagnosis[:, 0]) + tf.reduce_sum(lighting)
    variables = teacher.trainable_variables
    for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
        variable.assign_add(np.sign(gradient) * 1e-3 + 1e-4)
    moved = {v.name for v in teacher.weights if not np.array_equal(before[v.name], v.numpy())}
    heads = {n for n in before if n.startswith(("diagnosis", "lighting"))}
    ccm = {n for n in before if n.startswith("color_calibration")}
    last = {n for n in before if n.startswith("diagnosis_logits")}
    assert (moved & heads) == (last if trains == "last" else heads)
    assert (ccm <= moved) == (trains not in ("last", "heads"))
    rest = moved - heads - ccm
    backbone = set(before) - heads - ccm
    expected = {"top": 0 < len(rest) < len(backbone), "all": rest == backbone}
    assert expected.get(trains, not rest)
    for variable in teacher.weights:
        variable.assign(before[variable.name])


def test_an_untrained_ccm_changes_nothing_and_is_pulled_to_the_identity():
    layer = ColorCalibration(ccm_reg=0.5)
    image = np.random.default_rng(0).random((1, 4, 4, 3), np.float32)
    np.testing.assert_allclose(layer(image), image, atol=1e-6)
    assert float(layer.losses[0]) == 0
    layer.matrix.assign(np.eye(3) + np.diag([0.1, 0.2, -0.3]))
    assert float(layer.losses[0]) == pytest.approx(0.5 * (0.01 + 0.04 + 0.09))


def test_the_ccm_can_be_pulled_to_another_matrix_which_is_saved_with_it():
    layer, target = ColorCalibration(ccm_reg=0.5), np.diag([1.1, 0.9, 1.0])
    layer(np.zeros((1, 4, 4, 3), np.float32))
    layer.pull_to(target)
    again = ColorCalibration.from_config(layer.get_config())
    again(np.zeros((1, 4, 4, 3), np.float32))
    for one in (layer, again):
        assert float(one.losses[0]) == pytest.approx(0.5 * 0.02)


def test_the_ccm_equals_a_plain_matrix_product():
    layer = ColorCalibration()
    generator = np.random.default_rng(2)
    image = generator.random((2, 5, 5, 3), np.float32)
    layer(image)
    matrix, bias = generator.normal(size=(3, 3)), generator.normal(size=3) * 0.1
    layer.set_weights([matrix, bias])
    np.testing.assert_allclose(layer(image), np.clip(image @ matrix + bias, 0, 1), atol=1e-5)


def test_in_training_the_ccm_has_the_values_and_gradients_of_clip_by_value():
    generator = np.random.default_rng(3)
    # Inside, outside and, for the second photo, exactly on the bounds.
    image = tf.constant(
        np.stack([generator.uniform(-0.5, 1.5, (8, 8, 3)), generator.integers(0, 2, (8, 8, 3))]), tf.float32
    )
    upstream = tf.constant(generator.normal(size=image.shape), tf.float32)
    layer = ColorCalibration()
    layer(image)

    def gradients(calibrate):
        with tf.GradientTape() as tape:
            tape.watch(image)
            values = calibrate()
        return values, *tape.gradient(values, [image, layer.matrix, layer.bias], upstream)

    for matrix in (np.eye(3), np.eye(3) + generator.normal(size=(3, 3)) * 0.1):
        layer.matrix.assign(matrix)
        expected = gradients(lambda: tf.clip_by_value(image @ layer.matrix + layer.bias, 0.0, 1.0))
        found = gradients(tf.function(lambda: layer(image, training=True)))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_the_ccm_refuses_what_is_not_rgb():
    with pytest.raises(ValueError, match="RGB"):
        ColorCalibration()(np.zeros((1, 4, 4, 1), np.float32))


def test_a_saved_teacher_is_the_same_teacher(teacher, tmp_path):
    teacher.save(tmp_path / "teacher.keras")
    loaded = keras.models.load_model(tmp_path / "teacher.keras", compile=False)
    image = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(loaded(image)[0], teacher(image)[0])
    assert np.array_equal(ccm_of(loaded)[0], np.eye(3))


@pytest.mark.parametrize(
    ("name", "module"),
    [("resnet152v2", "resnet_v2"), ("resnet50", "resnet"), ("mobilenetv2", "mobilenet_v2"), ("xception", "xception")],
)
def test_preprocessing_equals_the_applications_own(name, module):
    image = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)
    expected = getattr(keras.applications, module).preprocess_input(image * 255.0)
    found = BACKBONES[name].preprocessing()(image)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"backbone": "resnet9000"}, "resnet9000.*resnet152v2"),
        ({"backbone": "xception"}, "xception.*71.*32"),
        ({"weights": "no-such-file.h5"}, "no-such-file.h5"),
    ],
)
def test_a_backbone_that_is_not_available_is_refused(change, named):
    recipe = TeacherRecipe(**{**vars(RECIPE), **change})
    with pytest.raises(UnusableInput, match=named):
        build_teacher(recipe, 10)
