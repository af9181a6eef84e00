import subprocess
import sys
import zipfile

import numpy as np
import pytest
import tf_keras as keras

from distill.model_file import load_model
from distill.student import build_student
from skin_training.recipe import TeacherRecipe
from teacher.model import build_teacher
from triage.errors import UnusableInput


@pytest.mark.parametrize("kind", ["teacher", "student"])
def test_a_loaded_model_is_the_saved_one(kind, tmp_path):
    keras.utils.set_random_seed(3)
    if kind == "teacher":
        model = build_teacher(TeacherRecipe((), "efficientnetb0", "none", 32), 4)
    else:
        model = build_student(4, 32)
    image = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    model.get_layer("color_calibration").set_weights([np.eye(3) * 0.9, np.full(3, 0.1)])
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    by_keras = keras.models.load_model(tmp_path / "model.keras", compile=False)
    for own, other, expected in zip(loaded.get_weights(), by_keras.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(own, expected)
        np.testing.assert_array_equal(own, other)
    np.testing.assert_array_equal(loaded(image)[0], model(image)[0])


def test_a_process_that_built_no_model_can_load_one(tmp_path):
    build_student(4, 32).save(tmp_path / "model.keras")
    load = "import sys; from distill.model_file import load_model; print(load_model(sys.argv[1]).name)"
    done = subprocess.run(
        [sys.executable, "-c", load, tmp_path / "model.keras"], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split()[-1:] == ["student"], done.stderr[-2000:]


def test_what_is_no_model_is_a_clear_error(tmp_path):
    (tmp_path / "text.keras").write_text("not a model")
    with zipfile.ZipFile(tmp_path / "empty.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    for name in ("text.keras", "empty.keras", "missing.keras"):
        with pytest.raises(UnusableInput, match=name):
            load_model(tmp_path / name)


def foreign(inputs, outputs=1):
    pooled = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling2D()(image) for image in inputs] * 2)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], [keras.layers.Dense(2)(pooled)] * outputs)


@pytest.mark.parametrize(
    ("shapes", "named"),
    [
        ([(None, None, 3)], "None, None"),
        ([(24, 32, 3)], "24, 32"),
        ([(3, 32, 32)], "3, 32, 32"),
        ([(32, 32, 3), (32, 32, 3)], r"\[\(None, 32"),
        ([(32, 32, 3)], r"\(None, 2\)"),
    ],
)
def test_a_foreign_model_is_refused_with_its_shape(shapes, named, tmp_path):
    foreign([keras.Input(shape) for shape in shapes]).save(tmp_path / "foreign.keras")
    with pytest.raises(UnusableInput, match=named) as error:
        load_model(tmp_path / "foreign.keras")
    assert "foreign.keras" in str(error.value)


def test_any_outputs_will_do_for_a_benchmark(tmp_path):
    model = foreign([keras.Input((32, 32, 3))])
    model.compile("adam", "mse")  # its optimizer is not loaded
    model.save(tmp_path / "foreign.keras")
    assert load_model(tmp_path / "foreign.keras", any_outputs=True).output_shape == (None, 2)
