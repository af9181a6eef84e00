"""The life cycle of a stage: found, refused, resumed, extended, finished, cleaned up."""

import numpy as np
import pytest
import yaml

from skin_training.run_folder import RunFolder
from triage.errors import UnusableInput

KEY, CONFIG = {"seed": 1}, {"teacher": {"seed": 1}, "data": {"meta_sha256": "a"}}


@pytest.fixture
def run(tmp_path):
    return RunFolder("r", tmp_path)


def teacher(run, key=KEY, config=CONFIG, **options):
    return run.stage("teacher", key, config, checkpoints="teacher", **options)


def leave_a_checkpoint(run):
    with teacher(run) as stage:
        stage.begin()
    run.artifacts.mkdir(parents=True)
    run.checkpoint("teacher").write_bytes(b"state")
    run.features.mkdir()


def test_nothing_is_written_before_a_stage_begins(run, tmp_path):
    with teacher(run) as stage:
        assert not stage.finished
        assert not list(tmp_path.iterdir())
        stage.begin(convert={"x": 1})
    assert yaml.safe_load(run.config_path.read_text()) == {**CONFIG, "convert": {"x": 1}}
    assert (run.experiment / "environment.json").is_file()
    assert not run.report_path.exists()


def test_a_finished_stage_is_found_by_its_key_and_another_key_is_refused(run):
    with teacher(run) as stage:
        assert stage.finish({"value": 3}) == {"key": KEY, "value": 3}
    with teacher(run) as stage:
        assert stage.finished
        assert stage.report == {"key": KEY, "value": 3}
    before = run.report_path.read_bytes()
    with pytest.raises(UnusableInput) as refused, teacher(run, {"seed": 2}):
        pass
    assert str(run.report_path) in str(refused.value)
    assert run.report_path.read_bytes() == before


def test_a_stage_may_be_contained_in_another_or_extend_it(run):
    with teacher(run) as stage:
        stage.finish({"value": 3})
    with teacher(run, {"seed": 2}, accepts=[KEY]) as stage:
        assert stage.finished
    with teacher(run, {"seed": 2}, extends=[KEY]) as stage:
        assert not stage.finished
        assert stage.earlier == {"key": KEY, "value": 3}


def test_finishing_writes_weights_and_card_and_removes_checkpoints(run):
    leave_a_checkpoint(run)
    with teacher(run) as stage:
        (run.artifacts / "teacher.keras").write_bytes(b"model")
        stage.finish({})
        assert run.checkpoint("teacher").exists()
    assert not run.checkpoint("teacher").exists()
    assert not run.features.exists()
    assert "teacher.keras" in (run.experiment / "weights.txt").read_text()
    assert "A teacher" in (run.experiment / "card.md").read_text()


def test_a_kill_after_the_report_is_made_good_by_the_next_call(run):
    leave_a_checkpoint(run)
    with pytest.raises(KeyboardInterrupt), teacher(run) as stage:
        stage.finish({})
        raise KeyboardInterrupt
    assert run.checkpoint("teacher").exists()
    assert not (run.experiment / "card.md").exists()
    with teacher(run) as stage:
        assert stage.finished
    assert not run.checkpoint("teacher").exists()
    assert (run.experiment / "card.md").exists()


def test_an_unfinished_training_is_kept_from_another_recipe(run):
    leave_a_checkpoint(run)
    with teacher(run) as stage:
        assert not stage.finished
    other = {**CONFIG, "teacher": {"seed": 2}}
    with pytest.raises(UnusableInput) as refused, teacher(run, config=other):
        pass
    assert "'teacher'" in str(refused.value)
    assert str(run.checkpoint("teacher")) in str(refused.value)


def test_an_incremental_stage_goes_on_under_its_key_and_replaces_another(run):
    with run.stage("convert", KEY, incremental=True) as stage:
        assert stage.report == {}
        stage.save({"variants": {"a": 1}})
    with run.stage("convert", KEY, incremental=True) as stage:
        assert not stage.finished
        assert stage.report["variants"] == {"a": 1}
        stage.finish()
        assert stage.finished
    assert run.read_report() == {"convert": {"key": KEY, "variants": {"a": 1}}}
    assert not (run.experiment / "card.md").exists()
    with run.stage("convert", {"seed": 2}, incremental=True) as stage:
        assert stage.report == {}


def test_a_process_that_must_not_write_works_on_a_copy_with_the_checkpoints(run):
    leave_a_checkpoint(run)
    before = sorted(path for path in run.root.rglob("*") if path.is_file())
    with teacher(run, writes=False) as stage:
        assert stage.run.root != run.root
        assert stage.run.checkpoint("teacher").read_bytes() == b"state"
        stage.begin()
        stage.finish({"value": np.pi})
    assert sorted(path for path in run.root.rglob("*") if path.is_file()) == before


def test_classes_of_a_finished_stage_are_checked(run):
    class Manifest:
        def check_classes(self, known, whose):
            raise UnusableInput(f"{whose}: {known}")

    with teacher(run) as stage:
        stage.finish({"test": {"confusion": {"classes": ["a", "b"]}}})
    with pytest.raises(UnusableInput, match=r"'r'.*\['a', 'b'\]"), teacher(run, manifest=Manifest()):
        pass
