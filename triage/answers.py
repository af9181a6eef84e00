"""A person's answers to a few questions, added to what the photo says (late fusion).

    log p'(class) = log p(class) + sum over answers of effect(answer, class), renormalised

`p` are the photo's calibrated probabilities. The effects stand on the model's card, fitted by penalised multinomial
logistic regression (`skin_training.answer_fusion`); a question without an answer adds nothing. All effects are scaled
down together where they would move the odds between two classes by more than the card's `largest_log_odds`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import numpy.typing as npt

from triage.errors import UnusableInput

if TYPE_CHECKING:
    from triage.model_card import CardClass

YEARS = "years"
"""Name of the choices of a question that is answered by a number: the ages between which effects are interpolated."""
OLDEST = 120
WARNINGS = ("bleed", "grew", "changed")
"""Questions whose "yes" is a reason to see a doctor whatever the photo shows."""
YES, NO = "yes", "no"
_WORDS = {"true": YES, "false": NO, "y": YES, "n": NO}

Answers = Mapping[str, object]
"""Answer by question: "yes", "no" or a bool, a choice, or years as a number; None is no answer."""


class _Effects(TypedDict):
    effects: dict[str, list[float]]


class Question(_Effects, total=False):
    """One question: what each answer adds to the log-probability of each class.

    Attributes:
        effects: by choice, [classes]. Where `years` is true the choices are ages, ascending, with interpolation
            between them.
        years: whether the answer is a number of years.
    """

    years: bool


class AnswerRule(TypedDict):
    """Section `answers` of a card.

    Attributes:
        questions: in the order in which they are asked.
        largest_log_odds: largest change of the log-odds between two classes by all answers together, at least 0.
    """

    questions: dict[str, Question]
    largest_log_odds: float


@dataclass(frozen=True)
class AnswerEffects:
    """What answers did.

    Attributes:
        given: answer by question, as asked.
        log_odds: what each answer added to the log-probability of each class, by its id, after scaling.
        urgent: by how much each answer changed the summed probability of the urgent classes, beside all others.
    """

    given: Mapping[str, str | float]
    log_odds: Mapping[str, Mapping[str, float]]
    urgent: Mapping[str, float]

    @property
    def warns(self) -> bool:
        """Whether an answer is a reason to see a doctor whatever the photo shows."""
        return any(self.given.get(question) == YES for question in WARNINGS)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `json.dumps`."""
        effects = [
            {"question": question, "urgent": self.urgent[question], "log_odds": dict(changes)}
            for question, changes in self.log_odds.items()
        ]
        return {"given": dict(self.given), "effects": effects}


def parse_answers(text: str) -> dict[str, str]:
    """Split `grew=yes,itch=no,age=61`.

    Raises:
        UnusableInput: a part is not of the form question=answer, or a question is answered twice.
    """
    answers: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        question, equals, answer = (piece.strip() for piece in part.partition("="))
        if not (question and equals and answer) or question in answers:
            wrong = "each question once" if question in answers else "question=answer, separated by commas"
            raise UnusableInput(f"Answers must be {wrong}. Received: {part!r} in {text!r}.")
        answers[question] = answer
    return answers


def check_answers(answers: Answers, rule: AnswerRule | None) -> dict[str, str | float]:
    """Return the answers that were given, as the card spells them, in the order of its questions.

    Raises:
        UnusableInput: a question or an answer that the card does not know; the known ones are named.
    """
    if rule is None:
        raise UnusableInput(
            f"This model takes no answers: its card has none. Received: {', '.join(answers) or 'none'}. "
            "Leave them out, or use a model with questions."
        )
    questions = rule["questions"]
    if unknown := [question for question in answers if question not in questions]:
        raise UnusableInput(f"Unknown question. Received: {unknown[0]!r}. Known: {', '.join(questions)}.")
    return {
        name: _checked(name, answers[name], question)
        for name, question in questions.items()
        if answers.get(name) is not None
    }


def _checked(name: str, answer: object, question: Question) -> str | float:
    if isinstance(answer, (bool, np.bool_)):
        answer = YES if answer else NO
    text = str(answer).strip().lower()
    if question.get(YEARS):
        try:
            years = float(text)
        except ValueError:
            years = math.nan
        if 0 <= years <= OLDEST:
            return years
        raise UnusableInput(f"{name} must be a number of years from 0 to {OLDEST}. Received: {answer!r}.")
    text = _WORDS.get(text, text)
    if text not in question["effects"]:
        raise UnusableInput(f"Unknown answer to {name}. Received: {answer!r}. Known: {', '.join(question['effects'])}.")
    return text


def add_answers(
    probabilities: npt.NDArray[np.float64],
    given: Mapping[str, str | float],
    rule: AnswerRule,
    classes: "Sequence[CardClass]",
) -> tuple[npt.NDArray[np.float64], AnswerEffects]:
    """Add answers to a photo's probabilities.

    Args:
        probabilities: [classes], calibrated, all above 0.
        given: of `check_answers`.
        rule: of the card.
        classes: of the card, in the order of the probabilities.

    Returns:
        Probabilities [classes] that sum to 1, and what each answer did.
    """
    effects = {name: _effect(answer, rule["questions"][name]) for name, answer in given.items()}
    total = np.sum([*effects.values(), np.zeros(len(probabilities))], axis=0)
    spread = float(np.ptp(total))
    scale = min(1.0, rule["largest_log_odds"] / spread) if spread else 1.0
    effects = {name: scale * effect for name, effect in effects.items()}
    logs = np.log(probabilities) + scale * total
    fused = normalised(logs)
    urgent = np.array([entry["urgency"] == "urgent" for entry in classes])
    without = {name: normalised(logs - effect) for name, effect in effects.items()}
    return fused, AnswerEffects(
        given,
        {
            name: {entry["id"]: float(change) for entry, change in zip(classes, effect, strict=True)}
            for name, effect in effects.items()
        },
        {name: float(fused[urgent].sum() - other[urgent].sum()) for name, other in without.items()},
    )


def _effect(answer: str | float, question: Question) -> npt.NDArray[np.float64]:
    if isinstance(answer, str):
        return np.asarray(question["effects"][answer], np.float64)
    columns = np.array(list(question["effects"].values()), np.float64).T
    years = [float(age) for age in question["effects"]]
    return np.array([np.interp(answer, years, column) for column in columns])


def normalised(log_probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the softmax of log-probabilities [..., classes]."""
    powers = np.exp(log_probabilities - log_probabilities.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float64)


def largest_probability_change(largest_log_odds: float) -> float:
    """Return the most by which answers can change the probability of a class, or of several together."""
    return math.tanh(largest_log_odds / 4)


def problem_of_answers(rule: object, classes: int) -> str | None:
    """Return why a card's section `answers` cannot be used with so many classes, or None."""
    found: Mapping[str, Any] = rule if isinstance(rule, Mapping) else {}
    questions, largest = found.get("questions"), found.get("largest_log_odds")
    if not isinstance(questions, Mapping) or not questions or not _is_number(largest) or float(largest or 0) < 0:
        return "answers need questions, and largest_log_odds of at least 0"
    for name, question in questions.items():
        effects = question.get("effects") if isinstance(question, Mapping) else None
        if not isinstance(effects, Mapping) or not effects:
            return f"question {name!r} needs effects"
        for choice, values in effects.items():
            if not isinstance(values, list) or len(values) != classes or not all(map(_is_number, values)):
                return f"effects of {name}={choice} must be {classes} numbers"
        if question.get(YEARS):
            try:
                years = [float(age) for age in effects]
            except ValueError:
                return f"choices of {name!r} must be years"
            if sorted(set(years)) != years:
                return f"choices of {name!r} must be ascending years"
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
