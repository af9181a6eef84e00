import copy

import pytest

from benchmarks.reproduction import compare_reports
from triage.errors import UnusableInput


def metric(value, n=100):
    return {"value": value, "low": None, "high": None, "n": n}


def section(accuracy, auc=0.9):
    tones = {"light": 75, "medium": 25, "dark": 0}
    return {
        "diagnosis": {name: metric(accuracy) for name in ("accuracy", "balanced_accuracy", "macro_f1", "ece")},
        "calibration": {"ece_after": metric(0.05)},
        "per_tone": {
            tone: {"diagnosis": {"accuracy": metric(accuracy if n else None, n)}} for tone, n in tones.items()
        },
        "lighting": {"accuracy": metric(0.8), "auc": metric(auc)},
    }


REPORT = {
    "distill": {"test": section(0.6), "without_teacher": {"test": section(0.5, auc=None)}},
    "verify": {"files": [{"variant": "int8", "test": section(0.59)}]},
}


def test_a_report_equals_itself():
    compared, passed = compare_reports(REPORT, copy.deepcopy(REPORT))
    assert passed
    assert {c.model for c in compared} == {"student", "student without teacher", "int8"}
    missing = [(c.model, c.metric) for c in compared if c.outcome == "not measured"]
    dark = [(model, "diagnosis accuracy, dark skin") for model in ("student", "student without teacher", "int8")]
    assert sorted(missing) == sorted([*dark, ("student without teacher", "lighting auc")])
    assert all(c.outcome in ("equal", "not measured") for c in compared)


@pytest.mark.parametrize(
    ("accuracy", "outcome"), [(0.62, "within"), (0.58, "within"), (0.64, "apart"), (None, "apart")]
)
def test_a_metric_is_within_or_apart(accuracy, outcome):
    again = copy.deepcopy(REPORT)
    again["distill"]["test"]["diagnosis"]["accuracy"]["value"] = accuracy
    compared, passed = compare_reports(REPORT, again, within=0.03)
    assert next(c for c in compared if c.metric == "diagnosis accuracy").outcome == outcome
    assert passed == (outcome == "within")


@pytest.mark.parametrize(("accuracy", "passed"), [(0.655, True), (0.545, True), (0.665, False)])
def test_a_quarter_of_the_photos_may_differ_by_twice_as_much(accuracy, passed):
    again = copy.deepcopy(REPORT)
    again["distill"]["test"]["per_tone"]["medium"]["diagnosis"]["accuracy"]["value"] = accuracy
    compared, found = compare_reports(REPORT, again, within=0.03)
    medium = next(c for c in compared if c.metric == "diagnosis accuracy, medium skin")
    assert medium.within == pytest.approx(0.06)
    assert found == passed
    assert not compare_reports(REPORT, again, within=0)[1]


def test_calibration_that_is_another_after_temperature_is_apart():
    again = copy.deepcopy(REPORT)
    again["distill"]["test"]["calibration"]["ece_after"]["value"] = 0.09
    compared, passed = compare_reports(REPORT, again)
    assert [c.metric for c in compared if c.outcome == "apart"] == ["diagnosis ece after temperature"]
    assert not passed


def test_a_model_that_was_not_measured_again_is_apart():
    compared, passed = compare_reports(REPORT, {"distill": REPORT["distill"]})
    assert not passed
    assert {c.outcome for c in compared if c.model == "int8"} == {"apart"}


def test_reports_without_comparable_metrics_are_refused():
    with pytest.raises(UnusableInput):
        compare_reports({}, REPORT)
    empty = {"distill": {"test": section(None, auc=None)}}
    empty["distill"]["test"]["lighting"]["accuracy"]["value"] = None
    empty["distill"]["test"]["calibration"]["ece_after"]["value"] = None
    with pytest.raises(UnusableInput):
        compare_reports(empty, copy.deepcopy(empty))


def test_a_tolerance_out_of_range_is_named():
    with pytest.raises(UnusableInput, match=r"Received: 3\b"):
        compare_reports(REPORT, REPORT, within=3)
