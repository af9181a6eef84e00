"""Compare the test metrics of a run with those of its repetition."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from triage.errors import UnusableInput
from triage.skin_tone import TONE_BUCKETS

WITHIN = 0.03
"""Largest difference of a fraction that still counts as the same result: about half the width of the 95 % interval of
an accuracy of 0.65 on 1,000 photos. Another processor rounds differently, and training amplifies that."""
ALL = ("diagnosis", "accuracy")
METRICS = {
    "diagnosis accuracy": ALL,
    "diagnosis balanced accuracy": ("diagnosis", "balanced_accuracy"),
    "diagnosis macro f1": ("diagnosis", "macro_f1"),
    "diagnosis ece": ("diagnosis", "ece"),
    "diagnosis ece after temperature": ("calibration", "ece_after"),
    **{f"diagnosis accuracy, {tone} skin": ("per_tone", tone, *ALL) for tone in TONE_BUCKETS},
    "lighting accuracy": ("lighting", "accuracy"),
    "lighting auc": ("lighting", "auc"),
}
"""Name of each compared metric and its place in a report's test section."""
EQUAL, CLOSE, APART, MISSING = "equal", "within", "apart", "not measured"  # equal: to the last digit


class Comparison(NamedTuple):
    """One metric, a key of `METRICS`, of a model: of the run, of its repetition, the tolerance, and the outcome."""

    model: str
    metric: str
    was: float | None
    again: float | None
    within: float
    outcome: str


def compare_reports(
    was: Mapping[str, Any], again: Mapping[str, Any], within: float = WITHIN
) -> tuple[list[Comparison], bool]:
    """Compare the test metrics of the `report.json` of a run and of its repetition.

    A fraction of all test photos may differ by `within`, accuracy on a skin tone with n of them by the square root of
    all over n times as much.

    Returns:
        One comparison per metric and model of the run, and whether all are equal or within. A metric that only one of
        the two has is apart, and so are all of a model that was not repeated; one that neither has does not count.

    Raises:
        UnusableInput: the run has no metrics, none can be compared, or the tolerance is not in [0, 1).
    """
    if not 0 <= within < 1:
        raise UnusableInput(f"The tolerance must be a fraction in [0, 1), such as {WITHIN}. Received: {within}.")
    tests, tests_again = dict(_tests(was)), dict(_tests(again))
    if not tests:
        raise UnusableInput("The run has no test metrics to compare with. Finish it first, with its own command.")
    found = []
    for model, test in tests.items():
        again_test, repeated = tests_again.get(model, {}), model in tests_again
        for name, place in METRICS.items():
            before, after = _metric(test, place), _metric(again_test, place)
            allowed = within
            if "per_tone" in place:
                allowed *= math.sqrt(_metric(test, ALL).get("n", 0) / (before.get("n") or math.inf))
            values = before.get("value"), after.get("value")
            found.append(Comparison(model, name, *values, allowed, _outcome(*values, allowed) if repeated else APART))
    if all(comparison.outcome == MISSING for comparison in found):
        raise UnusableInput("Nothing can be compared: the test split has too few photos. Prepare more of them.")
    return found, all(comparison.outcome != APART for comparison in found)


def _tests(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each tested model of a report with its test section."""
    if teacher := report.get("teacher"):
        yield "teacher", teacher["test"]
    if student := report.get("distill"):
        yield "student", student["test"]
        if alone := student.get("without_teacher"):
            yield "student without teacher", alone["test"]
    for file in (report.get("verify") or {}).get("files", ()):
        yield file["variant"], file["test"]


def _metric(test: Mapping[str, Any], place: Sequence[str]) -> Mapping[str, Any]:
    """Return the metric at a place, empty where it was not measured."""
    found: Mapping[str, Any] = test
    for part in place:
        found = found.get(part) or {}
    return found


def _outcome(was: float | None, again: float | None, within: float) -> str:
    if was is None and again is None:
        return MISSING
    if was is None or again is None:
        return APART
    if was == again:
        return EQUAL
    return CLOSE if abs(was - again) <= within else APART
