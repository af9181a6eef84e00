import copy

import pytest

from benchmarks.reproduction import compare_reports
from triage.errors import UnusableInput


def figures(accuracy, auc=0.9):
    def figure(value):
        return {"value": value, "low": None, "high": None, "n": 100}

    return {
        "diagnosis": {name: figure(accuracy) for name in ("accuracy", "balanced_accuracy", "macro_f1", "ece")},
        "lighting": {"accuracy": figure(0.8), "auc": figure(auc)},
    }


REPORT = {
    "distill": {"test": figures(0.6), "without_teacher": {"test": figures(0.5, auc=None)}},
    "verify": {"files": [{"variant": "int8", "test": figures(0.59)}]},
}


def test_a_report_equals_itself():
    compared, passed = compare_reports(REPORT, copy.deepcopy(REPORT))
    assert passed
    assert {c.model for c in compared} == {"student", "student without teacher", "int8"}
    assert [c.figure for c in compared if c.outcome == "not measured"] == ["lighting auc"]
    assert all(c.outcome in ("equal", "not measured") for c in compared)


@pytest.mark.parametrize(
    ("accuracy", "outcome"), [(0.62, "within"), (0.58, "within"), (0.64, "apart"), (None, "apart")]
)
def test_a_figure_is_within_or_apart(accuracy, outcome):
    again = copy.deepcopy(REPORT)
    again["distill"]["test"]["diagnosis"]["accuracy"]["value"] = accuracy
    compared, passed = compare_reports(REPORT, again, within=0.03)
    assert next(c for c in compared if c.figure == "diagnosis accuracy").outcome == outcome
    assert passed == (outcome == "within")


def test_a_model_that_was_not_measured_again_is_apart():
    compared, passed = compare_reports(REPORT, {"distill": REPORT["distill"]})
    assert not passed
    assert {c.outcome for c in compared if c.model == "int8"} == {"apart"}


def test_nothing_to_compare_and_a_wrong_tolerance_are_said():
    with pytest.raises(UnusableInput, match="no test figures"):
        compare_reports({}, REPORT)
    with pytest.raises(UnusableInput, match="tolerance"):
        compare_reports(REPORT, REPORT, within=3)
