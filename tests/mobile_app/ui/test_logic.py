"""What decides what the screens show; none of it needs Kivy."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobile_app.answer import Answer, RankedClass
from mobile_app.answer_text import answer_text, choices_of, light_text, percent, probability_text
from mobile_app.guidance import Guidance
from mobile_app.live_session import LiveState
from mobile_app.texts import load_texts
from mobile_app.ui import clipboard
from mobile_app.ui.camera_messages import (
    HOLD_STILL,
    LOOKING,
    READY,
    STARTING,
    deciding_measure,
    message_for,
    trouble_of,
)
from mobile_app.ui.clipboard import path_in_text
from mobile_app.ui.desktop_voice import DesktopVoice
from mobile_app.ui.folders import free_path, list_folder, user_folder
from mobile_app.ui.icons import STROKES, icon_mask
from mobile_app.ui.model_card_text import card_facts, class_facts, measured_facts
from mobile_app.ui.system_theme import SystemTheme
from triage.assessment import Assessment, Lighting
from triage.decision import Decision
from triage.lighting import LightingVerdict
from triage.tips import TIPS

TR = load_texts()
GOOD, DARK = Guidance(None, True), Guidance("too_dark", False, {"exposure": -6.1, "limit": -5.4})


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (LiveState("starting"), STARTING),
        (LiveState("running"), LOOKING),
        (LiveState("running", Guidance(None, False)), LOOKING),
        (LiveState("running", Guidance(None, False, {"motion": 0.3, "limit": 0.15})), HOLD_STILL),
        (LiveState("running", GOOD), READY),
    ],
)
def test_the_panel_says_one_thing(state, message):
    assert message_for(state) == message
    assert trouble_of(state) is None
    still = message_for(state, live=False)
    assert still not in (HOLD_STILL, READY) and still.ready == message.ready


@pytest.mark.parametrize("tip", list(TIPS))
def test_every_tip_has_its_own_icon_and_words(tip):
    message = message_for(LiveState("running", replace(DARK, tip=tip)))
    assert message.icon == tip and tip in STROKES
    assert TR[message.headline] and TR[message.advice]
    assert not message.ready and message.explained
    shapes = {name: icon_mask(name, 28).tobytes() for name in [*TIPS, "ready", "hold"]}
    assert len(set(shapes.values())) == len(shapes), "two icons look the same"


def test_why_is_offered_only_where_it_can_be_answered():
    measure = deciding_measure(DARK)
    assert (measure.name, measure.value, measure.limit, measure.higher_is_better) == ("exposure", -6.1, -5.4, True)
    assert deciding_measure(Guidance("glare", False, {"specular": 0.01, "limit": 0.004})).higher_is_better is False
    for measured in ({}, {"unheard_of": 1.0, "limit": 2.0}, {"exposure": -6.0}):
        guidance = Guidance("too_dark", False, measured)
        assert deciding_measure(guidance) is None
        assert not message_for(LiveState("running", guidance)).explained


def test_every_state_without_frames_is_a_trouble():
    assert [trouble_of(LiveState(s)) for s in ("absent", "busy", "something new")] == ["absent", "busy", "failed"]


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.01, "1%"), (0.41, "41%"), (0.99, "99%"), (0.999, "over 99%"), (1.0, "over 99%")],
)
def test_numbers_promise_no_more_than_they_hold(probability, text):
    assert percent(TR, probability) == text


def test_an_answer_in_words():
    assert probability_text(TR, RankedClass("x", "X", 0.41, "possible")) == f"{TR['answer.possible']}, 41%"
    lit = an_assessment(lit=True)
    assert light_text(TR, Answer(lit, None, None)) == TR["answer.light_good"]
    # A tip that was not about light:
    assert light_text(TR, Answer(lit, None, None, ignore_light=True)) == TR["answer.light_overruled"]
    assert light_text(TR, Answer(an_assessment(lit=False), None, None)) == TR["answer.light_overruled"]


def an_assessment(lit: bool) -> Assessment:
    return Assessment("", Lighting(lit, 0.9, LightingVerdict(lit, ()), ()), (), Decision(None, "soon", False))


def test_the_card_is_told_with_its_intervals_and_gaps():
    accuracy = {"value": 0.5, "low": 0.3, "high": 0.7}
    card = {
        "name": "m",
        "licence": "MIT",
        "data": {"dataset": "phantom"},
        "classes": [{"name": "A"}, {"name": "B"}],
        "per_tone": {
            "light": {"n": 40, "accuracy": accuracy, "urgent_sensitivity": {**accuracy, "n": 21}},
            "dark": {"n": 2, "accuracy": {"value": None}, "urgent_sensitivity": {"value": None, "n": 1}},
        },
        "not_measured": [],
    }
    facts = dict(card_facts(TR, card))
    assert facts[TR["about.tone.light"]] == TR("about.tone_accuracy", right=50, right_low=30, right_high=70, n=40)
    assert facts[TR["about.tone.dark"]] == TR("about.too_few", n=2)
    assert facts[TR["about.urgent.light"]] == TR(
        "about.urgent_sensitivity", noticed=50, noticed_low=30, noticed_high=70, n=21
    )
    assert facts[TR["about.urgent.dark"]] == TR("about.too_few", n=1)
    assert not {TR["about.tone.medium"], TR["about.model_not_measured"]} & set(facts)
    assert card_facts(TR, {**card, "per_tone": {}, "data": {}})


def test_what_was_measured_is_told_for_the_picture_alone_and_with_answers():
    def metric(value):
        return {"value": value, "low": value - 0.02, "high": value + 0.03, "n": 919}

    part = {"accuracy": metric(0.65), "urgent_sensitivity": metric(0.9), "urgent_specificity": metric(0.61)}
    answered = {"3": part, "all": {**part, "accuracy": metric(0.74)}}
    facts = dict(measured_facts(TR, {"measured": {"photo_alone": part, "answered": answered}}))
    assert list(facts) == ["From the picture alone", "With 3 answers", "With all answers"]
    numbers = {"noticed": 90, "noticed_low": 88, "noticed_high": 93, "spared": 61, "spared_low": 59, "spared_high": 64}
    right = {"right": 74, "right_low": 72, "right_high": 77}
    assert facts["With all answers"] == TR("about.measured", n=919, **numbers, **right)
    assert measured_facts(TR, {}) == measured_facts(TR, {"measured": {"photo_alone": {"accuracy": metric(0.5)}}}) == []


def test_the_cancers_come_first_with_what_was_named_and_sent_to_a_doctor():
    urgencies = {"nevus": "watch", "melanoma": "urgent", "wart": "watch"}
    few = {"value": None, "low": None, "high": None, "n": 3, "why": "too few"}
    named, sent = ({"value": v, "low": v - 0.06, "high": v + 0.07, "n": 214} for v in (0.43, 0.88))
    card = {
        "classes": [{"id": i, "name": i.capitalize(), "urgency": u} for i, u in urgencies.items()],
        "per_class": {
            "nevus": {"n": 3, "recall": few, "sent_to_doctor": few},
            "melanoma": {"n": 214, "recall": named, "sent_to_doctor": sent},
        },
    }
    first, second = class_facts(TR, card)
    numbers = {"named": 43, "named_low": 37, "named_high": 50, "sent": 88, "sent_low": 82, "sent_high": 95}
    assert first == ("Melanoma", TR("about.class_accuracy", n=214, **numbers))
    assert second == ("Nevus", TR("about.too_few", n=3))
    assert class_facts(TR, {"classes": card["classes"]}) == []


@pytest.mark.parametrize("side", [1, 16, 37])
def test_icons_are_drawn_at_any_size(side):
    for name in STROKES:
        mask = icon_mask(name, side)
        assert mask.shape == (side, side) and mask.dtype == np.uint8 and mask.any(), name


def test_a_folder_is_listed_newest_first_without_what_is_no_photo(tmp_path):
    for number, name in enumerate(["a.jpg", "b.PNG", "c.txt", ".hidden.jpg"]):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o600)
        os.utime(tmp_path / name, (number, number))
    (tmp_path / "Sub").mkdir()
    listing = list_folder(tmp_path)
    assert [p.name for p in listing.folders] == ["Sub"]
    assert [p.name for p in listing.photos] == ["b.PNG", "a.jpg"]
    few = list_folder(tmp_path, limit=2)
    assert len(few.folders) + len(few.photos) == 2 and few.left_out == 1
    assert list_folder(tmp_path / "missing").closed


def test_the_desktop_may_call_its_folders_otherwise(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert user_folder("PICTURES") == tmp_path
    (tmp_path / "Bilder").mkdir()
    (tmp_path / "user-dirs.dirs").write_text('XDG_PICTURES_DIR="$HOME/Bilder"\n')
    assert user_folder("PICTURES") == tmp_path / "Bilder"


def test_nothing_is_written_over(tmp_path):
    first = free_path(tmp_path, "skin-check", ".pdf")
    first.touch()
    assert free_path(tmp_path, "skin-check", ".pdf").name == "skin-check-2.pdf"


def test_pasted_text_that_names_a_file(tmp_path):
    photo = tmp_path / "a photo.jpg"
    photo.touch()
    for text in (str(photo), f"'{photo}'", f"file://{tmp_path}/a%20photo.jpg\r\n", f"copy\n{photo}\n"):
        assert path_in_text(text) == photo
    for text in ("", "hello", "x" * 10_000, "a\0b", str(tmp_path)):
        assert path_in_text(text) is None


def test_text_on_the_clipboard_is_told_from_nothing(monkeypatch):
    held = {"UTF8_STRING": b"some words"}
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(clipboard.sys, "platform", "linux")
    monkeypatch.setattr(clipboard, "_output", lambda command, _: held.get(command[-1], b""))
    assert clipboard.read_clipboard() == "some words"
    held.clear()
    assert clipboard.read_clipboard() is None


def test_a_silent_clipboard_is_asked_no_longer_than_promised(monkeypatch):
    now, waits = [0.0], []

    def silent(command, timeout, **_):
        waits.append(timeout)
        now[0] += timeout
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(clipboard.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(clipboard.shutil, "which", lambda name: name)
    monkeypatch.setattr(clipboard.subprocess, "run", silent)
    assert clipboard.read_clipboard() is None
    assert waits and sum(waits) <= clipboard.MAX_WAIT_S


def test_the_voice_is_given_the_words_and_cut_off_by_new_ones(tmp_path, monkeypatch):
    log = tmp_path / "said"
    voice = tmp_path / "espeak-ng"
    voice.write_text(f'#!/bin/sh\necho "$1" >> {log}\nexec sleep 60\n')
    voice.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    voice = DesktopVoice("linux")
    assert voice.available
    for number, words in enumerate(("Too dark", "Glare")):
        voice.speak(words)
        deadline = time.monotonic() + 30
        while (not log.exists() or log.read_text().count("\n") <= number) and time.monotonic() < deadline:
            time.sleep(0.01)
    voice.silence()
    assert log.read_text().splitlines() == ["Too dark", "Glare"]


def test_without_a_voice_nothing_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    voice = DesktopVoice("linux")
    assert not voice.available
    voice.speak("nobody hears this")
    assert not DesktopVoice("something else").available


def test_a_device_that_does_not_say_is_light(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert SystemTheme("something else").name == "light"
    setting = tmp_path / "gsettings"
    for word, theme in (("'prefer-dark'", "dark"), ("'default'", "light")):
        setting.write_text(f'#!/bin/sh\necho "{word}"\n')
        setting.chmod(0o755)
        assert SystemTheme("linux").name == theme


def test_the_logic_needs_no_kivy():
    modules = ("capture", "camera_messages", "clipboard", "desktop_voice", "folders", "icons")
    modules += ("model_card_text", "system_theme", "theme")
    code = f"import sys; from mobile_app.ui import {', '.join(modules)}; print([m for m in sys.modules if 'kivy' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_answer_is_told_in_the_words_that_were_pressed():
    assert answer_text(TR, "itch", "no").endswith("no")
    assert answer_text(TR, "age", 12.0).endswith("under 20")
    assert answer_text(TR, "age", 33.0).endswith("33")


def test_questions_without_a_text_of_the_app_are_not_asked():
    yes_no = {"effects": {"yes": [1.0], "no": [0.0]}}
    years = {"years": True, "effects": {"10": [0.0], "80": [1.0]}}
    assert choices_of(TR, "itch", yes_no) == [("yes", TR["choice.yes"]), ("no", TR["choice.no"])]
    assert choices_of(TR, "age", years)[0] == (12.0, TR["years.under_20"])
    assert choices_of(TR, "since", years) == choices_of(TR, "since", yes_no) == []
    assert choices_of(TR, "region", {"effects": {"elbow": [1.0]}}) == []
