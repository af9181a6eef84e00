"""Distilling from teachers made elsewhere: averaged, as a table of another process, and as a frozen encoder."""

import dataclasses
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax

from distill.distillation_data import load_distillation_data
from distill.model_file import load_model
from distill.recipe import DistillRecipe
from distill.teachers import open_teacher
from distill.teachers.exported_views import export_views
from distill.teachers.keras_teacher import KerasTeacher
from distill.teachers.terms import warnings_of
from distill.train import distill_student
from skin_data.manifest import read_manifest
from skin_data.progress import no_progress
from skin_data.views import ViewRecipe
from skin_training.grad_cam import grad_cam
from skin_training.heads import OUTPUTS, before_heads
from skin_training.recipe import Phase, TeacherRecipe
from skin_training.run_folder import RunFolder
from teacher.model import build_teacher
from teacher.train import train_teacher
from tests.distill.teachers.models import SIZE, WEIGHTS, describe, logits_of, write_onnx
from tests.noise_data import SIZE as SIDE
from tests.noise_data import TINY, make_photos
from triage.errors import UnusableInput

pytestmark = pytest.mark.slow
CLASSES = {"red": "class2", "green": "class1", "blue": "class0"}
"""The photos' colours: OpenCV writes blue first."""
UNIT = {"scaling": "unit", "classes": CLASSES}
RECIPE = DistillRecipe(
    (Phase("distill", "all", 1, 1e-3),),
    weights="none",
    width=0.35,
    input_size=SIDE,
    batch_size=16,
    view_count=2,
    views=ViewRecipe(bad_light=0.5),
    without_teacher=False,
)
ENCODER = TeacherRecipe((Phase("A heads", "heads", 1, 1e-2, fixed_views=1),), "onnx", "", SIDE, batch_size=16)


@pytest.fixture(scope="module")
def job(tmp_path_factory, tiny_networks):
    folder = tmp_path_factory.mktemp("elsewhere")
    return folder, read_manifest(make_photos(folder / "data"))


@pytest.fixture
def opened(job):
    folder, manifest = job
    return lambda target: open_teacher(str(target), manifest.taxonomy.ids, folder)


def probabilities(pixels):
    """Of the colour model, in the order of the data set's classes."""
    logits = logits_of(pixels.astype(np.float64) / 255)[:, ::-1]
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_a_student_learns_from_the_average_of_teachers_that_lack_what_it_has(job, opened, caplog):
    folder, manifest = job
    small = describe(write_onnx(folder / "small.onnx"), **UNIT)
    whole = describe(write_onnx(folder / "whole.onnx", side=SIDE), **UNIT, unknown=[], licence="CC BY-NC-ND 4.0")
    run = RunFolder("s", folder)
    report = distill_student(RECIPE, manifest, [opened(small), opened(whole)], run)
    assert "derivatives" in caplog.text
    one, other = report["teachers"]
    assert (one["name"], one["lighting"], one["resized"]) == ("small.onnx", False, [SIDE, SIZE])
    assert (other["licence"], other["resized"]) == ("CC BY-NC-ND 4.0", None)
    assert one["gain_of_average"]["verdict"] and "accuracy" in one["test"]
    assert report["teacher_test"]["lighting"]["accuracy"]["value"] is None
    assert report["teacher_answered_by"] == "onnx + onnx"
    assert run.read_config()["teachers"] == [str(small), str(whole)]
    assert "CC BY-NC-ND 4.0" in (run.experiment / "card.md").read_text()
    kept = run.read_test_predictions()["teacher"]
    truth = manifest.split("test")["diagnosis"].map(manifest.taxonomy.ids.index)
    assert (kept.argmax(axis=1) == truth).all()
    assert distill_student(RECIPE, manifest, [opened(small), opened(whole)], run) == report
    with pytest.raises(UnusableInput, match=r"s/report\.json"):
        distill_student(RECIPE, manifest, [opened(small)], run)


def test_a_teacher_no_better_than_chance_is_warned_of(job, opened, caplog):
    folder, manifest = job
    turned = {"red": "class1", "green": "class0", "blue": "class2"}
    path = describe(write_onnx(folder / "turned.onnx", side=SIDE), scaling="unit", classes=turned)
    run = RunFolder("turned", folder)

    class Stop(Exception):
        pass

    def stop(stage, done, total):
        if stage == "teacher's predictions":  # after all checks, before anything is trained
            raise Stop

    with pytest.raises(Stop):
        distill_student(RECIPE, manifest, [opened(path)], run, progress=stop)
    assert "turned.onnx" in caplog.text and "chance" in caplog.text


def test_teachers_that_do_not_fit_the_recipe_or_each_other_are_refused_first(job, opened):
    folder, manifest = job
    path = describe(write_onnx(folder / "m.onnx", side=SIDE), **UNIT)
    partly = describe(
        write_onnx(folder / "partly.onnx", side=SIDE),
        scaling="unit", classes={**CLASSES, "blue": None}, unknown=["class0"],
    )  # fmt: skip
    run = RunFolder("refused", folder)
    for recipe, teachers, named in (
        (dataclasses.replace(RECIPE, feature_weight=1.0), [path], "feature_weight"),
        (RECIPE, [path, partly], r"partly\.onnx without class0"),
        (dataclasses.replace(RECIPE, loss="dist"), [partly], r"dist.*partly|partly.*dist"),
    ):
        with pytest.raises(UnusableInput, match=named):
            distill_student(recipe, manifest, [opened(each) for each in teachers], run)
    assert not run.experiment.exists()


def test_another_process_predicts_the_very_pixels_that_the_student_sees(job, opened, tmp_path):
    folder, manifest = job
    recipe = dataclasses.replace(RECIPE, mixup=0.4)
    export_views(recipe, manifest, tmp_path, folder)
    script = tmp_path / "predict.py"
    code = f"(pixels / 255).mean(axis=(1, 2)) @ np.array({WEIGHTS.tolist()})"
    script.write_text(script.read_text().replace('raise NotImplementedError("load your model above and call it here")',
                                                 f"return {code}"))  # fmt: skip
    subprocess.run([sys.executable, script], check=True, timeout=300)
    photos = pd.read_csv(tmp_path / "photos.csv")
    table = describe(tmp_path / "predictions.npz", classes=CLASSES)
    teacher = opened(table)
    teacher.check(recipe, manifest)
    data = load_distillation_data(recipe, manifest, [teacher], folder, no_progress)
    assert data.rounded and data.predictions.lighting is None
    np.testing.assert_array_equal(data.calibration[0], np.eye(3))
    for view in range(recipe.view_count):
        pixels = np.load(tmp_path / f"view-{view:03d}.npy")
        assert len(pixels) == (photos["split"] == "train").sum()
        found = np.exp(data.predictions.diagnosis[:, view])
        np.testing.assert_allclose(found, probabilities(pixels), atol=1e-5)
    test = np.load(tmp_path / "test.npy")
    np.testing.assert_allclose(teacher.predict(test, no_progress)[0], probabilities(test), atol=1e-5)

    with pytest.raises(UnusableInput, match=r"predictions\.npz.*2 views.*3"):
        teacher.check(dataclasses.replace(recipe, view_count=3), manifest)
    with pytest.raises(UnusableInput, match=r"predictions\.npz.*mirrored"):
        teacher.check(dataclasses.replace(recipe, mirrored=True), manifest)
    with pytest.raises(UnusableInput, match=r"predictions\.npz without"):
        load_distillation_data(dataclasses.replace(recipe, view_seed=1), manifest, [teacher], folder, no_progress)


def test_a_teacher_of_ours_predicts_the_same_as_onnx(job, opened):
    import tensorflow as tf
    import tf2onnx

    folder, manifest = job
    model = build_teacher(TeacherRecipe((), TINY, "none", SIDE), len(manifest.taxonomy.ids))
    signature = [tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32, name="image")]

    @tf.function(input_signature=signature)
    def predict(image):
        return {
            name: tf.identity(found, name) for name, found in zip(OUTPUTS, model(image, training=False), strict=True)
        }

    path = folder / "ours.onnx"
    tf2onnx.convert.from_function(predict, signature, opset=17, output_path=str(path))
    ids = {name: name for name in manifest.taxonomy.ids}
    describe(path, scaling="unit", output="probabilities", lighting="lighting", classes=ids)
    images = np.random.default_rng(0).random((5, SIDE, SIDE, 3), np.float32)
    ours = KerasTeacher(model, "0", RunFolder("ours", folder)).forward(False).run(images)
    theirs = opened(path).forward(False).run(images)
    np.testing.assert_allclose(theirs["diagnosis"], log_softmax(ours["diagnosis"], axis=1), atol=1e-4)
    np.testing.assert_allclose(theirs["lighting"], ours["lighting"], atol=1e-4)


def test_an_encoder_in_onnx_carries_our_heads(job, caplog):
    folder, manifest = job
    path = write_onnx(folder / "encoder.onnx", "nchw", SIDE)
    describe(path, scaling="unit", output=None, classes=None, licence="CC BY-NC 4.0")
    recipe, run = dataclasses.replace(ENCODER, weights=str(path)), RunFolder("encoded", folder)
    report = train_teacher(recipe, manifest, run)
    assert report["terms"] == {"licence": "CC BY-NC 4.0", "training_data": ["somewhere"]}
    assert report["phases"][0]["moved"]["heads"]["moved"] > 0
    assert "CC BY-NC 4.0" in (run.experiment / "card.md").read_text()
    model = load_model(run.artifacts / "teacher.keras")
    images = np.random.default_rng(0).random((2, SIDE, SIDE, 3), np.float32)
    features = before_heads(model)(images).numpy()[:, :3]
    np.testing.assert_allclose(features, logits_of(images), rtol=1e-5)
    teacher = open_teacher("encoded", manifest.taxonomy.ids, folder)
    assert teacher.describe()["licence"] == "CC BY-NC 4.0"
    caplog.clear()
    assert teacher.forward(False).way == "keras"
    assert not caplog.text  # nothing tries to convert it
    with pytest.raises(UnusableInput, match=r"backbone: onnx.*[Dd]istil"):
        grad_cam(model, images[0])

    write_onnx(path, "nchw", SIDE, more=True)
    with pytest.raises(UnusableInput, match=r"encoder\.onnx"):
        load_model(run.artifacts / "teacher.keras")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"phases": (Phase("B CCM", "ccm", 1, 1e-3),)}, "B CCM.*onnx"),
        ({"phases": (Phase("D all", "all", 1, 1e-3),)}, "D all.*onnx"),
        ({"input_size": 64}, "32.*64"),
        ({"weights": "imagenet"}, "onnx"),
        ({"weights": "gone.onnx"}, "gone"),
    ],
)
def test_what_a_frozen_encoder_cannot_do_is_refused(job, changes, named):
    folder, manifest = job
    path = describe(write_onnx(folder / "fixed.onnx", side=SIDE), scaling="unit", output=None, classes=None)
    recipe = dataclasses.replace(ENCODER, **{"weights": str(path), **changes})
    with pytest.raises(UnusableInput, match=named):
        train_teacher(recipe, manifest, RunFolder("not-encoded", folder))


@pytest.mark.parametrize(
    ("licence", "training_data", "expected"),
    [
        ("MIT", ["DermNet"], []),
        ("CC BY-NC-ND 4.0", ["DermNet"], ["commercial", "derivatives"]),
        ("cc_by_nc_nd_4.0", ["DermNet"], ["commercial", "derivatives"]),
        ("research only", ["DermNet"], ["commercial"]),
        ("Non commercial use", ["DermNet"], ["commercial"]),
        ("Apache-2.0", ["ISIC 2019"], ["ham10000"]),
        ("Apache-2.0", ["HAM 10000", "unknown"], ["ham10000", "trained on"]),
    ],
)
def test_terms_are_warned_of(licence, training_data, expected):
    manifest = SimpleNamespace(split=lambda name: pd.DataFrame({"dataset": ["ham10000"]}))
    entry = {"name": "them", "licence": licence, "training_data": training_data}
    found = warnings_of([entry, {"name": "a run of ours"}], manifest)
    assert len(found) == len(expected)
    assert all(word in warning and "them" in warning for word, warning in zip(expected, found, strict=True))
