"""The offline page with a model of photos that has every output: light, familiarity and spot, questions and limits."""

import json

import numpy as np
import pytest

from skin_data.phantom import render_phantom
from skin_data.relighting import relight
from tests.triage.profiled_photos import saved
from tests.web_app.full_model import SIZE
from tests.web_app.test_offline_page import upload, violations
from triage import Triage
from triage.estimated_light import likely_reason
from triage.photo import read_photo
from triage.tips import TIPS


@pytest.fixture(scope="module")
def full_site(packaged, full_model):
    return packaged(full_model)


@pytest.fixture(scope="module")
def texts(full_site):
    return json.loads((full_site / "data.json").read_text())["texts"]


@pytest.fixture(scope="module")
def page(browser, serve, full_site):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(serve(full_site))
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    yield page
    context.close()


@pytest.fixture(scope="module")
def triage(full_model):
    return Triage.load(full_model)


@pytest.fixture(scope="module")
def phantoms(full_site):
    """Those of the self-test."""
    return sorted((full_site / "phantoms").iterdir())


def outputs_of(triage, path):
    """What the file itself gives for a photo."""
    from triage.crop import Crop
    from triage.photo import prepare_pixels

    return triage.interpreter.run(prepare_pixels(read_photo(path), SIZE, Crop.recorded(triage.card["input"])))


def test_ten_phantoms_are_told_as_in_python(page, triage, phantoms, texts):
    """The page takes the model's word about the light alone, so decisions differ where Python measures more."""
    alike, seen = 0, set()
    for path in phantoms:
        told, expected = upload(page, path), triage.assess(path)
        found = {entry["label"]: entry["probability"] for entry in told["ranking"]}
        assert found == pytest.approx({entry.label: entry.probability for entry in expected.ranking}, abs=1e-3)
        assert told["ranking"][0]["label"] == expected.ranking[0].label
        assert told["lighting"]["probability"] == pytest.approx(expected.lighting.probability, abs=1e-3)
        spot = expected.spot.to_json()
        assert told["spot"] == pytest.approx(spot, abs=1e-3)
        assert (texts["web.spot"] in page.inner_text("#result")) == expected.spot.sure
        if told["lighting"]["ok"] != expected.lighting.ok:
            continue
        alike += 1
        if not expected.lighting.ok:
            page.get_by_role("button", name=texts["light.see_anyway"]).click()
            told = json.loads(page.get_attribute("#result", "data-answer"))
            expected = triage.assess(path, ignore_light=True)
        decision = expected.decision
        urgency = "soon" if decision.urgency == "watch" else decision.urgency  # no tone counts as checked
        assert (told["reason"], told["urgency"]) == (decision.reason, urgency)
        assert told["predictionSet"] == list(decision.prediction_set)
        told_text = page.inner_text("#result")
        if decision.reason == "unfamiliar":
            assert texts["answer.reason.unfamiliar_text"] in told_text
        else:
            assert texts["answer.unchecked"] in told_text  # no photo of dark skin stands behind the card
        seen.add((decision.reason, decision.urgency))
    assert alike >= 5
    assert ("unfamiliar", None) in seen and len(seen) > 1
    assert page.errors == []


def test_the_tips_come_from_the_estimated_light(page, triage, tmp_path):
    told, reasons = [], set()
    for number in range(12):
        fault = np.zeros((1, 6), np.float32)
        fault[0] = (1 + number % 6, 0.7, 0.5, 0.4, 0.6, 5)
        pixels = relight(render_phantom(52, number, SIZE * 2)[0][None], fault)[0]
        path = tmp_path / f"{number}.png"
        path.write_bytes(saved(pixels, "PNG"))
        answer, outputs = upload(page, path)["lighting"], outputs_of(triage, path)
        told.append(answer["ok"])
        assert answer["ok"] == bool(outputs["lighting"].item() >= triage.card["thresholds"]["well_lit"])
        if not answer["ok"]:
            reason = likely_reason(outputs["light_measures"], triage.card["light"]) or "poor_light"
            assert answer["reason"] == reason
            assert f"{TIPS[reason].headline}." in page.inner_text("#result section")
            reasons.add(reason)
    assert told.count(False) >= 6 and len(reasons - {"poor_light"}) >= 3


def test_answers_by_keyboard_change_the_result_as_in_python(page, triage, phantoms, texts):
    path = next(path for path in phantoms if triage.assess(path, True).decision.may_name)
    upload(page, path)
    if page.get_by_role("button", name=texts["light.see_anyway"]).count():
        page.get_by_role("button", name=texts["light.see_anyway"]).press("Enter")
    page.get_by_label(texts["question.age"]).press_sequentially("61")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    page.keyboard.press("Tab")
    page.keyboard.press("Y")  # of yes, in a closed list
    page.keyboard.press("Tab")
    page.get_by_text(texts["web.without_answers"]).wait_for()
    assert page.evaluate("document.activeElement.textContent") == texts["questions.show"]
    page.keyboard.press("Enter")
    page.locator("#result:focus").wait_for()
    told = json.loads(page.get_attribute("#result", "data-answer"))
    expected = triage.combine([triage.assess(path, True)], {"age": 61, "bleed": "yes"}, True)
    found = {entry["label"]: entry["probability"] for entry in told["ranking"]}
    assert found == pytest.approx({entry.label: entry.probability for entry in expected.ranking}, abs=1e-3)
    assert told["urgency"] == expected.decision.urgency in ("urgent", "soon")


def test_the_card_says_what_was_measured_and_what_was_not(page, triage):
    page.locator("#card summary").press("Enter")
    facts = page.inner_text("#facts")
    assert triage.card["data"]["attribution"] in facts
    assert "Right for 61 of 100 (plausibly 52 to 73)" in facts and "Right for 81 of 100" in facts
    for line in triage.card["not_measured"]:
        assert line in facts
    page.locator("#card summary").press("Enter")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_questions_fit_every_width_and_are_accessible(page, phantoms, triage, texts, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=theme)
    upload(page, next(path for path in phantoms if triage.assess(path, True).decision.may_name))
    if page.get_by_role("button", name=texts["light.see_anyway"]).count():
        page.get_by_role("button", name=texts["light.see_anyway"]).click()
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(axe, page) == []
