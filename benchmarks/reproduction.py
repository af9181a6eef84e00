"""A run repeated from its own recipe: do the figures come out again?"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from triage.errors import UnusableInput
from triage.skin_tone import TONE_BUCKETS

WITHIN = 0.03
"""Largest difference of a share that still counts as the same result: about the half width of the 95 % interval of an
accuracy of 0.65 on 1,000 photos. Another processor rounds otherwise, and training enlarges that to another model."""
ALL = ("diagnosis", "accuracy")
FIGURES = {
    "diagnosis accuracy": ALL,
    "diagnosis balanced accuracy": ("diagnosis", "balanced_accuracy"),
    "diagnosis macro f1": ("diagnosis", "macro_f1"),
    "diagnosis ece": ("diagnosis", "ece"),
    "diagnosis ece after temperature": ("calibration", "ece_after"),
    **{f"diagnosis accuracy, {tone} skin": ("per_tone", tone, *ALL) for tone in TONE_BUCKETS},
    "lighting accuracy": ("lighting", "accuracy"),
    "lighting auc": ("lighting", "auc"),
}
"""What is compared: name and place in a report's test figures."""
EQUAL, CLOSE, APART, MISSING = "equal", "within", "apart", "not measured"


@dataclass(frozen=True)
class Comparison:
    """One figure of a run and of its repetition.

    Attributes:
        model: whose figure it is: "teacher", "student", "student without teacher" or a file's variant.
        figure: its name, as "diagnosis accuracy".
        was: of the run; None where it was not measured.
        again: of the repetition; None where it was not measured.
        within: what they may differ by.
        outcome: "equal" to the last digit, "within" the tolerance, "apart", or "not measured".
    """

    model: str
    figure: str
    was: float | None
    again: float | None
    within: float
    outcome: str

    def to_json(self) -> dict[str, Any]:
        """Plain values for a report."""
        return asdict(self)


def compare_reports(
    was: Mapping[str, Any], again: Mapping[str, Any], within: float = WITHIN
) -> tuple[list[Comparison], bool]:
    """Compare the test figures of two reports of one recipe.

    Args:
        was: `report.json` of a run.
        again: the same of its repetition.
        within: largest absolute difference of a share of all test photos. Accuracy on a skin tone with n of them may
            differ by more, as chance makes it: by the root of all over n.

    Returns:
        One comparison a figure of each model that the run measured, and whether all are equal or within. A figure that
        only one of the two has is apart, and so is all of a model that was not made again; one that neither has does
        not count.

    Raises:
        UnusableInput: the run has no figures, none can be compared, or the tolerance is no share.
    """
    if not 0 <= within < 1:
        raise UnusableInput(f"The tolerance is a share in [0, 1), such as {WITHIN}. Received: {within}.")
    tests, tests_again = dict(_tests(was)), dict(_tests(again))
    if not tests:
        raise UnusableInput("The run has no test figures to compare with. Finish it first, by its own command.")
    found = []
    for model, test in tests.items():
        again_test, made = tests_again.get(model, {}), model in tests_again
        for name, place in FIGURES.items():
            before, after = _figure(test, place), _figure(again_test, place)
            allowed = within
            if "per_tone" in place:
                allowed *= math.sqrt(_figure(test, ALL).get("n", 0) / (before.get("n") or math.inf))
            values = before.get("value"), after.get("value")
            found.append(Comparison(model, name, *values, allowed, _outcome(*values, allowed) if made else APART))
    if all(comparison.outcome == MISSING for comparison in found):
        raise UnusableInput(
            "Nothing can be compared: the test split has too few photos for any figure. Prepare more of them."
        )
    return found, all(comparison.outcome != APART for comparison in found)


def _tests(report: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The models that a report has test figures of."""
    if teacher := report.get("teacher"):
        yield "teacher", teacher["test"]
    if student := report.get("distill"):
        yield "student", student["test"]
        if alone := student.get("without_teacher"):
            yield "student without teacher", alone["test"]
    for file in (report.get("verify") or {}).get("files", ()):
        yield file["variant"], file["test"]


def _figure(test: Mapping[str, Any], place: Sequence[str]) -> Mapping[str, Any]:
    """The figure at a place, empty where it was not measured."""
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
