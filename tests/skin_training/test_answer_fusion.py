"""The fit of what answers add to a photo."""

import numpy as np
import pytest

from skin_training.answer_fusion import answers_of, fit_answers
from triage.answers import add_answers, check_answers, problem_of_answers

CLASSES = [{"id": name, "name": name, "urgency": urgency} for name, urgency in (("a", "watch"), ("b", "urgent"))]


@pytest.fixture(scope="module")
def people():
    """600 photos that tell the class rightly in 70 %; of b, 80 % bleed and all are older; of a, 20 % bleed."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 600)
    seen = np.where(rng.random(600) < 0.7, truth, 1 - truth)
    probabilities = np.where(np.eye(2)[seen] > 0, 0.7, 0.3)
    bleeds = rng.random(600) < np.where(truth == 1, 0.8, 0.2)
    rows = [
        {"bleed": "TRUE" if b else "FALSE", "itch": "UNK", "age": str(30 + 30 * t), "region": "BACK"}
        for b, t in zip(bleeds, truth, strict=True)
    ]
    return truth, probabilities, rows


def test_rows_of_the_table_become_answers():
    row = {"age": "61", "region": "nose", "itch": "TRUE", "grew": "UNK", "bleed": "False", "hurt": ""}
    assert answers_of(row) == {"age": 61.0, "region": "face", "itch": "yes", "bleed": "no"}
    assert answers_of({"age": "", "region": "moon"}) == {}


def test_fitted_answers_help_as_much_as_they_tell(people):
    truth, probabilities, rows = people
    answers = [answers_of(row) for row in rows]
    only_bleeding = [{"bleed": given["bleed"]} for given in answers]
    rule = fit_answers(probabilities, truth, only_bleeding)
    assert problem_of_answers(rule, 2) is None
    yes, no = (rule["questions"]["bleed"]["effects"][word] for word in ("yes", "no"))
    # The log-odds of Bayes' rule: log(0.8 / 0.2).
    assert yes[1] - yes[0] == pytest.approx(np.log(4), abs=0.5) and no[1] - no[0] == pytest.approx(-np.log(4), abs=0.5)
    assert not np.any(list(rule["questions"]["itch"]["effects"].values()))  # nobody answered
    right = [
        int(add_answers(p, check_answers(given, rule), rule, CLASSES)[0].argmax() == t)
        for p, given, t in zip(probabilities, only_bleeding, truth, strict=True)
    ]
    assert np.mean(right) > np.mean(probabilities.argmax(axis=1) == truth)


def test_the_fit_is_the_same_each_time_and_a_larger_penalty_shrinks_it(people):
    truth, probabilities, rows = people
    answers = [answers_of(row) for row in rows]
    one, same, shrunk = (fit_answers(probabilities, truth, answers, penalty=p) for p in (1e-3, 1e-3, 1.0))
    assert one == same
    size = [np.abs(rule["questions"]["age"]["effects"]["55"]).sum() for rule in (one, shrunk)]
    assert size[1] < 0.1 * size[0]
