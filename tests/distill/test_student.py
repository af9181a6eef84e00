import numpy as np
import pytest
import tf_keras as keras

from distill.backbones.mobilenet_v3_small import round_depth
from distill.student import build_student, load_backbone_weights
from teacher.backbones.efficientnet_lite import efficientnet_lite
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
    grid = (9 * 33 * 48 + 48) + 3 * (9 * 48 * 48 + 48) + ((48 + 48 + 4 * 48) * 64 + 64)
    lighting = grid + (64 * 14 + 14) + ((128 + 64 + 14) * 32 + 32) + 32 + 1
    heads = 2 * (576 * 128 + 128) + 128 * 10 + 10 + lighting
    assert build_student(10).count_params() == 939_120 + 12 + heads


def test_depths_round_to_eight_and_never_far_down():
    assert [round_depth(d) for d in (4, 11, 20, 35, 576 * 0.75)] == [8, 16, 24, 32, 432]


def test_weights_that_do_not_fit_are_a_clear_error(tmp_path):
    student = build_student(10, 32)
    with pytest.raises(UnusableInput, match=r"none\.h5"):
        load_backbone_weights(student, tmp_path / "none.h5")
    other = keras.Sequential([keras.layers.Dense(3, input_shape=(2,), name="stranger")])
    other.save_weights(tmp_path / "other.h5")
    with pytest.raises(UnusableInput, match=r"other\.h5"):
        load_backbone_weights(student, tmp_path / "other.h5")


def test_an_efficientnet_lite_student_has_the_features_of_its_backbone(tmp_path):
    reference = efficientnet_lite(0, False, None, (96, 96, 3))
    arrays = {
        f"{layer.name}|{w.name.split('/')[-1].split(':')[0].replace('depthwise_kernel', 'kernel')}": w.numpy()
        for layer in reference.layers
        for w in layer.weights
    }
    np.savez(tmp_path / "lite0.npz", **{f"{n:03d}|{name}": value for n, (name, value) in enumerate(arrays.items())})
    student = build_student(10, 96, backbone="efficientnet_lite0")
    load_backbone_weights(student, tmp_path / "lite0.npz", "efficientnet_lite0")
    image = np.random.default_rng(0).random((1, 96, 96, 3)).astype("float32")
    expected = reference((image * 255 - 127) / 128).numpy()
    found = keras.Model(student.input, student.get_layer("features").input)(image).numpy()
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()
    with pytest.raises(UnusableInput, match="--weights"):
        load_backbone_weights(student, "imagenet", "efficientnet_lite0")


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ({"backbone": "resnet50"}, "resnet50.*mobilenetv3small"),
        ({"backbone": "efficientnet_lite0", "width": 0.5}, r"efficientnet_lite0.*0\.5"),
    ],
)
def test_a_student_that_does_not_exist_is_refused(choice, named):
    with pytest.raises(UnusableInput, match=named):
        build_student(10, 32, **choice)


def test_every_width_and_size_builds_and_a_narrow_one_is_small():
    sizes = [build_student(3, side, width).count_params() for side, width in ((224, 1.0), (160, 0.75), (96, 0.5))]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[2] < 0.5 * sizes[0]
