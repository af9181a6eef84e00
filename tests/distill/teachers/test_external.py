"""Teachers from elsewhere predict what their own code would, and bad ones are refused with their reason."""

import sys

import numpy as np
import pytest

from distill.teachers import open_teacher
from skin_data.progress import no_progress
from tests.distill.teachers.models import (
    CLASSES,
    SIZE,
    WEIGHTS,
    describe,
    logits_of,
    photos,
    write_onnx,
    write_table,
)  # fmt: skip
from triage.errors import SkinDistillError, UnusableInput

UNIT = {"scaling": "unit"}
CODE = """
import numpy as np

WEIGHTS = np.array([[9, -4, -4], [-4, 9, -4], [-4, -4, 9]])


def predict(pixels):
    assert pixels.dtype == np.uint8, pixels.dtype
    return (pixels / 255).mean(axis=(1, 2)) @ WEIGHTS


def unfinished(pixels):
    return predict(pixels) * [1, np.nan, 1]
"""


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def predicted(target, pixels=None, classes=CLASSES):
    teacher = open_teacher(str(target), classes)
    return teacher.predict(photos() if pixels is None else pixels, no_progress)


@pytest.fixture
def onnx_file(tmp_path):
    return describe(write_onnx(tmp_path / "colour.onnx"), **UNIT)


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "colour_code.py").write_text(CODE)
    yield describe(tmp_path / "colour_code.py")
    sys.modules.pop("colour_code", None)


EXPECTED = softmax(logits_of(photos().astype(np.float32) / 255))


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
@pytest.mark.parametrize("batch", ["n", 1])
@pytest.mark.parametrize(
    ("scaling", "numbers"),
    [("unit", {}), ("bytes", {"std": [255.0] * 3}), ("symmetric", {"mean": [-1.0] * 3, "std": [2.0] * 3})],
)
def test_an_onnx_file_predicts_in_its_layout_and_scaling(tmp_path, layout, batch, scaling, numbers):
    path = describe(write_onnx(tmp_path / "m.onnx", layout, batch=batch), scaling=scaling, **numbers)
    diagnosis, lighting = predicted(path)
    np.testing.assert_allclose(diagnosis, EXPECTED, atol=1e-5)
    assert lighting is None


@pytest.mark.parametrize("layout", ["nhwc", "nchw"])
def test_blue_may_come_first_and_mean_and_std_then_too(tmp_path, layout):
    """The file sees pixels / [1, 2, 4] + [0.1, 0.2, 0.3] in the order blue, green, red."""
    numbers = {"mean": [-0.1, -0.4, -1.2], "std": [1.0, 2.0, 4.0]}
    path = describe(write_onnx(tmp_path / "m.onnx", layout), channels="bgr", **numbers, **UNIT)
    blue_first = (photos().astype(np.float32) / 255)[..., ::-1]
    expected = softmax(logits_of(blue_first / [1, 2, 4] + [0.1, 0.2, 0.3]))
    np.testing.assert_allclose(predicted(path)[0], expected, atol=1e-5)


@pytest.mark.slow
def test_keras_and_tflite_files_predict_as_described(tmp_path):
    import tensorflow as tf
    import tf_keras as keras

    image = keras.Input((SIZE, SIZE, 3))
    means = keras.layers.GlobalAveragePooling2D()(image)
    model = keras.Model(image, keras.layers.Dense(3, use_bias=False, activation="softmax")(means))
    model.set_weights([WEIGHTS / 255])
    model.save(tmp_path / "m.keras")
    (tmp_path / "m.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    for name in ("m.keras", "m.tflite"):
        path = describe(tmp_path / name, scaling="bytes", output="probabilities")
        np.testing.assert_allclose(predicted(path)[0], EXPECTED, atol=1e-5)
        with pytest.raises(UnusableInput, match=name.replace(".", r"\.")):
            predicted(describe(path, scaling="bytes", output="probabilities", size=16))


def test_a_callable_takes_whole_pixel_values(module):
    np.testing.assert_allclose(predicted("colour_code:predict")[0], EXPECTED, atol=1e-5)
    assert open_teacher("colour_code:predict", CLASSES).rounded
    for key, value in {**UNIT, "channels": "bgr", "layout": "nchw", "mean": [0.5] * 3, "std": [2.0] * 3}.items():
        describe(module, **{key: value})
        with pytest.raises(UnusableInput, match=f"colour_code:predict with {key}"):
            predicted("colour_code:predict")


def test_a_table_is_found_by_the_checksum_of_the_pixels(tmp_path):
    pixels = photos()
    path = describe(write_table(tmp_path / "t.npz", pixels, np.zeros(24, int)))
    shuffled = np.random.default_rng(1).permutation(24)
    np.testing.assert_allclose(predicted(path, pixels[shuffled])[0], EXPECTED[shuffled], atol=1e-6)
    other = pixels.copy()
    other[3, 0, 0, 0] ^= 1
    with pytest.raises(UnusableInput, match=r"t\.npz without 1 of 24"):
        predicted(path, other)


def test_lighting_and_features_come_from_outputs_that_the_description_names(tmp_path):
    path = write_onnx(tmp_path / "m.onnx", more=True)
    teacher = open_teacher(str(describe(path, lighting="light", features="features", **UNIT)), CLASSES)
    images = photos().astype(np.float32) / 255
    found = teacher.forward(True).run(images)
    np.testing.assert_allclose(found["lighting"], images.mean(axis=(1, 2, 3)), atol=1e-5)
    np.testing.assert_allclose(found["features"], images.mean(axis=(1, 2)), atol=1e-5)
    assert teacher.channels
    with pytest.raises(UnusableInput, match="glow"):
        predicted(describe(path, lighting="glow", **UNIT))


def test_pixels_of_another_size_are_resized_once(tmp_path):
    path = describe(write_onnx(tmp_path / "m.onnx"), **UNIT)
    pixels = np.repeat(np.repeat(photos(), 2, axis=1), 2, axis=2)
    np.testing.assert_allclose(predicted(path, pixels)[0], EXPECTED, atol=1e-5)
    assert open_teacher(str(path), CLASSES).describe()["size"] == SIZE


def test_many_of_its_classes_may_belong_to_one_of_ours_and_the_rest_is_left_out(tmp_path):
    classes = {"red": "warm", "green": "cold", "blue": None}
    path = describe(write_onnx(tmp_path / "m.onnx"), classes=classes, **UNIT)
    two = EXPECTED[:, :2] / EXPECTED[:, :2].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predicted(path, classes=("warm", "cold"))[0], two, atol=1e-5)
    assert open_teacher(str(path), ("warm", "cold")).describe()["left_out"] == ["blue"]
    describe(path, classes={"red": "warm", "green": "cold", "blue": "cold"}, **UNIT)
    both = np.stack([EXPECTED[:, 1:].sum(axis=1), EXPECTED[:, 0]], axis=1)
    np.testing.assert_allclose(predicted(path, classes=("cold", "warm"))[0], both, atol=1e-5)


def test_a_class_that_it_does_not_know_has_to_be_named(tmp_path):
    path, ours = write_onnx(tmp_path / "m.onnx"), (*CLASSES, "rare")
    with pytest.raises(UnusableInput, match="neither mapped nor unknown: rare"):
        predicted(describe(path, **UNIT), classes=ours)
    diagnosis, _ = predicted(describe(path, unknown=["rare"], **UNIT), classes=ours)
    np.testing.assert_allclose(diagnosis[:, :3], EXPECTED, atol=1e-5)
    assert diagnosis[:, 3].max() < 1e-9


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"classes": {"a": "class0", "b": "class1", "c": "nevus"}}, "nevus"),
        ({"classes": {"a": "class0", "b": "class1"}, "unknown": ["class2"]}, r"\[3\].*2 classes|2 classes.*\[3\]"),
        ({"classes": {"a": "class0", "b": "class0", "c": "class0"}, "unknown": ["class1", "class2"]}, "class0"),
        ({"classes": {"a": "class0", "b": "class1", "c": "class2"}, "unknown": ["class2"]}, "class2"),
        ({"output": "probabilities"}, "probabilities"),
        ({"output": "certainties"}, "output"),
        ({"scaling": None}, "scaling"),
        ({"licence": None}, "licence"),
        ({"licence": " "}, "licence"),
        ({"training_data": []}, "training_data"),
        ({"std": [0.0, 1.0, 1.0]}, "std"),
        ({"layout": "nchw"}, "nchw"),
        ({"channels": "rbg"}, "channels"),
        ({"size": 16}, "16"),
        ({"diagnosis": "logits"}, "logits"),
        ({"colour": "red"}, "colour"),
        ({"mean": [float("nan"), 0.0, 0.0]}, "NaN|mean"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(onnx_file, changes, named):
    describe(onnx_file, **{**UNIT, **changes})
    with pytest.raises(UnusableInput, match=named):
        predicted(onnx_file)


@pytest.mark.parametrize(
    "network",
    [{"side": "side"}, {"side": 8, "channels": 4}, {"side": "s", "channels": "c"}],
    ids=lambda network: str(network),
)
def test_an_input_that_leaves_something_open_has_to_be_described(tmp_path, network):
    path = describe(write_onnx(tmp_path / "m.onnx", **network), **UNIT)
    with pytest.raises(UnusableInput, match=r"m\.onnx"):
        predicted(path)


def test_transposed_channels_are_told_from_predictions_that_do_not_depend_on_the_photo(tmp_path):
    """The file leaves its axes open, and the wrong layout averages colours away."""
    path = write_onnx(tmp_path / "m.onnx", "nchw", side="s", channels="c")
    right = predicted(describe(path, layout="nchw", size=SIZE, **UNIT))[0]
    np.testing.assert_allclose(right, EXPECTED, atol=1e-5)
    plain = photos(size=3) // 120 * 120  # without noise: all rows have the same mean
    with pytest.raises(UnusableInput, match=r"m\.onnx.*100\.0 %.*layout"):
        predicted(describe(path, layout="nhwc", size=3, **UNIT), plain)


def test_near_uniform_predictions_are_refused(tmp_path):
    """Similarities without their scale are almost uniform as logits."""
    faint = 0.1 * np.eye(3)[np.arange(24) % 3]
    path = describe(write_table(tmp_path / "t.npz", photos(), np.zeros(24, int), diagnosis=faint))
    with pytest.raises(UnusableInput, match=r"t\.npz.*uniform"):
        predicted(path)


def test_nan_is_refused(module):
    with pytest.raises(UnusableInput, match=r"NaN.*colour_code:unfinished"):
        predicted("colour_code:unfinished")


@pytest.mark.parametrize("target", ["colour_code:missing", "no_such_module:predict", "gone.onnx", "gone.npz", "gone"])
def test_what_is_not_there_is_named(module, target):
    if target.startswith("gone."):
        describe(module.with_name(target))
    with pytest.raises(UnusableInput, match=target):
        predicted(target)


def test_a_model_without_a_description_says_where_it_belongs(tmp_path):
    with pytest.raises(UnusableInput, match=r"m\.yaml"):
        predicted(write_onnx(tmp_path / "m.onnx"))


def test_a_damaged_file_is_refused(tmp_path):
    with pytest.raises(UnusableInput, match=r"No such model.*m\.onnx"):
        predicted(tmp_path / "m.onnx")
    for name in ("m.onnx", "m.tflite", "m.keras", "m.npz"):
        describe(tmp_path / name, **UNIT).write_bytes(b"not a model at all")
        with pytest.raises(SkinDistillError, match=name.replace(".", r"\.") if name != "m.tflite" else "TFLite"):
            predicted(tmp_path / name)


@pytest.mark.parametrize(
    "changes", [{"sha256": None}, {"view": np.zeros(3, int)}, {"diagnosis": None}, {"size": np.array(3)}]
)
def test_a_table_of_another_form_is_refused(tmp_path, changes):
    path = describe(write_table(tmp_path / "t.npz", photos(), np.zeros(24, int), **changes))
    with pytest.raises(UnusableInput, match=r"t\.npz"):
        predicted(path)


class Code:
    """Pickled, it would run code when it is loaded."""

    def __reduce__(self):
        return (print, ("run",))


def test_a_table_never_unpickles(tmp_path, capsys):
    pickled = np.array([Code()] * 24, dtype=object)
    path = describe(write_table(tmp_path / "t.npz", photos(), np.zeros(24, int), diagnosis=pickled))
    with pytest.raises(UnusableInput, match=r"t\.npz"):
        predicted(path)
    assert "run" not in capsys.readouterr().out


def test_its_hash_follows_file_and_description(tmp_path):
    path = describe(write_onnx(tmp_path / "m.onnx"), **UNIT)
    one = open_teacher(str(path), CLASSES).sha256
    assert open_teacher(str(path), CLASSES).sha256 == one
    describe(path, licence="Apache-2.0", **UNIT)
    other = open_teacher(str(path), CLASSES).sha256
    describe(write_onnx(path, more=True), diagnosis="diagnosis", **UNIT)
    assert len({one, other, open_teacher(str(path), CLASSES).sha256}) == 3
