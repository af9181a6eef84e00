"""Several photos of one spot, and answers, through `Triage`."""

import json

import numpy as np
import pytest

from tests.triage.test_assessment import answering, spread
from triage.case import MAX_PHOTOS
from triage.errors import UnusableInput
from triage.model_card import URGENCIES


@pytest.fixture
def asking(card):
    """A card whose answers raise class 0, the urgent one, or lower it."""
    up, down = [3.0] + [0.0] * 9, [-3.0] + [0.0] * 9
    questions = {name: {"effects": {"yes": up, "no": down}} for name in ("bleed", "itch")}
    return {**card, "answers": {"questions": questions, "largest_log_odds": 3.0}}


@pytest.fixture
def photo(photograph_skin, monk_tones):
    return photograph_skin(monk_tones[5])


def said(triage, photo, probabilities, lighting=0.9, familiarity=None, **options):
    triage.interpreter.answer["diagnosis"] = np.array([probabilities], np.float32)
    triage.interpreter.answer["lighting"] = np.array([[lighting]], np.float32)
    triage.interpreter.answer.pop("familiarity", None)
    if familiarity is not None:
        triage.interpreter.answer["familiarity"] = np.array([[familiarity]], np.float32)
    return triage.assess(photo, **options)


def by_label(assessment):
    return {entry.label: entry.probability for entry in assessment.ranking}


def test_one_photo_without_answers_stays_as_it_is(card, photo):
    triage = answering(card, spread(c7=0.9))
    alone = triage.assess(photo)
    combined = triage.combine([alone])
    assert combined.decision == alone.decision and by_label(combined) == pytest.approx(by_label(alone))
    assert list(combined.to_json()) == list(alone.to_json())


def test_photos_count_by_light_and_familiarity(card, photo):
    card["familiarity"] = {"method": "any", "refuse_below": 0.05}
    triage = answering(card, spread())
    one = said(triage, photo, spread(c7=0.8), 0.9, 0.8)
    other = said(triage, photo, spread(c3=0.8), 0.6, 0.3)
    found = by_label(triage.combine([one, other]))
    weights = np.array([0.9 * 0.8, 0.6 * 0.3])
    logs = weights / weights.sum() @ np.log([spread(c7=0.8), spread(c3=0.8)])
    expected = np.exp(logs) / np.exp(logs).sum()
    assert [found[f"c{n}"] for n in range(10)] == pytest.approx(list(expected), abs=1e-6)


def test_a_photo_that_may_not_be_named_does_not_count(card, photo):
    triage = answering(card, spread())
    good, dark = said(triage, photo, spread(c7=0.9)), said(triage, photo, spread(c0=0.9), lighting=0.1)
    combined = triage.combine([dark, good])
    assert by_label(combined) == pytest.approx(by_label(good)) and combined.decision.reason is None
    told = combined.to_json()
    assert [entry["decision"]["reason"] for entry in told["photos"]] == ["poor_light", None]
    wall = triage.assess(np.full((300, 300, 3), 250, np.uint8))
    assert triage.combine([wall, dark]).decision.reason == "poor_light"
    assert triage.combine([wall, dark]).to_json()["diagnosis"] == []


def test_too_many_photos_are_refused(card, photo):
    triage = answering(card, spread())
    for count in (0, MAX_PHOTOS + 1):
        with pytest.raises(UnusableInput, match=str(count)):
            triage.combine([triage.assess(photo)] * count)


def test_each_answers_effect_is_in_the_json(asking, photo):
    triage = answering(asking, spread(c7=0.7))
    told = json.loads(json.dumps(triage.assess(photo, answers={"bleed": "yes"}).to_json(), allow_nan=False))["answers"]
    assert told["given"] == {"bleed": "yes"} and told["without"]["diagnosis"][0]["label"] == "c7"
    (effect,) = told["effects"]
    assert effect["question"] == "bleed" and effect["urgent"] > 0 and effect["log_odds"]["c0"] == 3.0
    assert "answers" not in triage.assess(photo).to_json()


@pytest.mark.parametrize("probabilities", [spread(c0=0.8), spread(c0=0.3), spread(c1=0.6), spread(c7=0.9), spread()])
def test_no_answer_lowers_the_urgency(asking, photo, probabilities):
    asking["thresholds"]["abstain_below"] = 0.15
    triage = answering(asking, probabilities)
    alone = triage.assess(photo)
    for bleeds in ("yes", "no", None):
        for itches in ("yes", "no", None):
            after = triage.assess(photo, answers={"bleed": bleeds, "itch": itches})
            assert URGENCIES.index(after.decision.urgency) <= URGENCIES.index(alone.decision.urgency)
            if bleeds == "yes":  # a reason to see a doctor whatever the photo shows
                assert after.decision.urgency != "watch"
    assert by_label(triage.assess(photo, answers={"itch": "no"}))["c0"] < by_label(alone)["c0"]


def test_answers_name_nothing_on_a_photo_that_may_not_be_named(asking, photo):
    triage = answering(asking, spread(c7=0.9), lighting=0.1)
    after = triage.assess(photo, answers={"bleed": "yes"})
    assert (after.decision.reason, after.decision.urgency, after.diagnosis) == ("poor_light", None, ())


def test_unknown_answers_are_refused(asking, photo):
    triage = answering(asking, spread())
    with pytest.raises(UnusableInput, match="bleed, itch"):
        triage.assess(photo, answers={"grew": "yes"})
