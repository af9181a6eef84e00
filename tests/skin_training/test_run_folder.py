import csv
import json
import re
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from skin_training.run_folder import RunFolder
from triage.errors import UnusableInput


def test_nothing_is_created_before_something_is_written(tmp_path):
    RunFolder("quiet", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../outside", "a b", "-v", ".hidden"])
def test_a_name_that_is_no_folder_name_is_refused(name):
    with pytest.raises(UnusableInput, match="Received"):
        RunFolder(name)


def test_points_of_curves_are_not_stored(tmp_path):
    run = RunFolder("r", tmp_path)
    run.update_report("verify", {"files": [{"test": {"n": 1, "curves": {"a": [0.5]}}}]})
    assert run.read_report() == {"verify": {"files": [{"test": {"n": 1}}]}}


def test_sections_of_report_and_config_do_not_overwrite_each_other(tmp_path):
    run = RunFolder("r", tmp_path)
    run.update_report("teacher", {"a": 1})
    run.update_report("verify", {"b": 2})
    assert run.read_report() == {"teacher": {"a": 1}, "verify": {"b": 2}}
    run.write_config({"teacher": {"x": 1}})
    run.write_config({"distill": {"y": 2}})
    assert run.read_config() == {"teacher": {"x": 1}, "distill": {"y": 2}}


@pytest.mark.parametrize("kept", [100, 0])
def test_predictions_are_the_same_bytes_again_and_refused_when_truncated(tmp_path, kept):
    run, predictions = RunFolder("r", tmp_path), {"student": np.full((4, 3), 1 / 3, np.float32)}
    run.write_test_predictions(predictions)
    written = run.test_predictions_path.read_bytes()
    np.testing.assert_array_equal(run.read_test_predictions()["student"], predictions["student"])
    run.write_test_predictions(predictions)
    assert run.test_predictions_path.read_bytes() == written
    run.test_predictions_path.write_bytes(written[:kept])
    with pytest.raises(UnusableInput, match=r"test_predictions\.npz"):
        run.read_test_predictions()


def test_metrics_have_the_union_of_columns(tmp_path):
    run = RunFolder("r", tmp_path)
    run.write_metrics([{"phase": "A", "loss": 1}, {"phase": "B", "accuracy": 0.5}])
    with open(run.experiment / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"phase": "A", "loss": "1", "accuracy": ""}
    assert rows[1]["accuracy"] == "0.5"


def test_environment_names_versions(tmp_path):
    run = RunFolder("r", tmp_path)
    run.write_environment()
    found = json.loads((run.experiment / "environment.json").read_text())
    assert found["packages"]["tensorflow"]
    assert found["cores"] >= 1
    assert abs(datetime.now(timezone.utc) - datetime.fromisoformat(found["date"])) < timedelta(hours=1)
    assert found["commit"] is None or re.fullmatch("[0-9a-f]{12,}(-dirty)?", found["commit"])


def test_a_run_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UnusableInput, match=r"missing/config\.yaml"):
        RunFolder("missing", tmp_path).read_config()
    with pytest.raises(UnusableInput, match=r"missing/report\.json"):
        RunFolder("missing", tmp_path).read_report()
