"""What a person is told: the rules of `triage.decision`."""

import itertools

import cv2
import numpy as np
import pytest

from triage.decision import REASONS, decide
from triage.framing import has_skin, measure_framing
from triage.lighting import judge_lighting, measure_lighting


def spread(**given):
    """Ten probabilities: those given by class number, the rest shared equally."""
    rest = (1 - sum(given.values())) / (10 - len(given))
    return np.array([given.get(f"c{i}", rest) for i in range(10)])


def decided(card, probabilities, **options):
    return decide(probabilities, card, **{"lighting_ok": True, "has_skin": True, **options})


@pytest.mark.parametrize(
    ("probabilities", "urgency", "reason"),
    [
        (spread(c0=0.7), "urgent", None),
        (spread(c0=0.4, c5=0.5), "urgent", None),  # urgent enough although another class leads
        (spread(c0=0.3), "soon", None),  # an urgent class leads, below the threshold
        (spread(c1=0.6), "soon", None),
        (spread(c7=0.6), "watch", None),
        (spread(), "soon", "unsure"),  # nothing is likely: never "watch"
        (spread(c0=0.14, c7=0.13), "soon", "unsure"),
    ],
)
def test_urgency_of_a_good_photo(card, probabilities, urgency, reason):
    card["thresholds"]["abstain_below"] = 0.15
    decision = decided(card, probabilities)
    assert (decision.urgency, decision.reason, decision.abstained) == (urgency, reason, reason == "unsure")
    assert decision.may_name


def test_urgent_wins_over_abstaining(card):
    card["thresholds"].update(urgent=0.1, abstain_below=0.5)
    assert decided(card, spread(c0=0.2)).urgency == "urgent"


def test_a_model_without_urgent_classes_never_says_urgent(card):
    card["classes"][0]["urgency"] = "soon"
    card["thresholds"]["urgent"] = 0.0
    assert decided(card, spread(c0=0.9)).urgency == "soon"


def test_watch_is_never_said_in_doubt(card):
    card["thresholds"]["abstain_below"] = 0.15
    flags = ("lighting_ok", "has_skin", "ignore_light", "synthetic_photo")
    for values in itertools.product((False, True), repeat=len(flags)):
        options = dict(zip(flags, values, strict=True))
        for synthetic in (False, True):
            card["synthetic"] = synthetic
            for probabilities in (spread(c7=0.9), spread()):
                decision = decided(card, probabilities, **options)
                certain = options["lighting_ok"] and options["has_skin"] and not options["ignore_light"]
                if decision.urgency == "watch":
                    assert certain and not synthetic and not decision.abstained
                assert (decision.urgency is None) == (not decision.may_name)


def test_the_strongest_reason_is_told(card):
    poor = {"lighting_ok": False, "has_skin": False}
    assert decided(card, spread(c7=0.9), **poor).reason == "no_skin"
    assert decided(card, spread(c7=0.9), **poor, ignore_light=True).reason == "no_skin"
    assert decided(card, spread(c7=0.9), lighting_ok=False).reason == "poor_light"
    assert decided(card, spread(c7=0.9), lighting_ok=False, ignore_light=True).reason is None
    card["synthetic"] = True
    assert decided(card, spread(c7=0.9), **poor).reason == "synthetic_model"
    assert decided(card, spread(c7=0.9), synthetic_photo=True).reason is None
    assert len(set(REASONS)) == 4


@pytest.mark.parametrize("color", [(255, 255, 255), (10, 60, 20), (150, 150, 150), (90, 140, 50)])
def test_no_skin_is_found_where_there_is_none_even_in_bad_light(color):
    noise = np.random.default_rng(0).normal(0, 2, (120, 200, 3))
    photo = np.clip(np.array(color) + cv2.GaussianBlur(noise, (0, 0), 1), 0, 255).astype(np.uint8)
    assert not has_skin(judge_lighting(measure_lighting(photo)), measure_framing(photo))


def test_skin_is_found_on_every_tone(photograph_skin, monk_tones):
    for tone in monk_tones.values():
        photo = photograph_skin(tone)
        assert has_skin(judge_lighting(measure_lighting(photo)), measure_framing(photo))
