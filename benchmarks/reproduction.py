"""A run repeated from its own recipe: do the figures come out again?"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from triage.errors import UnusableInput

WITHIN = 0.03
"""Largest difference of a share that still counts as the same result: about the half width of the 95 % interval of an
accuracy of 0.65 on 1,000 photos. Another processor rounds otherwise, and training enlarges that to another model."""
FIGURES = (
    ("diagnosis", "accuracy"),
    ("diagnosis", "balanced_accuracy"),
    ("diagnosis", "macro_f1"),
    ("diagnosis", "ece"),
    ("lighting", "accuracy"),
    ("lighting", "auc"),
)
EQUAL, CLOSE, APART, MISSING = "equal", "within", "apart", "not measured"


@dataclass(frozen=True)
class Comparison:
    """One figure of a run and of its repetition.

    Attributes:
        model: whose figure it is: "teacher", "student", "student without teacher" or a file's variant.
        figure: its name, as "diagnosis accuracy".
        was: of the run; None where it was not measured.
        again: of the repetition; None where it was not measured.
        outcome: "equal" to the last digit, "within" the tolerance, "apart", or "not measured".
    """

    model: str
    figure: str
    was: float | None
    again: float | None
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
        within: largest absolute difference of a share.

    Returns:
        One comparison a figure of each model that the run measured, and whether all are equal or within. A figure that
        only one of the two has is apart; one that neither has does not count.

    Raises:
        UnusableInput: the run has no figures, or the tolerance is no share.
    """
    if not 0 <= within < 1:
        raise UnusableInput(f"The tolerance is a share in [0, 1), such as {WITHIN}. Received: {within}.")
    tests, tests_again = dict(_tests(was)), dict(_tests(again))
    if not tests:
        raise UnusableInput("The run has no test figures to compare with. Finish it first, by its own command.")
    found = []
    for model, test in tests.items():
        for head, name in FIGURES:
            before, after = (_value(part, head, name) for part in (test, tests_again.get(model, {})))
            found.append(Comparison(model, f"{head} {name.replace('_', ' ')}", before, after,
                                    _outcome(before, after, within)))  # fmt: skip
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


def _value(test: Mapping[str, Any], head: str, name: str) -> float | None:
    return ((test.get(head) or {}).get(name) or {}).get("value")


def _outcome(was: float | None, again: float | None, within: float) -> str:
    if was is None and again is None:
        return MISSING
    if was is None or again is None:
        return APART
    if was == again:
        return EQUAL
    return CLOSE if abs(was - again) <= within else APART
