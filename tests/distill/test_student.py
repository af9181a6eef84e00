import numpy as np
import pytest
import tf_keras as keras

from distill.mobilenet_v3 import round_depth
from distill.student import build_student, load_backbone_weights
from triage.errors import UnusableInput


def features(student):
    return keras.Model(student.input, student.get_layer("Conv_1/hard_swish").output)


@pytest.mark.parametrize("size", [224, 96])
def test_features_equal_keras_applications(size):
    reference = keras.applications.MobileNetV3Small(include_top=False, weights=None, input_shape=(size, size, 3))
    student = build_student(10, size)
    generator = np.random.default_rng(0)
    for layer in reference.layers:
        if layer.weights:
            weights = [w + generator.normal(size=w.shape) * 0.05 for w in layer.get_weights()]
            weights = [np.abs(w) if "variance" in v.name else w for w, v in zip(weights, layer.weights, strict=True)]
            layer.set_weights(weights)
            student.get_layer(layer.name).set_weights(weights)
    image = generator.random((1, size, size, 3)).astype("float32")
    expected = reference(image * 255.0).numpy()
    assert np.abs(features(student)(image).numpy() - expected).max() < 1e-5 * max(1, np.abs(expected).max())


def test_imagenet_weights_give_the_features_of_keras_applications(shared_data):
    weights = shared_data / "weights" / "mobilenet_v3_small_imagenet_notop.tf_keras.h5"
    reference = keras.applications.MobileNetV3Small(include_top=False, weights=weights, input_shape=(224, 224, 3))
    student = build_student(10)
    load_backbone_weights(student, weights)
    image = np.random.default_rng(0).random((1, 224, 224, 3)).astype("float32")
    expected = reference(image * 255.0).numpy()
    assert np.abs(features(student)(image).numpy() - expected).max() < 1e-5 * np.abs(expected).max()


def test_the_whole_student_has_the_size_of_its_table():
    # 939,120 weights of MobileNetV3-Small without its classifier (keras.applications), 12 of the CCM, two heads.
    grid = (9 * 9 * 24 + 24) + (9 * 24 * 24 + 24) + (48 * 32 + 32)
    heads = 2 * (576 * 128 + 128) + 128 * 10 + 10 + (128 + 32) + 1 + grid
    assert build_student(10).count_params() == 939_120 + 12 + heads


def test_depths_round_to_eight_and_never_far_down():
    assert [round_depth(d) for d in (4, 11, 20, 35, 576 * 0.75)] == [8, 16, 24, 32, 432]


def test_weights_that_do_not_fit_are_a_clear_error(tmp_path):
    student = build_student(10, 32)
    with pytest.raises(UnusableInput, match="No such weight file"):
        load_backbone_weights(student, tmp_path / "none.h5")
    other = keras.Sequential([keras.layers.Dense(3, input_shape=(2,), name="stranger")])
    other.save_weights(tmp_path / "other.h5")
    with pytest.raises(UnusableInput, match="no layer named"):
        load_backbone_weights(student, tmp_path / "other.h5")
