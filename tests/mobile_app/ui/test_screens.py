"""What every screen must keep to, whatever the theme, window and text size."""

import re

import pytest

from mobile_app.texts import load_texts
from mobile_app.ui.camera_messages import TROUBLES
from mobile_app.ui.theme import MIN_VIEWFINDER, PALETTES, TOUCH_TARGET
from triage.decision import REASONS
from triage.model_card import URGENCIES

TR = load_texts()
READABLE = {
    "background": ("text", "muted", "accent", "urgent", "soon"),
    "surface": ("text", "muted", "accent", "urgent", "soon"),
    "inset": ("text", "muted", "accent"),
    "viewfinder": ("on_viewfinder",),
    "accent": ("on_accent",),
    "accent_soft": ("text", "muted", "accent"),
    "urgent_soft": ("text", "muted", "urgent"),
    "soon_soft": ("text", "muted", "soon"),
}
"""Background -> text colours allowed on it."""
WCAG_AA, WCAG_GRAPHICS = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11


def luminance(color: tuple[float, ...]) -> float:
    """WCAG 2.2's relative luminance of an sRGB color."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def where(entry: dict, thing: dict) -> str:
    text = thing.get("text") or thing.get("label")
    return f"{entry['state']}, {entry['theme']}, {entry['window']}, scale {entry['scale']}: {text!r}"


def test_the_formula_knows_black_on_white():
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast((0.4667,) * 3, (1, 1, 1)) == pytest.approx(4.48, abs=0.01)  # #777777, a known near miss


@pytest.mark.parametrize("theme", list(PALETTES))
def test_what_may_be_written_on_a_ground_can_be_read(theme):
    palette = PALETTES[theme]
    for background, tones in READABLE.items():
        for color_name in tones:
            assert contrast(palette[color_name], palette[background]) >= WCAG_AA, (theme, color_name, background)


@pytest.mark.parametrize("theme", list(PALETTES))
def test_edges_of_cards_and_buttons_can_be_seen(theme):
    for edge in ("border", "accent", "urgent", "soon"):
        for ground in ("background", "surface"):
            assert contrast(PALETTES[theme][edge], PALETTES[theme][ground]) >= WCAG_GRAPHICS, (theme, edge, ground)


def test_every_word_stands_on_a_ground_it_can_be_read_on(tour):
    for entry in tour:
        for text in entry["texts"]:
            assert text["color_name"] in READABLE[text["background"]], where(entry, text)


def test_nothing_is_cut_off(tour):
    for entry in tour:
        width, height = entry["window"]
        for text in entry["texts"]:
            x, y, w, h = text["box"]
            assert text["texture"][0] <= w + 1 and text["texture"][1] <= h + 1, where(entry, text)
            assert not text["sticks_out"], f"out of {text['sticks_out']}: {where(entry, text)}"
            assert x >= -1 and x + w <= width + 1, where(entry, text)
            if not text["scrolls"]:
                assert y >= -1 and y + h <= height + 1, where(entry, text)
            if "/" not in text["text"]:  # a path may break anywhere
                assert text["longest_word"] <= w + 2, f"breaks within a word: {where(entry, text)}"


def test_words_do_not_lie_on_each_other(tour):
    for entry in tour:
        if entry["state"].startswith(("save ", "share", "sheet", "why")):
            continue  # a sheet lies over the screen
        fixed = [text for text in entry["texts"] if not text["scrolls"]]
        for number, one in enumerate(fixed):
            for other in fixed[number + 1 :]:
                (x, y, w, h), (a, b, c, d) = one["box"], other["box"]
                apart = x + w <= a + 1 or a + c <= x + 1 or y + h <= b + 1 or b + d <= y + 1
                assert apart, f"{where(entry, one)} and {other['text']!r}"


def test_what_can_be_pressed_is_large_enough_and_in_reach(tour):
    seen = 0
    for entry in tour:
        for target in entry["targets"]:
            x, y, w, h = target["box"]
            assert min(w, h) >= TOUCH_TARGET, where(entry, target)
            assert x >= -1 and x + w <= entry["window"][0] + 1, where(entry, target)
            if not target["scrolls"]:
                assert y >= -1 and y + h <= entry["window"][1] + 1, where(entry, target)
            seen += 1
    assert seen > 1000


def test_the_camera_has_a_picture_in_every_window(tour):
    for entry in tour:
        if entry["state"].startswith("camera") and entry["state"].split()[1] not in TROUBLES:
            assert min(entry["picture"]) >= MIN_VIEWFINDER, (entry["state"], entry["window"], entry["scale"])


def test_the_ring_of_the_keyboard_can_be_seen_on_everything(tour):
    for entry in tour:
        palette = PALETTES[entry["theme"]]
        for target in entry["targets"]:
            seen = contrast(palette[target["ring"]], palette[target["background"]])
            assert seen >= WCAG_GRAPHICS, where(entry, target)


def test_every_answer_says_what_to_do_first_and_that_it_is_no_diagnosis(tour):
    answers = [entry for entry in tour if entry["state"].startswith("answer")]
    assert answers
    for entry in answers:
        texts = [text["text"] for text in sorted(entry["texts"], key=lambda text: -text["box"][1])]
        fixed = {TR[i] for i in ("answer.title", "action.retake", "action.save", "action.share")}
        first = next(text for text in texts if text not in fixed)
        actions = [f"answer.{name}" for name in URGENCIES] + [f"answer.reason.{name}" for name in REASONS]
        assert first in {TR[name] for name in actions}, entry["state"]
        assert TR["answer.not_a_diagnosis"] in texts, entry["state"]
        assert TR["app.demo"] in texts
    light_overridden = next(entry for entry in answers if entry["state"] == "answer despite light")
    assert TR["answer.light_overruled"] in [text["text"] for text in light_overridden["texts"]]


def test_at_most_three_rows_and_none_under_one_percent(tour):
    for entry in tour:
        if entry["state"].startswith("answer"):
            told = [text["text"] for text in entry["texts"]]
            rows = [text for text in told if re.fullmatch(r"[a-z ]+, (over )?\d+%", text)]
            assert len(rows) <= 3 and not [row for row in rows if row.endswith(" 0%")], (entry["state"], rows)
            if entry["state"] == "answer one of a set":
                assert len(rows) == 2 and TR("answer.also", names="Eczema") in told


def test_what_to_do_is_whole_in_view_at_every_size(tour):
    for entry in tour:
        if entry["action"]:
            bottom, top, view_bottom, view_top = entry["action"]
            assert view_bottom - 1 <= bottom and top <= view_top + 1, (entry["state"], entry["window"], entry["scale"])


def test_the_tour_has_been_everywhere(tour):
    shapes = {(*entry["window"], entry["scale"]) for entry in tour}
    sizes = ((412, 915), (1280, 800), (800, 360), (320, 480))
    assert shapes == {(*size, scale) for size in sizes for scale in (1.0, 1.5, 2.0)}
    assert {entry["theme"] for entry in tour} == set(PALETTES)
