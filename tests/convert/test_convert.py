import dataclasses

import pytest
import tf_keras as keras

from convert.convert import convert
from convert.verifying.verifier import Verifier
from distill.student import build_student
from skin_data.manifest import read_manifest
from skin_training.run_folder import RunFolder
from tests.noise_data import SIZE, make_photos
from triage.errors import UnusableInput
from triage.model_file import pack_model, read_model


@pytest.fixture
def job(tmp_path, tiny_networks):
    """A run with an untrained student, and its data set."""
    manifest, run = read_manifest(make_photos(tmp_path / "data")), RunFolder("s", tmp_path)
    keras.utils.set_random_seed(0)
    run.save_model(build_student(len(manifest.taxonomy.ids), SIZE, width=0.35), "student.keras")
    run.write_config({"distill": {"crop_fraction": 0.8}, "teacher_run": "t", "data": {"meta_sha256": manifest.sha256}})
    test = {"per_tone": {}, "confusion": {"classes": list(manifest.taxonomy.ids)}}
    run.update_report("distill", {"key": {"teacher_sha256": "0" * 64}, "test": test})
    return run, manifest


def test_what_a_kill_left_undone_is_put_right_by_the_next_start(job):
    run, manifest = job
    path = convert(run, manifest, ["float32"])["float32"]
    listed, made = (run.experiment / "weights.txt").read_text(), path.stat().st_mtime_ns
    assert path.name in listed
    # Killed between the report and the list of files, and while a file was written.
    (run.experiment / "weights.txt").unlink()
    half_written = run.artifacts / ".student-float32-k3v9x2pa.half.tflite"
    half_written.touch()
    convert(run, manifest, ["float32"])
    assert (run.experiment / "weights.txt").read_text() == listed
    assert not half_written.exists()
    assert path.stat().st_mtime_ns == made


def test_classes_in_another_order_are_refused_and_another_urgency_makes_the_file_anew(job):
    run, manifest = job
    path = convert(run, manifest, ["float32"])["float32"]
    before = path.read_bytes()

    def with_classes(classes):
        return dataclasses.replace(manifest, taxonomy=dataclasses.replace(manifest.taxonomy, classes=tuple(classes)))

    classes = manifest.taxonomy.classes
    for other in (classes[::-1], classes[:-1]):
        with pytest.raises(UnusableInput, match="other classes, or in another order"):
            convert(run, with_classes(other), ["float32"])
        with pytest.raises(UnusableInput, match="other classes, or in another order"):
            Verifier(run, with_classes(other), "val")
    assert path.read_bytes() == before

    first = dataclasses.replace(classes[0], urgency="urgent" if classes[0].urgency != "urgent" else "routine")
    convert(run, with_classes([first, *classes[1:]]), ["float32"])
    assert read_model(path).card["classes"][0]["urgency"] == first.urgency


def test_a_file_with_classes_in_another_order_is_not_of_the_student(job, tmp_path):
    run, manifest = job
    model = read_model(convert(run, manifest, ["float32"])["float32"])
    other = tmp_path / "other.tflite"
    other.write_bytes(pack_model(model.flatbuffer, {**model.card, "classes": model.card["classes"][::-1]}))
    with pytest.raises(UnusableInput, match="not of this student"):
        Verifier(run, manifest, "val").check(other)


def test_a_file_of_another_student_is_refused_and_an_older_one_that_does_not_tell_is_not(job, tmp_path):
    run, manifest = job
    model = read_model(convert(run, manifest, ["float32"])["float32"])
    verifier, lineage = Verifier(run, manifest, "val"), model.card["lineage"]
    other = tmp_path / "other.tflite"
    other.write_bytes(pack_model(model.flatbuffer, {**model.card, "lineage": {**lineage, "student_sha256": "f" * 64}}))
    with pytest.raises(UnusableInput, match="made from another student"):
        verifier.check(other)
    older = {name: value for name, value in lineage.items() if name != "student_sha256"}
    other.write_bytes(pack_model(model.flatbuffer, {**model.card, "lineage": older}))
    verifier.check(other)


def test_limits_make_no_file_anew_and_an_unfinished_student_is_named(job):
    run, manifest = job
    path = convert(run, manifest, ["float32"])["float32"]
    made = path.stat().st_mtime_ns
    run.write_config({"convert": {"gates": {"agreement": 0.5}}})
    convert(run, manifest, ["float32"])
    assert path.stat().st_mtime_ns == made
    run.update_report("distill", None)
    with pytest.raises(UnusableInput, match="is not finished"):
        convert(run, manifest, ["float32"])


def test_the_card_says_what_its_threshold_caught_and_of_whom(job):
    run, manifest = job
    thresholds = read_model(convert(run, manifest, ["float32"])["float32"]).card["thresholds"]
    assert thresholds["fitted_on"] == "the float student, validation split"
    frame = manifest.split("val")
    urgent = {c.id for c in manifest.taxonomy.classes if c.urgency == "urgent"}
    if frame["diagnosis"].isin(urgent).any():
        assert 0.9 <= thresholds["urgent_sensitivity"] <= 1
    else:
        assert thresholds["urgent_sensitivity"] is None
