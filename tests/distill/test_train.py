"""A whole distillation, small: every option at once, and what stops it."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from benchmarks.kills.noise import make_photos
from benchmarks.worth_over_seeds import measure
from distill.fairness import Fairness
from distill.recipe import DistillRecipe
from distill.train import distill_student
from teacher.data.manifest import read_manifest
from teacher.recipe import Phase, TeacherRecipe
from teacher.run_folder import RunFolder
from teacher.train import train_teacher
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
def job(tmp_path_factory):
    """A data set, a teacher, and a student distilled with every option."""
    folder = tmp_path_factory.mktemp("distill")
    manifest = read_manifest(make_photos(folder / "data"))
    teacher = TeacherRecipe((Phase("A heads", "heads", 1, 1e-2),), "resnet10", "none", SIZE, batch_size=16)
    train_teacher(teacher, manifest, RunFolder("t", folder))
    report = distill_student(RECIPE, manifest, RunFolder("t", folder), RunFolder("s", folder))
    return folder, manifest, report


def test_the_report_says_what_teacher_and_weights_did(job):
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
    card = json.loads((folder / "experiments/s/card.json").read_text())
    assert card["worth_of_the_teacher"]["verdict"]


def test_what_the_models_answered_to_the_test_split_is_kept_with_the_run(job):
    folder, manifest, report = job
    kept = RunFolder("s", folder).read_test_answers()
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


def test_a_teachers_worth_over_seeds_needs_only_what_the_runs_keep(job):
    folder, manifest, report = job
    run, other = RunFolder("s", folder), RunFolder("s-other", folder)
    shutil.copytree(run.experiment, other.experiment)
    found = measure([run, other], manifest)
    assert found["together"] == found["runs"]["s"] == report["without_teacher"]["gain"]
    assert found["differs_in"] == {}
    assert measure([run], dataclasses.replace(manifest, sha256="0" * 64)) == measure([run], manifest)  # light rounded

    with pytest.raises(UnusableInput, match=r"counts once.*: s-other"):
        measure([run, other, other], manifest)
    fewer = dataclasses.replace(manifest, frame=manifest.frame.iloc[:-1])
    with pytest.raises(UnusableInput, match=r"another meta\.csv"):
        measure([run], fewer)
    other.write_config({"distill": {**other.read_config()["distill"], "temperature": 3.0}})
    with pytest.raises(UnusableInput, match="s-other with another temperature"):
        measure([run, other], manifest)
    other.write_test_answers({"student": run.read_test_answers()["student-without-weights"]})
    beside = measure([run], manifest, [other])
    assert beside["differs_in"] == {"temperature": [RECIPE.temperature, 3.0]}
    assert beside["together"] == report["fairness"]["change_on_test"]
    with pytest.raises(UnusableInput, match="1 runs against 2"):
        measure([run], manifest, [other, run])
    with pytest.raises(UnusableInput, match="is no student's"):
        measure([RunFolder("t", folder)], manifest)
    with pytest.raises(UnusableInput, match="no student trained without"):
        measure([other], manifest)
    other.test_answers_path.unlink()
    with pytest.raises(UnusableInput, match="does not hold its models' answers"):
        measure([other], manifest)


def test_students_of_other_seeds_share_the_teachers_answers_and_may_get_their_twin_later(job):
    folder, manifest, _ = job
    store, run = folder / "artifacts/t/answers", RunFolder("s7", folder)
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*.np?")}
    assert len(before) == 4
    recipe = dataclasses.replace(RECIPE, seed=7, without_teacher=False, fairness=Fairness())
    report = distill_student(recipe, manifest, RunFolder("t", folder), run)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("*.np?")} == before
    assert report["without_teacher"] is None
    assert report["fairness"] is None

    student, epochs = (run.artifacts / "student.keras").read_bytes(), run.metrics_path.read_text().splitlines()
    with pytest.raises(UnusableInput, match="another recipe"):
        distill_student(dataclasses.replace(recipe, seed=8), manifest, RunFolder("t", folder), run)
    later = distill_student(dataclasses.replace(recipe, without_teacher=True), manifest, RunFolder("t", folder), run)
    assert later["without_teacher"]["gain"]["verdict"]
    assert later["test"] == report["test"]
    assert later["best_epochs"] == report["best_epochs"]
    assert (run.artifacts / "student.keras").read_bytes() == student
    rows = run.metrics_path.read_text().splitlines()
    assert rows[: len(epochs)] == epochs
    assert len(rows) == 1 + 2 * 2


def test_a_teacher_that_does_not_fit_is_refused_before_anything_is_written(job):
    folder, manifest, _ = job
    with pytest.raises(UnusableInput, match=r"a teacher of 32 px, a student of\s+64 px"):
        recipe = dataclasses.replace(RECIPE, input_size=64)
        distill_student(recipe, manifest, RunFolder("t", folder), RunFolder("other", folder))
    stranger = dataclasses.replace(manifest, sha256="0" * 64)
    with pytest.raises(UnusableInput, match="another split"):
        distill_student(RECIPE, stranger, RunFolder("t", folder), RunFolder("other", folder))
    with pytest.raises(UnusableInput, match="has no teacher"):
        distill_student(RECIPE, manifest, RunFolder("nobody", folder), RunFolder("other", folder))
    with pytest.raises(UnusableInput, match="Known: mobilenetv3small"):
        recipe = dataclasses.replace(RECIPE, backbone="vgg")
        distill_student(recipe, manifest, RunFolder("t", folder), RunFolder("other", folder))
    assert not (folder / "experiments/other").exists()


def test_options_that_contradict_each_other_are_refused():
    with pytest.raises(UnusableInput, match="cannot weigh groups"):
        dataclasses.replace(RECIPE, loss="dist")
    with pytest.raises(UnusableInput, match="0 or more"):
        dataclasses.replace(RECIPE, mixup=-1)
    with pytest.raises(UnusableInput, match=r"distill\.mixup counts"):
        dataclasses.replace(RECIPE, phases=(Phase("a", "all", 1, 0.1, mixup=0.2),))
