"""What a person's answers add to a photo's probabilities: the section `answers` of a card, and its fit.

A multinomial logistic regression with the photo's log-probabilities as offset (weight 1, so that nothing changes where
nothing is answered) and one penalised effect for each answer and class (ridge; le Cessie and van Houwelingen 1992).
Answers are left out at random while it is fitted, so that it also fits people who answer few questions.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import log_softmax, softmax

from skin_data.sources.pad_ufes import SYMPTOMS
from triage.answers import NO, YES, AnswerRule, Question

PENALTY = 3e-4
"""Times the sum of squared effects, beside the mean negative log-likelihood."""
DRAWS = 4
"""Copies of each photo: one with all answers, the others with a random part of them."""
LARGEST_LOG_ODDS = 4.0
"""Default of `AnswerRule`'s bound: odds change at most 55-fold, a probability by at most 0.76."""


BALANCE = 0.5
"""Photos count by the frequency of their class to the power of minus this: rare classes are not drowned."""
PLACES = {
    "FACE": "face", "NOSE": "face", "LIP": "face", "EAR": "head", "SCALP": "head", "NECK": "neck", "CHEST": "chest",
    "ABDOMEN": "belly", "BACK": "back", "ARM": "arm", "FOREARM": "forearm", "HAND": "hand", "THIGH": "leg",
    "FOOT": "leg",
}  # fmt: skip
"""Place by the cell of PAD-UFES-20's column `region`; places of few photos are joined."""
CHOICES = {
    "age": ("10", "25", "40", "55", "70", "85"),
    "region": tuple(dict.fromkeys(PLACES.values())),
    **dict.fromkeys(SYMPTOMS, (YES, NO)),
}
"""Choices of each question, in the order in which they are asked; of the age, the years between which its effect is
interpolated."""


def answers_of(row: Mapping[str, object]) -> dict[str, object]:
    """Return the answers that a row of a PAD-UFES-20 table holds, as `triage` takes them."""
    cells = {name: str(row.get(name, "")).strip().upper() for name in ("age", "region", *SYMPTOMS)}
    words = {"TRUE": YES, "FALSE": NO}
    found = {"region": PLACES.get(cells["region"]), **{name: words.get(cells[name]) for name in SYMPTOMS}}
    answers: dict[str, object] = {name: answer for name, answer in found.items() if answer}
    return ({"age": float(cells["age"])} if cells["age"] else {}) | answers


def fit_answers(
    probabilities: np.ndarray,
    truth: np.ndarray,
    answers: Sequence[Mapping[str, object]],
    penalty: float = PENALTY,
    largest_log_odds: float = LARGEST_LOG_ODDS,
    seed: int = 0,
) -> AnswerRule:
    """Fit the effects of answers.

    Args:
        probabilities: float [n, classes], calibrated, of photos that the model has not learned from.
        truth: int [n], classes.
        answers: of each photo, as `answers_of` returns them.
        penalty: see `PENALTY`.
        largest_log_odds: see `AnswerRule`.
        seed: of the answers that are left out.
    """
    from scipy.optimize import minimize

    n, classes = probabilities.shape
    design = np.array([_design(given) for given in answers])
    question = np.repeat(np.arange(len(CHOICES)), [len(options) for options in CHOICES.values()])
    weight = np.bincount(truth, minlength=classes)[truth] ** -BALANCE
    weight = np.tile(weight / weight.sum(), DRAWS)[:, None] / DRAWS
    rng = np.random.default_rng(seed)
    kept = [np.ones((n, len(CHOICES)), bool)]
    kept += [rng.random((n, len(CHOICES))) < rng.random((n, 1)) for _ in range(DRAWS - 1)]
    shown = np.concatenate([design * part[:, question] for part in kept])
    offset, target = np.tile(np.log(probabilities), (DRAWS, 1)), np.eye(classes)[np.tile(truth, DRAWS)]

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        effects = values.reshape(-1, classes)
        logits = offset + shown @ effects
        residual = weight * (softmax(logits, axis=1) - target)
        value = penalty * (effects**2).sum() - (weight * target * log_softmax(logits, axis=1)).sum()
        return value, (shown.T @ residual + 2 * penalty * effects).ravel()

    fitted = minimize(loss, np.zeros(design.shape[1] * classes), jac=True, method="L-BFGS-B").x.reshape(-1, classes)
    rows = iter(np.round(fitted, 4).tolist())
    questions: dict[str, Question] = {
        name: {"effects": {choice: next(rows) for choice in options}} for name, options in CHOICES.items()
    }
    questions["age"]["years"] = True
    return {"questions": questions, "largest_log_odds": largest_log_odds}


def _design(given: Mapping[str, object]) -> list[float]:
    """Return how much of each choice of each question was answered."""
    row: list[float] = []
    for name, options in CHOICES.items():
        answer = given.get(name)
        if name == "age" and answer is not None:
            years = [float(option) for option in options]
            row += [float(np.interp(float(str(answer)), years, one)) for one in np.eye(len(years))]
        else:
            row += [float(answer == option) for option in options]
    return row
