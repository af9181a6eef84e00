"""The climb itself; that real files are converted and judged is shown in tests/skin_distill/test_pipeline.py."""

import json
from types import SimpleNamespace

import pytest

from convert import best
from convert.verifying.gates import CANNOT_TELL, FAILED, PASSED, Verdict
from skin_training.run_folder import RunFolder
from triage.errors import CheckFailed, UnusableInput

SIZES = {"int8": 100, "int8-qat": 101, "int8-weights": 120, "float16": 200, "float32": 400}
LATENCY = {"int8": 3.0, "int8-weights": 2.04, "float16": 2.0, "float32": 2.01}


def verdict(outcome, beyond=False):
    return Verdict("agreement", "0.900", "at least 0.97", outcome, beyond)


@pytest.fixture
def climb(tmp_path, monkeypatch):
    """`climb(objective, verdicts)` chooses among `SIZES`; what was converted and judged stands in `seen`."""
    run = RunFolder("s", tmp_path)
    seen = SimpleNamespace(converted=[], judged=[], verified=[])
    outcomes = {}

    def convert(run, manifest, names, progress):
        paths = {name: run.artifacts / f"student-{name}.tflite" for name in names}
        run.artifacts.mkdir(parents=True, exist_ok=True)
        for name, path in paths.items():
            seen.converted.append(name)
            path.write_bytes(name.encode().ljust(SIZES[name]))
        return paths

    class Examiner:
        def __init__(self, run, manifest, split, **others):
            assert split == "val"

        def examine(self, path, is_best):
            name = path.stem.removeprefix("student-")
            seen.judged.append(name)
            gates = [outcomes.get(name, verdict(PASSED))]
            return SimpleNamespace(
                variant=name, gates=gates, untold=["tone dark"] if gates[0].outcome == CANNOT_TELL else []
            )

    def verify(paths, run, manifest, **others):
        seen.verified += [path.read_bytes().decode().strip() for path in paths]
        return SimpleNamespace(passed=seen.verified != ["int8"])

    monkeypatch.setattr(best, "convert", convert)
    monkeypatch.setattr(best, "Examiner", Examiner)
    monkeypatch.setattr(best, "verify", verify)
    monkeypatch.setattr(best, "latencies", lambda flatbuffers: {name: LATENCY[name] for name in flatbuffers})
    monkeypatch.setattr(best, "read_model", lambda path: SimpleNamespace(flatbuffer=path.read_bytes()))

    def climbing(objective, found=None):
        outcomes.update(found or {})
        return best.choose_best(run, None, list(reversed(SIZES)), objective)

    return SimpleNamespace(run=run, seen=seen, go=climbing)


def test_the_climb_stops_at_the_first_that_passes_and_says_why_the_others_did_not(climb):
    found = climb.go("size", {"int8": verdict(FAILED, True), "int8-qat": verdict(FAILED)})
    assert climb.seen.judged == ["int8", "int8-qat", "int8-weights"]
    assert [rung.why for rung in found.rungs] == [["agreement: 0.900; limit: at least 0.97"]] * 2 + [[]]
    assert climb.seen.verified == ["int8-weights"]
    section = json.loads(climb.run.report_path.read_text())["best"]
    assert (section["variant"], section["chosen_on"], section["passed_on_test"]) == ("int8-weights", "val", True)
    assert found.file.read_bytes() == (climb.run.artifacts / "student-int8-weights.tflite").read_bytes()


def test_a_file_that_cannot_be_made_is_one_rung_and_not_the_end(climb, monkeypatch):
    convert = best.convert

    def failing(run, manifest, names, progress):
        if names == ["int8-qat"]:
            raise CheckFailed("the loss is not finite")
        return convert(run, manifest, names, progress)

    monkeypatch.setattr(best, "convert", failing)
    found = climb.go("size", {"int8": verdict(FAILED, True)})
    assert [(rung.variant, rung.passed) for rung in found.rungs][1:] == [("int8-qat", False), ("int8-weights", True)]
    assert best.describe(found.rungs[1]) == "int8-qat: the loss is not finite"


def test_nothing_is_trained_before_its_turn(climb):
    climb.go("size")
    assert "int8-qat" not in climb.seen.converted


def test_of_equally_quick_files_the_smallest_comes_first(climb):
    climb.go("latency", dict.fromkeys(("int8-weights", "float16", "float32", "int8"), verdict(FAILED, True)))
    assert climb.seen.judged == ["int8-weights", "float16", "float32", "int8", "int8-qat"]


def test_too_few_photos_excuse_a_change_within_the_limit_only(climb):
    found = climb.go("size", {"int8": verdict(CANNOT_TELL, True), "int8-qat": verdict(CANNOT_TELL)})
    assert [(rung.variant, rung.passed) for rung in found.rungs] == [("int8", False), ("int8-qat", True)]
    assert found.rungs[-1].untold == ["tone dark"]


def test_a_choice_that_fails_on_the_test_split_is_not_exchanged(climb):
    found = climb.go("size")
    assert not found.proof.passed
    assert found.file is None
    assert not (climb.run.artifacts / best.FILE_NAME).exists()
    assert climb.seen.verified == ["int8"]
    assert json.loads(climb.run.report_path.read_text())["best"]["passed_on_test"] is False


@pytest.fixture
def earlier(climb):
    """The file of an earlier climb."""
    climb.go("size", {"int8": verdict(FAILED, True), "int8-qat": verdict(FAILED, True)})
    return climb.run.artifacts / best.FILE_NAME


def test_an_earlier_file_stays_until_another_is_proved(climb, earlier, monkeypatch):
    before, report = earlier.read_bytes(), climb.run.report_path.read_bytes()
    with pytest.raises(UnusableInput, match="size or latency"):
        climb.go("colour")

    def refuse(*_, **__):
        raise UnusableInput("another split")

    with monkeypatch.context() as patched:
        patched.setattr(best, "Examiner", refuse)
        with pytest.raises(UnusableInput, match="another split"):
            climb.go("size")
    assert (earlier.read_bytes(), climb.run.report_path.read_bytes()) == (before, report)
    monkeypatch.setattr(best, "verify", refuse)
    with pytest.raises(UnusableInput, match="another split"):
        climb.go("size")
    assert earlier.read_bytes() == before


def test_where_none_passes_there_is_no_file(climb, earlier):
    with pytest.raises(CheckFailed, match=r"int8-weights, 0.00 MB: agreement: 0.900"):
        climb.go("size", dict.fromkeys(SIZES, verdict(FAILED, True)))
    assert not earlier.exists()
