import functools
import json

import pytest

from triage.model_file import pack_model, read_model

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory, make_card):
    """A release file of an untrained model."""
    tf = pytest.importorskip("tensorflow", reason="needs the train extra to convert a model")
    import tf_keras as keras

    image = keras.Input((32, 32, 3), batch_size=1, name="image")
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    heads = {
        "diagnosis": keras.layers.Dense(2, activation="softmax", name="diagnosis")(pooled),
        "lighting": keras.layers.Dense(1, activation="sigmoid", name="lighting")(pooled),
    }
    flatbuffer = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, heads)).convert()
    card = make_card(32, ("watch", "watch"))
    path = tmp_path_factory.mktemp("model") / "model.tflite"
    path.write_bytes(pack_model(flatbuffer, card))
    return path


@pytest.fixture
def newer_model(model, tmp_path):
    """The same with a dense layer of a version that no runtime supports."""
    from tensorflow.lite.python import schema_py_generated as schema

    from convert.flatbuffer import packed, unpacked

    whole = read_model(model)
    parsed = unpacked(whole.flatbuffer)
    for code in parsed.operatorCodes:
        if code.builtinCode == schema.BuiltinOperator.FULLY_CONNECTED:
            code.version = 99
    path = tmp_path / "newer.tflite"
    path.write_bytes(pack_model(packed(parsed), whole.card))
    return path


@pytest.fixture
def package(shell_in, tmp_path):
    """`package(*options, expect=0)`: runs `skin-distill package android` in `tmp_path`."""
    return functools.partial(shell_in(tmp_path), "package", "android")


def test_a_project_is_written_and_the_next_step_named(model, tmp_path, package):
    done = package("--model", model, "--out", "phone", "--title", "Skin check", "--package", "org.example.skin")
    assert "cd phone && buildozer android debug" in done.stdout
    assert (
        "title = Skin check\npackage.name = skin\npackage.domain = org.example\n"
        in (tmp_path / "phone" / "buildozer.spec").read_text()
    )
    again = package("--model", model, "--out", "phone", "--json")
    assert {"python3", "kivy", "opencv"} <= set(json.loads(again.stdout)["requirements"])


def test_a_model_of_synthetic_images_needs_demo(model, tmp_path, package):
    whole = read_model(model)
    synthetic = tmp_path / "synthetic.tflite"
    synthetic.write_bytes(pack_model(whole.flatbuffer, {**whole.card, "synthetic": True}))
    done = package("--model", synthetic, "--out", "phone", expect=2)
    assert "synthetic.tflite" in done.stderr
    assert not (tmp_path / "phone").exists()
    package("--model", synthetic, "--out", "phone", "--demo")


@pytest.mark.parametrize(
    ("option", "value"), [("--model", "missing.tflite"), ("--package", "skin"), ("--title", "A & B")]
)
def test_wrong_use_writes_nothing(model, tmp_path, package, option, value):
    options = {"--model": model, "--out": "phone", option: value}
    done = package(*(word for pair in options.items() for word in pair), expect=2)
    assert value in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_model_with_operators_that_the_phone_lacks_is_refused(newer_model, tmp_path, package):
    done = package("--model", newer_model, "--out", "phone", expect=1)
    assert "LiteRT 1.4" in done.stderr
    assert "FULLY_CONNECTED version 99" in done.stderr
    assert not (tmp_path / "phone").exists()
