"""Prediction sets on the device."""

import numpy as np
import pytest

from triage.errors import UnusableInput
from triage.model_card import check_card
from triage.prediction_set import nonconformity, prediction_sets

RULE = {"coverage": 0.9, "penalty": 0.1, "free_ranks": 1, "quantiles": {"all": 0.7, "dark": 0.95}}


def test_a_class_scores_the_probability_of_all_that_are_as_likely_and_its_rank():
    scores = nonconformity([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]], 0.1, 1)
    np.testing.assert_allclose(scores, [[1.2, 0, 0.9], [0, 0.9, 1.2]])  # the likeliest is in every set


def test_each_photo_has_the_quantile_of_its_tone():
    probabilities = np.array([[0.2, 0.5, 0.3]] * 3)
    inside = prediction_sets(probabilities, RULE, np.array(["light", "dark", "unknown"]))
    assert inside.tolist() == [[False, True, False], [False, True, True], [False, True, False]]
    assert prediction_sets(probabilities[0], RULE, "dark").tolist() == [False, True, True]


def test_what_is_hardly_possible_stays_outside():
    assert prediction_sets([0.994, 0.006, 0.0], {**RULE, "quantiles": {"all": 1.5}}, "light").tolist() == [1, 0, 0]


def test_a_set_is_never_empty():
    assert prediction_sets([0.05, 0.95], RULE, "light").tolist() == [False, True]


@pytest.mark.parametrize(
    "change",
    [{"coverage": 1.2}, {"penalty": None}, {"penalty": -1}, {"free_ranks": "2"}, {"quantiles": {"dark": 0.9}},
     {"quantiles": {"all": float("inf")}}],
)  # fmt: skip
def test_a_rule_that_cannot_be_applied_is_refused(card, change):
    card.update(flatbuffer_sha256="0" * 64, prediction_sets={**RULE, **change})
    with pytest.raises(UnusableInput, match="prediction_sets"):
        check_card(card, "a card")


def test_a_card_may_have_a_rule_or_none(card):
    card["flatbuffer_sha256"] = "0" * 64
    assert check_card(card, "a card") and check_card({**card, "prediction_sets": RULE}, "a card")
    with pytest.raises(UnusableInput, match="prediction_sets"):
        check_card({**card, "prediction_sets": [1]}, "a card")


@pytest.mark.parametrize("familiarity", [0.05, {}, {"method": "any", "refuse_below": 1.5}])
def test_a_limit_of_familiarity_that_cannot_be_applied_is_refused(card, familiarity):
    with pytest.raises(UnusableInput, match="familiarity"):
        check_card({**card, "flatbuffer_sha256": "0" * 64, "familiarity": familiarity}, "a card")
