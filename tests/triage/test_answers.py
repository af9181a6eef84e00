"""Answers beside the photo: what they may change, and what they may not."""

import itertools

import numpy as np
import pytest

from triage.answers import (
    add_answers,
    check_answers,
    largest_probability_change,
    normalised,
    parse_answers,
    problem_of_answers,
)
from triage.errors import UnusableInput

CLASSES = [
    {"id": "mole", "name": "Mole", "urgency": "watch"},
    {"id": "keratosis", "name": "Keratosis", "urgency": "soon"},
    {"id": "cancer", "name": "Cancer", "urgency": "urgent"},
]
RULE = {
    "questions": {
        "age": {"years": True, "effects": {"20": [1.0, 0.0, -1.0], "60": [-1.0, 0.0, 1.0]}},
        "region": {"effects": {"face": [0.0, 0.5, 0.5], "back": [0.5, 0.0, -0.5]}},
        "bleed": {"effects": {"yes": [-1.0, 0.0, 1.5], "no": [0.2, 0.0, -0.2]}},
    },
    "largest_log_odds": 2.0,
}
PHOTO = np.array([0.5, 0.3, 0.2])


def test_answers_add_to_the_logarithms_of_the_probabilities():
    fused, effects = add_answers(PHOTO, check_answers({"bleed": "no", "age": 40}, RULE), RULE, CLASSES)
    odds = PHOTO * np.exp([0.2, 0.0, -0.2])  # the middle of both ages adds nothing
    np.testing.assert_allclose(fused, odds / odds.sum())
    assert effects.log_odds["bleed"] == {"mole": 0.2, "keratosis": 0.0, "cancer": -0.2}
    assert effects.urgent["age"] == pytest.approx(0) and effects.urgent["bleed"] < 0 and not effects.warns


def test_no_answer_changes_nothing():
    for none in ({}, {"bleed": None, "age": None}):
        fused, effects = add_answers(PHOTO, check_answers(none, RULE), RULE, CLASSES)
        np.testing.assert_allclose(fused, PHOTO)
        assert effects.given == {}


def test_any_set_of_answers_changes_a_probability_by_at_most_what_the_card_states():
    limit, rng = largest_probability_change(RULE["largest_log_odds"]), np.random.default_rng(0)
    reached = 0.0
    for years, region, bleeds in itertools.product((0, 20, 35, 60, 120), ("face", "back", None), (True, False, None)):
        given = check_answers({"age": years, "region": region, "bleed": bleeds}, RULE)
        for photo in normalised(rng.normal(0, 3, (40, 3))):
            fused, effects = add_answers(photo, given, RULE, CLASSES)
            for group in ([0], [1], [2], [0, 1], [0, 2], [1, 2]):
                reached = max(reached, abs(fused[group].sum() - photo[group].sum()))
            total = np.sum([list(change.values()) for change in effects.log_odds.values()], axis=0)
            assert np.ptp(total) <= RULE["largest_log_odds"] + 1e-12
            np.testing.assert_allclose(normalised(np.log(photo) + total), fused)
    assert 0.8 * limit < reached <= limit


def test_ages_are_interpolated_and_held_at_the_ends():
    def cancer(years):
        return add_answers(PHOTO, check_answers({"age": years}, RULE), RULE, CLASSES)[0][2]

    assert cancer(5) == cancer(20) < cancer(30) < cancer(50.5) < cancer(60) == cancer(100)


def test_a_line_of_answers_is_split():
    assert parse_answers("grew=yes, itch = no,age=61,") == {"grew": "yes", "itch": "no", "age": "61"}
    for wrong in ("grew", "grew=", "=yes", "grew=yes,grew=no"):
        with pytest.raises(UnusableInput, match=r"grew|yes"):
            parse_answers(wrong)


@pytest.mark.parametrize(
    ("answers", "known"),
    [
        ({"bleeds": "yes"}, "bleed"),
        ({"bleed": "maybe"}, "yes, no"),
        ({"region": "moon"}, "face, back"),
        ({"age": "old"}, "120"),
        ({"age": 130}, "120"),
        ({"age": float("nan")}, "120"),
        ({"age": -1}, "120"),
    ],
)
def test_unknown_questions_and_answers_are_refused_with_the_known_ones(answers, known):
    with pytest.raises(UnusableInput, match=known):
        check_answers(answers, RULE)


def test_answers_may_be_spelled_freely():
    assert check_answers({"bleed": True, "region": " FACE ", "age": "61"}, RULE) == {
        "age": 61.0, "region": "face", "bleed": "yes",
    }  # fmt: skip
    assert list(check_answers({"bleed": "False", "age": 3}, RULE)) == ["age", "bleed"]


def test_a_model_without_questions_takes_no_answers():
    with pytest.raises(UnusableInput, match="bleed"):
        check_answers({"bleed": "yes"}, None)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {"questions": {}, "largest_log_odds": 1.0},
        {**RULE, "largest_log_odds": -1},
        {**RULE, "largest_log_odds": float("inf")},
        {**RULE, "questions": {"bleed": {}}},
        {**RULE, "questions": {"bleed": {"effects": {"yes": [0.0, 1.0]}}}},
        {**RULE, "questions": {"bleed": {"effects": {"yes": [0.0, 1.0, float("nan")]}}}},
        {**RULE, "questions": {"age": {"years": True, "effects": {"young": [0.0] * 3}}}},
        {**RULE, "questions": {"age": {"years": True, "effects": {"60": [0.0] * 3, "20": [0.0] * 3}}}},
    ],
)
def test_a_card_with_other_effects_is_refused(wrong):
    assert problem_of_answers(wrong, 3)
    assert problem_of_answers(RULE, 3) is None
