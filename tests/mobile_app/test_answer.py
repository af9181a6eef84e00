import json
import socket
import stat
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from mobile_app import saved_photos, shared_page
from mobile_app.answer import (
    MIN_PROBABILITY,
    SIGNS_AT_ONCE,
    WARNING_SIGNS,
    answer_again,
    answer_for,
    answer_together,
    word_for,
)
from mobile_app.answer_text import changed_texts, probability_text
from mobile_app.classifier import BackgroundClassifier
from mobile_app.device_benchmark import run, thermal_note
from mobile_app.settings import FILE_NAME, Settings, read_settings, write_settings
from mobile_app.texts import load_texts
from triage.assessment import Assessment, Diagnosis, Lighting, Triage
from triage.crop import Crop
from triage.decision import Decision, decide
from triage.errors import UnusableInput
from triage.interpreter import open_interpreter
from triage.lighting import LightingVerdict
from triage.model_file import read_model
from triage.photo import DecodedPhoto, prepare_pixels
from triage.tips import TIPS


@pytest.fixture
def classifier(small_model):
    made = BackgroundClassifier(small_model)
    yield made
    made.close()


def answer_of(classifier, photo, **options):
    came = threading.Event()
    answers = []
    classifier.submit(photo, lambda answer: (answers.append(answer), came.set()), **options)
    assert came.wait(20)
    return answers[0]


@pytest.fixture
def answer(classifier, lit_phantoms):
    return answer_of(classifier, lit_phantoms[-3][0])


def test_what_is_doubtful_about_a_file_is_said(classifier, lit_phantoms):
    jpeg = cv2.imencode(".jpg", lit_phantoms[-3][0][..., ::-1])[1].tobytes()
    broken = jpeg[:2] + b"\xff\xe2\0\x10ICC_PROFILE\0\3\1" + jpeg[2:]
    answer = answer_of(classifier, broken)
    assert len(answer.warnings) == 1
    again = answer_of(classifier, DecodedPhoto(answer.photo, answer.warnings), ignore_light=True)
    assert again.warnings == answer.warnings
    for each in (answer, again):
        assert any(answer.warnings[0] in text for _, text in shared_page.page_lines(each, load_texts())[1])
    assert not answer_of(classifier, jpeg).warnings


def plain(red, green, blue):
    return np.full((120, 200, 3), (red, green, blue), np.uint8)


def test_an_answer_holds_what_the_screen_shows(answer, lit_phantoms):
    assert answer.error is None
    assert not answer.demo
    assert [entry.label for entry in answer.top] == [
        d.label for d in answer.assessment.diagnosis[:3] if d.probability >= MIN_PROBABILITY
    ]
    assert all(entry.probability >= MIN_PROBABILITY for entry in answer.top)
    left, top, width, height = answer.crop
    photo = lit_phantoms[-3][0]
    seen = photo[top : top + height, left : left + width]
    np.testing.assert_array_equal(prepare_pixels(photo, 32), prepare_pixels(seen, 32, Crop(fraction=1.0)))


@pytest.fixture
def asking(classifier, answer):
    """The card of the small model with a question."""
    effects = {"yes": [2.0, 0.0, 0.0], "no": [-2.0, 0.0, 0.0]}
    return {**classifier.card, "answers": {"questions": {"bleed": {"effects": effects}}, "largest_log_odds": 3.0}}


def test_answers_to_questions_change_the_answer_and_can_be_taken_back(answer, asking):
    asked = answer_again(answer, asking, {"bleed": "yes"})
    assert asked.given == {"bleed": "yes"} and asked.photo is answer.photo
    told = changed_texts(load_texts(), asked)
    assert len(told) == 3 and "yes" in told[1]
    assert set(told) <= {text for part in shared_page.page_lines(asked, load_texts()) for _, text in part}
    again = answer_again(asked, asking, {})
    assert [entry.probability for entry in again.top] == pytest.approx([entry.probability for entry in answer.top])
    assert changed_texts(load_texts(), again) == []


def test_photos_of_a_spot_make_one_answer_that_keeps_the_answers(answer, asking):
    asked = answer_again(answer, asking, {"bleed": "yes"})
    wall = replace(answer, assessment=replace(answer.assessment, decision=Decision("no_skin", None, False)))
    both = answer_together(asked, wall, asking)
    assert len(both.parts) == 2 and both.takes_photo and both.given == asked.given
    assert [entry.probability for entry in both.top] == pytest.approx([entry.probability for entry in asked.top])
    assert not answer_together(both, answer, asking).takes_photo


@pytest.mark.parametrize(
    ("probability", "word"),
    ((1, "very_likely"), (0.9, "very_likely"), (0.7, "likely"), (0.4, "possible"), (0.2, "unlikely"),
     (0, "very_unlikely"))
)  # fmt: skip
def test_words_follow_probabilities(probability, word):
    assert word_for(probability, "watch") == word
    assert word_for(0.1, "urgent") == "possible" and word_for(0.05, "urgent") == "unlikely"


def test_every_word_it_can_say_is_in_the_texts():
    texts = load_texts()
    assert {f"sign.{sign}" for sign in (*SIGNS_AT_ONCE, *WARNING_SIGNS)} <= set(texts)
    assert {f"tip.{tip}.headline" for tip in TIPS} <= set(texts)


def test_a_photo_without_skin_names_nothing(classifier):
    answer = answer_of(classifier, np.random.default_rng(0).integers(110, 140, (120, 200, 1), np.uint8).repeat(3, 2))
    assert (answer.reason, answer.urgency, answer.top) == ("no_skin", None, ())
    texts = load_texts()
    said = [text for part in shared_page.page_lines(answer, texts) for _, text in part]
    assert texts["answer.reason.no_skin"] in said and texts["answer.nearest"] not in said


def watchful_answer(ignore_light=False, lit=True, synthetic=False, probabilities=(0.7, 0.29, 0.01)):
    """Of a model that finds nothing urgent in any photo."""
    ranking = tuple(Diagnosis(n, n, p, "watch") for n, p in zip("ABC", probabilities, strict=True))
    card = {
        "classes": [{"id": n, "name": n, "urgency": "watch"} for n in "ABC"],
        "name": "watchful",
        "thresholds": {"urgent": 0.5, "abstain_below": 0.2, "well_lit": 0.5},
        "synthetic": synthetic,
        "input": {"crop_fraction": 0.8},
    }

    def assess(photo, ignore_light, synthetic_photo):
        flags = {"ignore_light": ignore_light, "synthetic_photo": synthetic_photo}
        decision = decide(np.array(probabilities), card, lighting_ok=lit, has_skin=True, **flags)
        return Assessment("", Lighting(lit, 0.9, LightingVerdict(True, ()), ()), ranking, decision)

    return answer_for(SimpleNamespace(card=card, assess=assess), DecodedPhoto(plain(200, 150, 120), ()), ignore_light)


def test_the_page_says_what_the_screen_says():
    texts = load_texts()
    answer = watchful_answer(ignore_light=True, probabilities=(0.999, 0.001, 0.0))
    said = [text for _, text in shared_page.page_lines(answer, texts)[1]]
    assert texts("answer.light_overruled") in said and texts("answer.light_good") not in said
    assert {f"{entry.name}: {probability_text(texts, entry)}" for entry in answer.top} <= set(said)


@pytest.mark.parametrize("options", [{"lit": False}, {"synthetic": True}])
def test_the_page_has_no_next_step_where_nothing_is_named(options):
    texts = load_texts()
    answer = watchful_answer(**options)
    said = "\n".join(text for part in shared_page.page_lines(answer, texts) for _, text in part)
    assert texts[f"answer.reason.{answer.reason}"] in said
    assert texts["answer.next"] not in said and answer.top == ()


def test_skin_is_looked_for_in_the_models_own_crop(small_model, lit_phantoms):
    file = read_model(small_model)
    photo = np.full((1080, 1920, 3), 150, np.uint8)
    photo[360:720, 640:1280] = lit_phantoms[5][0]
    for crop, missing in ((0.33, False), (0.8, True)):
        card = {**file.card, "input": {**file.card["input"], "crop_fraction": crop}}
        triage = Triage(replace(file, card=card), open_interpreter(file.flatbuffer))
        assert (answer_for(triage, DecodedPhoto(photo, ())).reason == "no_skin") is missing


def test_an_unsure_model_cannot_tell(classifier):
    answer = answer_of(classifier, plain(150, 146, 142))
    assert (answer.reason, answer.urgency) == ("unsure", "soon")
    assert answer.top


def test_the_choice_to_use_it_anyway_is_kept(classifier, lit_phantoms):
    assert answer_of(classifier, lit_phantoms[0][0] // 8, ignore_light=True).ignore_light


def test_whatever_goes_wrong_comes_as_an_answer(classifier, tmp_path, small_model):
    assert "none.jpg" in answer_of(classifier, tmp_path / "none.jpg").error
    assert answer_of(classifier, b"no photo").error
    assert answer_of(classifier, np.zeros((4, 4, 3), np.uint8)).error
    assert answer_of(classifier, np.zeros((64, 64), np.uint8)).error
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(small_model.read_bytes()[:-50])
    other = BackgroundClassifier(broken)
    assert "broken.tflite" in answer_of(other, plain(1, 2, 3)).error
    other.close()


@pytest.mark.parametrize("where", ["load", "assess"])
def test_what_nobody_expected_comes_as_an_answer_each_time(monkeypatch, where):
    def fail(*_):
        raise RuntimeError("out of order")

    broken = SimpleNamespace(card={}, finds_spots=False, assess=fail)
    monkeypatch.setattr(Triage, "load", fail if where == "load" else lambda *_: broken)
    made = BackgroundClassifier(Path("any.tflite"))
    assert [answer_of(made, plain(1, 2, 3)).error for _ in range(2)] == ["RuntimeError: out of order"] * 2
    assert (made.problem is None) == (where == "assess")
    made.close()


def test_saving_keeps_pixels_for_this_user_alone(classifier, tmp_path, lit_phantoms):
    jpeg = cv2.imencode(".jpg", lit_phantoms[-3][0][..., ::-1])[1].tobytes()
    exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0GPS 48.1 N 11.5 E"
    tagged = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    answer = answer_of(classifier, tagged)
    folder = tmp_path / "app" / "kept"
    first, second = saved_photos.save(answer, folder), saved_photos.save(answer, folder)
    saved = datetime.strptime(saved_photos.saved_time(first), "%Y-%m-%d %H:%M:%S")
    assert abs((datetime.now() - saved).total_seconds()) < 60
    assert first != second
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert b"GPS" in tagged and b"GPS" not in first.read_bytes()
    np.testing.assert_array_equal(cv2.imread(str(first))[..., ::-1], answer.photo)


def test_nothing_is_written_unless_asked(answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert answer.assessment
    assert not list(tmp_path.iterdir())


def test_the_page_says_what_it_is_not_first_and_everything_else(answer):
    texts = load_texts()
    above, below = shared_page.page_lines(answer, texts)
    assert texts("answer.not_a_diagnosis") in [text for _, text in above[:3]]
    above, _ = shared_page.page_lines(replace(answer, demo=True), texts)
    assert texts("app.demo_note") in [text for _, text in above]
    said = "\n".join(text for _, text in below)
    assert all(entry.name in said for entry in answer.top)
    assert any(texts(f"answer.{answer.urgency}") in text for _, text in above)
    assert all(texts(f"sign.{sign}") in said for sign in WARNING_SIGNS)
    _, below = shared_page.page_lines(replace(answer, ignore_light=True), texts)
    assert texts("answer.light_overruled") in [text for _, text in below]


def test_the_page_as_pdf_and_picture(answer, tmp_path):
    pytest.importorskip("fpdf", reason="needs the app extra")
    shared_page.write_pdf(answer, load_texts(), tmp_path / "answer.pdf")
    assert (tmp_path / "answer.pdf").read_bytes()[:5] == b"%PDF-"
    longest = replace(watchful_answer(lit=False, ignore_light=True), demo=True, photo=np.zeros((900, 500, 3), np.uint8))
    for letter in (answer, longest):
        shared_page.write_pdf(letter, load_texts(), tmp_path / "answer.pdf")
        assert b"/Count 1" in (tmp_path / "answer.pdf").read_bytes(), "more than a page"
    shared_page.write_png(answer, load_texts(), tmp_path / "answer.png")
    picture = cv2.imread(str(tmp_path / "answer.png"))
    assert picture.shape[1] == shared_page.PAGE_WIDTH
    assert picture[:20].min() == picture[-20:].min() == 255
    with pytest.raises(UnusableInput):
        shared_page.write_pdf(replace(answer, assessment=None, error="no"), load_texts(), tmp_path / "none.pdf")
    assert not (tmp_path / "none.pdf").exists()


@pytest.mark.parametrize("text", ["", "[1]", '{"theme": 3, "font_scale": "big"}', '{"theme": "purple"}', "\x00"])
def test_damaged_settings_are_as_at_the_first_start(tmp_path, text):
    (tmp_path / FILE_NAME).write_text(text)
    assert read_settings(tmp_path) == Settings()


def test_settings_come_back(tmp_path):
    chosen = Settings(theme="dark", font_scale=1.5, spoken_tips=True, first_run_seen=True)
    write_settings(chosen, tmp_path / "new")
    assert read_settings(tmp_path / "new") == chosen
    assert read_settings(tmp_path / "none") == Settings()


def test_a_device_is_compared_with_this_machine(small_model, tmp_path):
    latency = pytest.importorskip("benchmarks.latency.interleaved")
    from benchmarks.latency.compare import compare, read_result

    told = []
    (tmp_path / "phone.json").write_text(json.dumps(run(small_model, told.append, seconds=0.3), allow_nan=False))
    on_device = read_result(tmp_path / "phone.json")
    here = latency.benchmark([small_model])
    assert set(on_device["results"][0]) <= set(here["results"][0])
    assert set(on_device["machine"]) <= set(here["machine"])
    compared = compare(here, on_device)
    assert compared["differences"] == {}
    (row,) = compared["rows"]
    assert (row["model"], row["same_file"]) == (small_model.name, True)
    assert on_device["results"][0]["inferences"] >= 30
    assert told == sorted(told) and told[-1] == 1.0


@pytest.mark.parametrize(
    ("medians", "note"),
    [([2, 2, 2.1, 2, 2], "steady"), ([2, 2.1, 2.3, 2.6, 2.9], "slower_when_warm"), ([2, 4, 2, 3, 2], "noisy")],
)
def test_warming_is_told_from_noise(medians, note):
    assert thermal_note([float(median) for median in medians]) == note


def test_an_answer_needs_no_socket(classifier, lit_phantoms, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert answer_of(classifier, lit_phantoms[0][0]).error is None
