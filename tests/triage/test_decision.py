"""What a person is told: the rules of `triage.decision`."""

import itertools

import cv2
import numpy as np
import pytest

from triage.decision import MIN_TESTED, REASONS, decide
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
    card["per_tone"]["dark"]["n"] = MIN_TESTED - 1
    card["per_tone"]["medium"]["n"] = MIN_TESTED
    for values in itertools.product((False, True), repeat=len(flags)):
        options = dict(zip(flags, values, strict=True))
        for synthetic in (False, True):
            card["synthetic"] = synthetic
            for probabilities, tone in itertools.product((spread(c7=0.9), spread()), ("medium", "dark")):
                decision = decided(card, probabilities, **options, tone=tone)
                certain = options["lighting_ok"] and options["has_skin"] and not options["ignore_light"]
                if decision.urgency == "watch":
                    assert certain and not synthetic and not decision.abstained and tone == "medium"
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
    assert len(set(REASONS)) == 5


@pytest.mark.parametrize("color", [(255, 255, 255), (10, 60, 20), (150, 150, 150), (90, 140, 50)])
def test_no_skin_is_found_where_there_is_none_even_in_bad_light(color):
    noise = np.random.default_rng(0).normal(0, 2, (120, 200, 3))
    photo = np.clip(np.array(color) + cv2.GaussianBlur(noise, (0, 0), 1), 0, 255).astype(np.uint8)
    assert not has_skin(judge_lighting(measure_lighting(photo)), measure_framing(photo))


def test_skin_is_found_on_every_tone(photograph_skin, monk_tones):
    for tone in monk_tones.values():
        photo = photograph_skin(tone)
        assert has_skin(judge_lighting(measure_lighting(photo)), measure_framing(photo))


def test_skin_that_the_model_was_not_checked_on_is_said(card):
    card["per_tone"] = {"light": {"n": MIN_TESTED}, "dark": {"n": MIN_TESTED - 1}, "measured_on": "the test split"}
    told = {tone: decided(card, spread(c7=0.9), tone=tone) for tone in ("light", "dark", "medium", "unknown")}
    assert {tone: (d.checked, d.urgency) for tone, d in told.items()} == {
        "light": (True, "watch"), "dark": (False, "soon"), "medium": (False, "soon"), "unknown": (False, "soon"),
    }  # fmt: skip
    assert decided(card, spread(c0=0.9), tone="dark").urgency == "urgent"


def test_the_set_follows_the_tone_of_the_photo(card):
    probabilities = spread(c7=0.5, c3=0.3, c2=0.1)
    card["prediction_sets"] = {
        "coverage": 0.9, "penalty": 0.0, "free_ranks": 3, "quantiles": {"all": 0.6, "light": 0.2, "dark": 0.85},
    }  # fmt: skip
    light, medium, dark = (decided(card, probabilities, tone=tone) for tone in ("light", "medium", "dark"))
    assert (light.prediction_set, medium.prediction_set, dark.prediction_set) == (("c7",), ("c7",), ("c7", "c3"))
    assert (light.one_of, dark.one_of) == ((), ("c7", "c3"))
    assert decided(card, probabilities, tone="dark", has_skin=False).prediction_set == ()
    card["thresholds"]["abstain_below"] = 0.6
    assert decided(card, probabilities, tone="dark").one_of == ()


def test_an_urgent_class_in_the_set_never_reassures(card):
    card["prediction_sets"] = {"coverage": 0.9, "penalty": 0.0, "free_ranks": 3, "quantiles": {"all": 0.905}}
    assert decided(card, spread(c7=0.7, c0=0.2)).urgency == "soon"
    assert decided(card, spread(c7=0.7, c5=0.2)).urgency == "watch"


def test_an_unfamiliar_photo_is_no_class_and_nothing_to_watch(card):
    card["familiarity"] = {"method": "any", "refuse_below": 0.05}
    for probabilities in (spread(c7=0.99), spread(c0=0.9), spread()):
        decision = decided(card, probabilities, familiarity=0.049)
        assert (decision.reason, decision.urgency, decision.may_name) == ("unfamiliar", None, False)
    assert decided(card, spread(c7=0.9), familiarity=0.05).urgency == "watch"
    assert decided(card, spread(c7=0.9), familiarity=0.0, lighting_ok=False).reason == "poor_light"
    poor = decided(card, spread(c7=0.9), familiarity=0.0, lighting_ok=False, ignore_light=True)
    assert (poor.reason, poor.familiarity) == ("unfamiliar", 0.0)


def test_a_file_without_the_output_or_a_card_without_a_limit_refuses_nothing(card):
    assert decided(card, spread(c7=0.9), familiarity=0.0).reason is None
    card["familiarity"] = {"method": "any", "refuse_below": 0.05}
    assert decided(card, spread(c7=0.9)).reason is None
