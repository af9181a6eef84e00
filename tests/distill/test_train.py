"""A whole distillation, small: every option at once, and what stops it."""

import dataclasses
import shutil

import numpy as np
import pytest

from benchmarks.distillation_gain import measure
from distill.distillation_data import load_distillation_data
from distill.fairness import Fairness
from distill.model_file import load_model
from distill.recipe import DistillRecipe
from distill.teachers.keras_teacher import KerasTeacher
from distill.train import distill_student
from skin_data.manifest import read_manifest
from skin_data.progress import no_progress
from skin_training.color_calibration import CCM_LAYER_NAME, ccm_of
from skin_training.recipe import Phase, TeacherRecipe
from skin_training.run_folder import RunFolder
from teacher.train import train_teacher
from tests.noise_data import make_photos
from triage.errors import UnusableInput

SIZE = 32
RECIPE = DistillRecipe(
    (Phase("distill", "all", 2, 1e-3, weight_average=0.9),),
    weights="none",
    width=0.35,
    input_size=SIZE,
    batch_size=16,
    view_count=2,
    mixup=0.4,
    feature_weight=1.0,
    fairness=Fairness("class", tolerance=0.0),
)


@pytest.fixture(scope="module")
def job(tmp_path_factory, tiny_networks):
    """A data set, a teacher, and a student distilled with every option."""
    folder = tmp_path_factory.mktemp("distill")
    manifest = read_manifest(make_photos(folder / "data"))
    teacher = TeacherRecipe(
        (Phase("A heads", "heads", 2, 1e-2, input_sizes=(64, SIZE)),), tiny_networks, "none", SIZE, batch_size=16
    )
    train_teacher(teacher, manifest, RunFolder("t", folder))
    report = distill_student(RECIPE, manifest, RunFolder("t", folder), RunFolder("s", folder))
    return folder, manifest, report


def test_the_report_has_the_gains_of_teacher_and_weights(job):
    folder, _, report = job
    assert report["teacher_answered_by"] == "tflite"
    assert set(report["fairness"]["groups"]) == set(report["test"]["per_class"])
    assert report["fairness"]["change_on_test"]["verdict"]
    assert report["without_teacher"]["gain"]["per_tone"]
    rows = (folder / "experiments/s/metrics.csv").read_text().splitlines()
    assert len(rows) == 1 + 3 * 2
    assert {row.partition(",")[0] for row in rows[1:]} == {"distill", '"distill'}
    models = {"student.keras", "student-without-teacher.keras", "student-without-weights.keras"}
    assert {path.name for path in (folder / "artifacts/s").iterdir()} == models
    gain = report["without_teacher"]["gain"]["verdict"]
    assert f"## Distillation gain\n\n- {gain}" in (folder / "experiments/s/card.md").read_text()


def test_predictions_for_the_test_split_are_stored_with_the_run(job):
    folder, manifest, report = job
    kept = RunFolder("s", folder).read_test_predictions()
    assert set(kept) == {"teacher", "student", "student-without-teacher", "student-without-weights"}
    truth = manifest.split("test")["diagnosis"].map(manifest.taxonomy.ids.index)
    for name, test in (
        ("student", report["test"]),
        ("teacher", report["teacher_test"]),
        ("student-without-teacher", report["without_teacher"]["test"]),
    ):
        counts = np.zeros((len(manifest.taxonomy.ids),) * 2, int)
        np.add.at(counts, (truth, kept[name].argmax(axis=1)), 1)
        assert counts.tolist() == test["confusion"]["counts"]


def test_the_distillation_gain_over_seeds_needs_only_stored_predictions(job):
    folder, manifest, report = job
    run, other = RunFolder("s", folder), RunFolder("s-other", folder)
    shutil.copytree(run.experiment, other.experiment)
    found = measure([run], manifest)
    assert found["together"] == found["runs"]["s"] == report["without_teacher"]["gain"]
    assert found["differs_in"] == {}
    rounded = dataclasses.replace(manifest, sha256="0" * 64)  # another processor's last digit of the light
    assert measure([run], rounded) == found
    with pytest.raises(UnusableInput, match=r"s, s-other.*\[42, 42\]"):
        measure([run, other], manifest)

    recipe = other.read_config()["distill"]
    other.write_config({"distill": {**recipe, "seed": 7}})
    assert measure([run, other], manifest)["together"] == found["together"]
    with pytest.raises(UnusableInput, match=r"\[42\].*\[7\]"):
        measure([run], manifest, [other])
    other.write_config({"distill": {**recipe, "seed": 7, "temperature": 3.0}})
    with pytest.raises(UnusableInput, match=r"s-other.*temperature"):
        measure([run, other], manifest)
    other.write_config({"distill": {**recipe, "seed": 7}})
    other.update_report("distill", {**report, "key": {**report["key"], "teacher_sha256": "0"}})
    with pytest.raises(UnusableInput, match=r"s-other.*teacher"):
        measure([run, other], manifest)


def test_students_of_two_recipes_are_compared_from_stored_predictions(job):
    folder, manifest, report = job
    run, other = RunFolder("s", folder), RunFolder("s-weighed", folder)
    shutil.copytree(run.experiment, other.experiment)
    other.write_config({"distill": {**other.read_config()["distill"], "temperature": 3.0}})
    other.write_test_predictions({"student": run.read_test_predictions()["student-without-weights"]})
    beside = measure([run], manifest, [other])
    assert beside["differs_in"] == {"temperature": [RECIPE.temperature, 3.0]}
    assert beside["together"] == report["fairness"]["change_on_test"]

    with pytest.raises(UnusableInput, match=r"s-weighed.*test_predictions\.npz"):
        measure([other], manifest)
    other.test_predictions_path.unlink()
    with pytest.raises(UnusableInput, match=r"s-weighed.*test_predictions\.npz"):
        measure([other], manifest)
    with pytest.raises(UnusableInput, match=r"'t'|t/"):
        measure([RunFolder("t", folder)], manifest)
    fewer = dataclasses.replace(manifest, frame=manifest.frame.iloc[:-1])
    with pytest.raises(UnusableInput, match=r"meta\.csv"):
        measure([run], fewer)


def test_students_of_other_seeds_share_predictions_and_can_add_the_baseline_later(job):
    folder, manifest, _ = job
    store, run = folder / "artifacts/t/answers", RunFolder("s7", folder)
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*.np?")}
    assert len(before) == 4
    recipe = dataclasses.replace(RECIPE, seed=7, without_teacher=False)
    report = distill_student(recipe, manifest, RunFolder("t", folder), run)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*.np?")} == before
    assert report["without_teacher"] is None

    kept = {path: path.read_bytes() for path in run.artifacts.iterdir()}
    assert {path.name for path in kept} == {"student.keras", "student-without-weights.keras"}
    epochs, trained = run.metrics_path.read_text().splitlines(), set()
    with pytest.raises(UnusableInput, match=r"s7/report\.json"):
        distill_student(dataclasses.replace(recipe, seed=8), manifest, RunFolder("t", folder), run)
    again = distill_student(recipe, manifest, RunFolder("t", folder), run, {"gates": {"agreement": 0.9}})
    assert again == report
    assert run.read_config()["convert"] == {"gates": {"agreement": 0.9}}
    with_baseline = dataclasses.replace(recipe, without_teacher=True)
    later = distill_student(
        with_baseline,
        manifest,
        RunFolder("t", folder),
        run,
        progress=lambda stage, done, total: trained.add(stage.partition(":")[0]) if "epoch" in stage else None,
    )
    assert trained == {"distill without teacher"}
    assert run.read_config()["convert"] == {"gates": {"agreement": 0.9}}
    assert later["without_teacher"]["gain"]["verdict"]
    for section in ("test", "kept_epochs", "fairness"):
        assert later[section] == report[section]
    assert {path: path.read_bytes() for path in kept} == kept
    rows = run.metrics_path.read_text().splitlines()
    assert rows[: len(epochs)] == epochs
    assert len(rows) == 1 + 3 * 2
    assert distill_student(recipe, manifest, RunFolder("t", folder), run) == later  # which has more than asked for


def test_a_teacher_that_does_not_fit_is_refused_before_anything_is_written(job):
    folder, manifest, _ = job
    for other in ({"input_size": 64}, {"crop_fraction": 0.5}, {"crop": "letterbox"}):
        with pytest.raises(UnusableInput, match=r"32 .*0\.8, .*(64 and .* 0\.8|32 and .* 0\.5|32 and letterbox 0\.8)"):
            recipe = dataclasses.replace(RECIPE, **other)
            distill_student(recipe, manifest, RunFolder("t", folder), RunFolder("other", folder))
    classes = manifest.taxonomy.classes
    order = ", ".join(c.id for c in classes)
    for other, named in ((classes[:-1], f"has {len(classes)} classes"), (classes[::-1], order)):
        relabelled = dataclasses.replace(manifest, taxonomy=dataclasses.replace(manifest.taxonomy, classes=other))
        with pytest.raises(UnusableInput, match=named):
            distill_student(RECIPE, relabelled, RunFolder("t", folder), RunFolder("other", folder))
    stranger = dataclasses.replace(manifest, sha256="0" * 64)
    with pytest.raises(UnusableInput, match=r"meta\.csv"):
        distill_student(RECIPE, stranger, RunFolder("t", folder), RunFolder("other", folder))
    with pytest.raises(UnusableInput, match=r"nobody.*teacher\.keras"):
        distill_student(RECIPE, manifest, RunFolder("nobody", folder), RunFolder("other", folder))
    with pytest.raises(UnusableInput, match=r"vgg.*mobilenetv3small"):
        recipe = dataclasses.replace(RECIPE, backbone="vgg")
        distill_student(recipe, manifest, RunFolder("t", folder), RunFolder("other", folder))
    assert not (folder / "experiments/other").exists()


def test_a_run_begun_by_another_recipe_is_kept_as_it_is(job):
    folder, manifest, _ = job
    run = RunFolder("begun", folder)
    recipe = dataclasses.replace(RECIPE, without_teacher=False, fairness=Fairness())

    def stop_after_an_epoch(stage, done, total):
        if "epoch 2" in stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        distill_student(recipe, manifest, RunFolder("t", folder), run, progress=stop_after_an_epoch)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for other in ({"mixup": 0.1}, {"seed": 3}):
        with pytest.raises(UnusableInput, match=r"begun/config\.yaml.*student-checkpoint"):
            distill_student(dataclasses.replace(recipe, **other), manifest, RunFolder("t", folder), run)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    report = distill_student(recipe, manifest, RunFolder("t", folder), run)
    assert report["without_teacher"] is None
    assert report["fairness"] is None


def test_the_students_calibration_is_pulled_to_its_teachers_and_the_baselines_to_the_identity(job):
    folder, *_ = job
    matrix = ccm_of(load_model(folder / "artifacts/t/teacher.keras"))[0]
    for name, target in (
        ("student", matrix),
        ("student-without-weights", matrix),
        ("student-without-teacher", np.eye(3)),
    ):
        layer = load_model(folder / f"artifacts/s/{name}.keras").get_layer(CCM_LAYER_NAME)
        np.testing.assert_array_equal(layer.pull.target, target.astype(np.float32))
        assert float(layer.losses[0]) == pytest.approx(RECIPE.ccm_reg * np.sum((layer.matrix.numpy() - target) ** 2))


def test_photos_edited_in_place_get_new_predictions(job, tmp_path):
    folder, manifest, _ = job
    teacher = load_model(folder / "artifacts/t/teacher.keras")
    shutil.copytree(manifest.path.parent, tmp_path / "data")
    manifest = read_manifest(tmp_path / "data" / manifest.path.name)

    def stores():
        teachers = [KerasTeacher(teacher, "t", RunFolder("t", tmp_path))]
        load_distillation_data(RECIPE, manifest, teachers, tmp_path, no_progress)
        return set((tmp_path / "artifacts/t/answers").iterdir())

    before = stores()
    assert stores() == before
    one, other, *_ = manifest.photo_paths(manifest.split("train"))
    one.write_bytes(other.read_bytes())
    assert len(stores() - before) == 1


def test_options_that_contradict_each_other_are_refused():
    with pytest.raises(UnusableInput, match=r"fairness.*dist"):
        dataclasses.replace(RECIPE, loss="dist")
    with pytest.raises(UnusableInput, match=r"mixup.*-1"):
        dataclasses.replace(RECIPE, mixup=-1)
    with pytest.raises(UnusableInput, match=r"distill\.mixup"):
        dataclasses.replace(RECIPE, phases=(Phase("a", "all", 1, 0.1, mixup=0.2),))


def test_unlabelled_photos_and_outside_test_sets_are_used_and_reported(job, tmp_path):
    folder, manifest, _ = job
    elsewhere = make_photos(tmp_path / "elsewhere")
    sizes = (dataclasses.replace(RECIPE.phases[0], input_sizes=(64, SIZE)),)
    recipe = dataclasses.replace(RECIPE, phases=sizes, mirrored=True, fairness=Fairness(), feature_weight=0.0)
    report = distill_student(
        recipe,
        manifest,
        RunFolder("t", folder),
        RunFolder("u", folder),
        also=[elsewhere],
        unlabelled=[tmp_path / "elsewhere" / "photos"],
    )
    assert report["unlabelled"]["photos"] == 72
    assert report["meta_sha256"] == manifest.sha256
    outside = report["also"]["elsewhere"]
    assert set(outside["test"]) == {"student", "student-without-teacher", "teacher"}
    assert outside["gain"]["balanced_accuracy"]["n"] == outside["n"] == 72
    card = (folder / "experiments/u/card.md").read_text()
    assert "## Unlabelled photos" in card and "## Outside test sets" in card
