import dataclasses

import pytest

from convert.convert import convert
from convert.verifying.verifier import Verifier
from skin_training.evaluation.thresholds import MIN_GROUPS, NEUTRAL_URGENT
from triage.atomic import write_json
from triage.errors import UnusableInput
from triage.model_file import pack_model, read_model


def test_what_a_kill_left_undone_is_put_right_by_the_next_start(small_run):
    run, manifest = small_run
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


def test_classes_in_another_order_are_refused_and_another_urgency_makes_the_file_anew(small_run):
    run, manifest = small_run
    path = convert(run, manifest, ["float32"])["float32"]
    before = path.read_bytes()

    def with_classes(classes):
        return dataclasses.replace(manifest, taxonomy=dataclasses.replace(manifest.taxonomy, classes=tuple(classes)))

    classes, first_id = manifest.taxonomy.classes, manifest.taxonomy.ids[0]
    for other in (classes[::-1], classes[:-1]):
        with pytest.raises(UnusableInput, match=first_id):
            convert(run, with_classes(other), ["float32"])
        with pytest.raises(UnusableInput, match=first_id):
            Verifier(run, with_classes(other), "val")
    assert path.read_bytes() == before

    first = dataclasses.replace(classes[0], urgency="urgent" if classes[0].urgency != "urgent" else "routine")
    convert(run, with_classes([first, *classes[1:]]), ["float32"])
    assert read_model(path).card["classes"][0]["urgency"] == first.urgency


def test_a_file_with_classes_in_another_order_is_not_of_the_student(small_run, tmp_path):
    run, manifest = small_run
    model = read_model(convert(run, manifest, ["float32"])["float32"])
    other = tmp_path / "other.tflite"
    other.write_bytes(pack_model(model.flatbuffer, {**model.card, "classes": model.card["classes"][::-1]}))
    with pytest.raises(UnusableInput, match=str(other)):
        Verifier(run, manifest, "val").check(other)


def test_a_file_of_another_student_is_refused_and_an_older_one_that_does_not_tell_is_not(small_run, tmp_path):
    run, manifest = small_run
    model = read_model(convert(run, manifest, ["float32"])["float32"])
    verifier, lineage = Verifier(run, manifest, "val"), model.card["lineage"]
    other = tmp_path / "other.tflite"
    other.write_bytes(pack_model(model.flatbuffer, {**model.card, "lineage": {**lineage, "student_sha256": "f" * 64}}))
    with pytest.raises(UnusableInput, match=str(other)):
        verifier.check(other)
    older = {name: value for name, value in lineage.items() if name != "student_sha256"}
    other.write_bytes(pack_model(model.flatbuffer, {**model.card, "lineage": older}))
    verifier.check(other)


def test_a_variant_with_a_training_of_its_own_reports_it(small_run):
    run, manifest = small_run
    run.write_config({"convert": {"quantization_aware": {"epochs": 1}}})
    path = convert(run, manifest, ["int8-qat"])["int8-qat"]
    (row,) = run.read_report()["convert"]["variants"]["int8-qat"]["training"]["rows"]
    assert row["epoch"] == 1
    assert read_model(path).card["variant"] == "int8-qat"


def test_limits_make_no_file_anew_and_an_unfinished_student_is_named(small_run):
    run, manifest = small_run
    path = convert(run, manifest, ["float32"])["float32"]
    made = path.stat().st_mtime_ns
    run.write_config({"convert": {"gates": {"agreement": 0.5}}})
    convert(run, manifest, ["float32"])
    assert path.stat().st_mtime_ns == made
    report = run.read_report()
    del report["distill"]
    write_json(run.report_path, report)
    with pytest.raises(UnusableInput, match=r"report\.json"):
        convert(run, manifest, ["float32"])


def test_the_card_says_what_was_fitted_and_on_whom(small_run):
    run, manifest = small_run
    card = read_model(convert(run, manifest, ["float32"])["float32"]).card
    assert card["thresholds"]["fitted_on"] == "the float student, validation split"
    groups = manifest.split("val")["group"].nunique()
    assert groups < MIN_GROUPS and f"{groups} groups" in card["thresholds"]["not_fitted"]["temperature"]
    # No class of this data set is urgent.
    assert (card["temperature"], card["thresholds"]["urgent"]) == (1.0, NEUTRAL_URGENT)
    assert card["thresholds"]["urgent_sensitivity"] is None and "urgent" not in card["thresholds"]["not_fitted"]
