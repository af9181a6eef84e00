"""The reason against the light that a card reads from estimated measures."""

import numpy as np
import pytest

from triage.errors import UnusableInput
from triage.estimated_light import likely_reason
from triage.lighting import FEATURE_NAMES, REASONS
from triage.model_card import check_card

COUNT = len(FEATURE_NAMES)


def light(**changes):
    """A rule by which the first measures each speak for one reason."""
    weights = np.eye(len(REASONS), COUNT)
    return {
        "measures": list(FEATURE_NAMES), "reasons": list(REASONS), "weights": weights.tolist(),
        "bias": [0.0] * len(REASONS), "fitted_on": {}, **changes,
    }  # fmt: skip


def test_a_reason_is_named_where_it_is_likelier_than_all_others_together():
    for number, reason in enumerate(REASONS):
        speaks = np.zeros((1, COUNT), np.float32)
        speaks[0, number] = 2.0  # e^2 is more than the other five
        assert likely_reason(speaks, light()) == reason
        assert likely_reason(speaks / 2, light()) is None
    assert likely_reason(np.full(COUNT, 1e4), light(bias=[0.0, 0, 0, 0, 0, 9e3])) == REASONS[5]


@pytest.mark.parametrize("section", [None, {"measures": [], "margins": {}}, light(reasons=[], weights=[], bias=[])])
def test_a_card_without_a_rule_names_none(section):
    assert likely_reason(np.ones(COUNT), section) is None


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ([], "object"),
        (light(reasons=["moonlight"] * 6), "too_dark"),
        (light(bias=[0.0] * 5), "bias"),
        (light(weights=[[0.0] * 13] * 6), "14"),
        (light(weights=[[0.0] * 14] * 5), "14"),
        (light(weights=[["many"] * 14] * 6), "14"),
        (light(weights=[[0.0] * 14, [0.0] * 13] * 3), "14"),
        (light(bias=[float("nan")] * 6), "bias"),
        (light(weights=None), "14"),
    ],
)
def test_a_card_with_another_rule_is_refused(make_card, section, named):
    card = {**make_card(96, ("watch", "urgent")), "flatbuffer_sha256": "0" * 64}
    assert check_card({**card, "light": light()}, "m.tflite")
    with pytest.raises(UnusableInput, match=named) as error:
        check_card({**card, "light": section}, "m.tflite")
    assert "m.tflite" in str(error.value)
