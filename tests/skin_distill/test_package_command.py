import json
import subprocess
import sys

import pytest

from triage.model_file import pack_model, read_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A release file that opens and knows nothing."""
    tf = pytest.importorskip("tensorflow", reason="needs the train extra to convert a model")
    import tf_keras as keras

    image = keras.Input((32, 32, 3), batch_size=1, name="image")
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    heads = {
        "diagnosis": keras.layers.Dense(2, activation="softmax", name="diagnosis")(pooled),
        "lighting": keras.layers.Dense(1, activation="sigmoid", name="lighting")(pooled),
    }
    flatbuffer = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, heads)).convert()
    card = {
        "format": 1,
        "name": "knows nothing",
        "classes": [{"id": name, "name": name, "urgency": "watch"} for name in ("one", "two")],
        "input": {"size": 32, "crop_fraction": 0.8, "dtype": "float32"},
        "color_calibration": {"matrix": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "bias": [0, 0, 0]},
        "temperature": 1.0,
        "thresholds": {"urgent": 0.5, "abstain_below": 0.5, "well_lit": 0.5},
        "synthetic": True,
        "data": {},
        "lineage": {},
        "per_tone": {},
        "not_measured": [],
        "licence": "MIT",
    }
    path = tmp_path_factory.mktemp("model") / "model.tflite"
    path.write_bytes(pack_model(flatbuffer, card))
    return path


@pytest.fixture
def newer_model(model, tmp_path):
    """The same with a dense layer of a version that no runtime has."""
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


def package(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "skin_distill", "package", "android", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=120,
    )


def test_a_project_is_written_and_the_next_step_said(model, tmp_path):
    done = package(
        "--model", model, "--out", "phone", "--title", "Skin check", "--package", "org.example.skin", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "cd phone && buildozer android debug" in done.stdout
    assert (
        "title = Skin check\npackage.name = skin\npackage.domain = org.example\n"
        in (tmp_path / "phone" / "buildozer.spec").read_text()
    )
    again = package("--model", model, "--out", "phone", "--json", cwd=tmp_path)
    assert {"python3", "kivy", "opencv"} <= set(json.loads(again.stdout)["requirements"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"--model": "missing.tflite"}, "missing.tflite"),
        ({"--package": "skin"}, "Received: 'skin'"),
        ({"--title": "A & B"}, "Received: 'A & B'"),
    ],
)
def test_wrong_use_writes_nothing(model, tmp_path, changed, message):
    options = {"--model": model, "--out": "phone", **changed}
    done = package(*(word for pair in options.items() for word in pair), cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_model_with_operators_that_the_phone_lacks_is_refused(newer_model, tmp_path):
    done = package("--model", newer_model, "--out", "phone", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "LiteRT 1.4 (Android) cannot run this model" in done.stderr
    assert "FULLY_CONNECTED version 99" in done.stderr
    assert not (tmp_path / "phone").exists()
