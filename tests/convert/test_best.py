"""The order of candidates and the choice; tests/skin_distill/test_pipeline.py converts and verifies real files."""

import json
from types import SimpleNamespace

import pytest

from convert import best
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED, GateResult
from skin_training.run_folder import RunFolder
from triage.errors import CheckFailed, UnusableInput

SIZES = {"int8": 100, "int8-qat": 101, "int8-weights": 120, "float16": 200, "float32": 400}
LATENCY = {"int8": 3.0, "int8-weights": 2.04, "float16": 2.0, "float32": 2.01}


def gate(outcome, beyond=False):
    return GateResult("agreement", "0.900", "at least 0.97", outcome, beyond)


@pytest.fixture
def choice(tmp_path, monkeypatch):
    """`choice.run(objective, gates)` chooses among `SIZES`; `seen` lists what was converted, checked and verified."""
    run = RunFolder("s", tmp_path)
    seen = SimpleNamespace(converted=[], checked=[], verified=[])
    outcomes = {}

    def convert(run, manifest, names, progress):
        paths = {name: run.artifacts / f"student-{name}.tflite" for name in names}
        run.artifacts.mkdir(parents=True, exist_ok=True)
        for name, path in paths.items():
            seen.converted.append(name)
            path.write_bytes(name.encode().ljust(SIZES[name]))
        return paths

    class Verifier:
        def __init__(self, run, manifest, split, **others):
            assert split == "val"

        def check(self, path, is_best):
            name = path.stem.removeprefix("student-")
            seen.checked.append(name)
            gates = [outcomes.get(name, gate(PASSED))]
            return SimpleNamespace(
                variant=name, gates=gates, inconclusive=["tone dark"] if gates[0].outcome == INCONCLUSIVE else []
            )

    def verify(paths, run, manifest, **others):
        seen.verified += [path.read_bytes().decode().strip() for path in paths]
        return SimpleNamespace(passed=seen.verified != ["int8"])

    monkeypatch.setattr(best, "convert", convert)
    monkeypatch.setattr(best, "Verifier", Verifier)
    monkeypatch.setattr(best, "verify", verify)
    monkeypatch.setattr(best, "latencies", lambda flatbuffers: {name: LATENCY[name] for name in flatbuffers})
    monkeypatch.setattr(best, "read_model", lambda path: SimpleNamespace(flatbuffer=path.read_bytes()))

    def choose(objective, found=None):
        outcomes.update(found or {})
        return best.choose_best(run, None, list(reversed(SIZES)), objective)

    return SimpleNamespace(folder=run, seen=seen, run=choose)


def test_the_first_that_passes_is_chosen_and_the_failures_of_the_others_are_kept(choice):
    found = choice.run("size", {"int8": gate(FAILED, True), "int8-qat": gate(FAILED)})
    assert choice.seen.checked == ["int8", "int8-qat", "int8-weights"]
    assert [c.why for c in found.candidates] == [["agreement: 0.900; limit: at least 0.97"]] * 2 + [[]]
    assert choice.seen.verified == ["int8-weights"]
    section = json.loads(choice.folder.report_path.read_text())["best"]
    assert (section["variant"], section["chosen_on"], section["passed_on_test"]) == ("int8-weights", "val", True)
    assert found.file.read_bytes() == (choice.folder.artifacts / "student-int8-weights.tflite").read_bytes()


def test_a_failed_training_is_a_failed_candidate(choice, monkeypatch):
    convert = best.convert

    def failing(run, manifest, names, progress):
        if names == ["int8-qat"]:
            raise CheckFailed("the loss is not finite")
        return convert(run, manifest, names, progress)

    monkeypatch.setattr(best, "convert", failing)
    found = choice.run("size", {"int8": gate(FAILED, True)})
    assert [(c.variant, c.passed) for c in found.candidates][1:] == [
        ("int8-qat", False),
        ("int8-weights", True),
    ]
    assert found.candidates[1].why == ["the loss is not finite"]
    assert found.candidates[1].bytes is None


def test_nothing_is_trained_before_its_turn(choice):
    choice.run("size")
    assert "int8-qat" not in choice.seen.converted


def test_of_equally_fast_files_the_smallest_comes_first(choice):
    choice.run("latency", dict.fromkeys(("int8-weights", "float16", "float32", "int8"), gate(FAILED, True)))
    assert choice.seen.checked == ["int8-weights", "float16", "float32", "int8", "int8-qat"]


def test_too_few_photos_excuse_a_change_within_the_limit_only(choice):
    found = choice.run("size", {"int8": gate(INCONCLUSIVE, True), "int8-qat": gate(INCONCLUSIVE)})
    assert [(c.variant, c.passed) for c in found.candidates] == [
        ("int8", False),
        ("int8-qat", True),
    ]
    assert found.candidates[-1].untold == ["tone dark"]


def test_a_choice_that_fails_on_the_test_split_is_not_replaced(choice):
    found = choice.run("size")
    assert not found.verification.passed
    assert found.file is None
    assert not (choice.folder.artifacts / best.FILE_NAME).exists()
    assert choice.seen.verified == ["int8"]
    assert json.loads(choice.folder.report_path.read_text())["best"]["passed_on_test"] is False


@pytest.fixture
def earlier(choice):
    """The file that an earlier call chose."""
    choice.run("size", {"int8": gate(FAILED, True), "int8-qat": gate(FAILED, True)})
    return choice.folder.artifacts / best.FILE_NAME


def test_an_earlier_file_stays_until_another_is_verified(choice, earlier, monkeypatch):
    before, report = earlier.read_bytes(), choice.folder.report_path.read_bytes()
    with pytest.raises(UnusableInput, match="colour"):
        choice.run("colour")

    def refuse(*_, **__):
        raise UnusableInput("another split")

    with monkeypatch.context() as patched:
        patched.setattr(best, "Verifier", refuse)
        with pytest.raises(UnusableInput, match="another split"):
            choice.run("size")
    assert (earlier.read_bytes(), choice.folder.report_path.read_bytes()) == (before, report)
    monkeypatch.setattr(best, "verify", refuse)
    with pytest.raises(UnusableInput, match="another split"):
        choice.run("size")
    assert earlier.read_bytes() == before


def test_where_none_passes_there_is_no_file(choice, earlier):
    with pytest.raises(CheckFailed, match="int8-weights"):
        choice.run("size", dict.fromkeys(SIZES, gate(FAILED, True)))
    assert not earlier.exists()
