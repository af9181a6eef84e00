"""The offline page in a real browser."""

import contextlib
import json
import shutil
from urllib.parse import urlsplit

import numpy as np
import pytest

from mobile_app.classifier import DEMO_MODEL
from skin_data.phantom import render_phantom
from tests.triage.profiled_photos import heic, rgb_profile, saved
from triage import Triage
from triage.answers import add_answers
from triage.assessment import apply_temperature
from triage.crop import SHAPES, Crop
from triage.decision import decide, with_answers
from triage.estimated_light import likely_reason
from triage.lighting import FEATURE_NAMES, REASONS
from triage.model_file import read_model
from triage.photo import prepare_pixels, read_photo
from triage.skin_tone import UNKNOWN_TONE

PHOTOS = 10
SIZES = [(360, 740), (820, 1180), (1440, 900)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""Of axe, the accessibility checker."""
OPEN = """async ([bytes, size, input]) => {
    const { cropBox, openPhoto, prepare, readPixels } = await import("./pixels.js");
    const { image, width, height } = await openPhoto(new File([Uint8Array.from(bytes)], "a"), {});
    return [...prepare(readPixels(image, cropBox(width, height, input)), size, input).data];
}"""

DROP = """(count) => {
    const dataTransfer = new DataTransfer();
    for (let number = 0; number < count; number++) dataTransfer.items.add(new File(["a"], `${number}.png`));
    dispatchEvent(new DragEvent("drop", { dataTransfer }));
}"""


@pytest.fixture(scope="module")
def texts(site):
    return json.loads((site / "data.json").read_text())["texts"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Phantoms of several sizes in PNG."""
    folder, found = tmp_path_factory.mktemp("photos"), []
    for index in range(PHOTOS):
        pixels, _ = render_phantom(7, index, (150, 224, 400, 700)[index % 4])
        pixels = pixels[: len(pixels) - 11 * (index % 3)]
        found.append(folder / f"{index}.png")
        found[-1].write_bytes(saved(pixels, "PNG"))
    return found


@pytest.fixture(scope="module")
def page(browser, address):
    """The page with the demo's photos, loaded once: compiling the runtime takes seconds."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.requested, page.errors = [], []
    context.on("request", lambda request: page.requested.append(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"{address}?demo")
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    yield page
    context.close()


def upload(page, path, **more):
    page.evaluate("delete document.getElementById('result').dataset.answer")
    page.set_input_files("#file", path)
    page.wait_for_selector("#result[data-answer]")
    return json.loads(page.get_attribute("#result", "data-answer"))


def test_the_answers_equal_those_of_python_and_nothing_leaves_the_origin(page, address, photos):
    triage = Triage.load(DEMO_MODEL)
    for path in photos:
        told, expected = upload(page, path), triage.assess(path, synthetic_photo=True)
        assert told["ranking"][0]["label"] == expected.ranking[0].label
        found = {entry["label"]: entry["probability"] for entry in told["ranking"]}
        for entry in expected.ranking:
            assert found[entry.label] == pytest.approx(entry.probability, abs=1e-3)
        assert told["lighting"]["probability"] == pytest.approx(expected.lighting.probability, abs=1e-3)
        # The page measures neither light, skin nor tone: the same decision follows from what it knows.
        decision = decide(
            np.array([found[c["id"]] for c in triage.card["classes"]]),
            triage.card,
            lighting_ok=told["lighting"]["ok"],
            has_skin=True,
            synthetic_photo=True,
        )
        assert (told["reason"], told["urgency"]) == (decision.reason, decision.urgency)
        assert told["predictionSet"] == list(decision.prediction_set)
    assert page.errors == []
    assert {urlsplit(url).netloc for url in page.requested if not url.startswith("blob:")} == {urlsplit(address).netloc}


def test_a_demo_model_judges_no_real_skin(page, photos, texts):
    page.evaluate("history.replaceState(null, '', './')")
    assert upload(page, photos[0])["reason"] == "synthetic_model"
    page.evaluate("history.replaceState(null, '', './?demo')")
    assert texts["answer.reason.synthetic_model_text"] in page.inner_text("#result")
    for path in photos:  # drawn skin is named, without advice
        urgency = upload(page, path)["urgency"]
        assert not urgency or texts[f"answer.{urgency}"] not in page.inner_text("#result")


def test_the_policy_stops_requests_elsewhere(page):
    blocked = page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'blocked')")
    assert blocked == "blocked"


def test_pixels_are_prepared_as_in_python(page, photos):
    for number, path in enumerate(photos):
        shape = SHAPES[number % 3]
        expected = prepare_pixels(read_photo(path), 96, Crop(shape, 0.8))
        found = page.evaluate(OPEN, [list(path.read_bytes()), 96, {"crop": shape, "crop_fraction": 0.8}])
        found = np.array(found).reshape(expected.shape)
        assert np.abs(found - expected.astype(int)).max() <= 1
        assert np.abs(found - expected.astype(int)).mean() < 0.01


def test_photos_in_the_colours_of_a_phone_are_converted(page):
    data = saved(render_phantom(3, 1, 200)[0], "PNG", icc_profile=rgb_profile("Display P3"))
    expected = prepare_pixels(read_photo(data), 96).astype(int)
    assert np.abs(expected - prepare_pixels(read_photo(saved(render_phantom(3, 1, 200)[0], "PNG")), 96)).max() > 4
    found = np.array(page.evaluate(OPEN, [list(data), 96, {"crop_fraction": 0.8}])).reshape(expected.shape)
    assert np.abs(found - expected).mean() < 1


def _jpeg():
    return saved(render_phantom(3, 1, 200)[0], "JPEG")


BAD = {
    "web.empty": lambda: b"",
    "web.unreadable": lambda: b"not a photo",
    "web.cut_off": lambda: _jpeg()[:-300],
    "web.too_small": lambda: saved(np.zeros((20, 40, 3), np.uint8), "PNG"),
    "web.heic": lambda: heic(render_phantom(3, 1, 200)[0]),
    "web.too_large": lambda: saved(np.zeros((12_000, 17_000), np.uint8), "PNG", compress_level=1),
}


def test_bad_photos_end_in_words(page, texts, tmp_path, photos):
    for text, make in BAD.items():
        path = tmp_path / text
        path.write_bytes(make())
        page.set_input_files("#file", path)
        page.get_by_text(texts[text]).wait_for()
    page.evaluate(DROP, 50)
    page.get_by_text(texts["web.one_photo"]).wait_for()
    assert upload(page, photos[0])["ranking"]
    assert page.errors == []


@pytest.mark.parametrize("missing", ["WebAssembly.validate = () => false", "delete window.WebAssembly"])
def test_a_browser_without_simd_is_told(open_page, address, texts, missing):
    page = open_page(address, lambda page: page.add_init_script(missing))
    assert page.inner_text("#status") == texts["web.no_simd"]
    assert not page.is_visible("#file")


def test_another_model_or_another_prediction_gives_no_answer(open_page, site, serve, texts, tmp_path):
    other = shutil.copytree(site, tmp_path / "other")
    data = json.loads((other / "data.json").read_text())
    data["phantoms"][3]["outputs"]["diagnosis"][0] += 2e-3
    (other / "data.json").write_text(json.dumps(data))
    address = serve(other)
    page = open_page(address)
    assert page.inner_text("#status") == texts["web.selftest_failed"]
    assert not page.is_visible("#choose")
    assert texts["web.selftest_failed"] in open_page(f"{address}selftest.html").inner_text("main")
    (other / "model.tflite").write_bytes(b"not a model")
    assert open_page(address).inner_text("#status") == texts["web.wrong_model"]


def test_the_self_test_shows_ten_phantoms(open_page, address, texts):
    page = open_page(f"{address}selftest.html")
    assert page.inner_text("#status") == texts["web.selftest_passed"]
    differences = [float(cell) for cell in page.locator("#rows td:nth-child(2)").all_inner_texts()]
    assert len(differences) == 10
    assert max(differences) <= 1e-3
    assert violations(pytest.importorskip("axe_playwright_python.sync_playwright").Axe(), page) == []


def test_the_page_works_offline_after_the_first_visit(open_page, address, photos):
    page = open_page(f"{address}?demo")
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()  # under the service worker, which now keeps the build of LiteRT.js as well
    page.wait_for_selector("body[data-ready]")
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert upload(page, photos[0])["ranking"]


def test_the_camera_gives_tips_and_a_photo(page):
    page.evaluate("delete document.getElementById('result').dataset.answer")
    page.click("#camera")
    page.locator("#live-tip:not(:empty)").wait_for()
    page.click("#shoot")
    page.wait_for_selector("#result[data-answer]")
    assert not page.is_visible("#live")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_fits_every_width_and_is_accessible(page, photos, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=theme)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        upload(page, photos[0])
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(axe, page) == []


def violations(axe, page):
    found = axe.run(page, options={"runOnly": RULES}).response["violations"]
    return [(rule["id"], rule["impact"], rule["nodes"][0]["html"]) for rule in found]


def chosen_by_keyboard(page, field):
    """Return the dialog for files that Enter opens; a busy Chromium loses the key, or opens none so long after it."""
    from playwright.sync_api import TimeoutError as NotThere

    for _ in range(6):
        page.focus(field)
        with contextlib.suppress(NotThere):
            with page.expect_file_chooser(timeout=10_000) as chooser:
                page.keyboard.press("Enter")
            return chooser.value
    raise AssertionError("Enter opens no dialog for files")


def test_the_keyboard_alone_reaches_everything(page, photos):
    page.evaluate("document.getElementById('result').replaceChildren(); document.activeElement.blur()")
    page.locator("h1").click()
    seen = []
    for _ in range(4):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert seen == ["camera", "file", "SUMMARY", "A"]
    chosen_by_keyboard(page, "#file").set_files(photos[0])
    page.locator("#result:focus").wait_for()


ASKED = {
    "questions": {
        "bleed": {"effects": {"yes": [0.5] * 4 + [-0.5] * 6, "no": [-0.1] * 5 + [0.1] * 5}},
        "age": {"effects": {"20": [-1.0] * 3 + [0.2] * 7, "70": [1.0] * 3 + [-0.2] * 7}, "years": True},
    },
    "largest_log_odds": 1.5,
}
ASSESS = """async ([cases, card, overrides]) => {
    const { assess } = await import("./decide.js");
    const data = { ...await (await fetch("data.json")).json(), ...overrides, card };
    return cases.map(([outputs, options]) => assess(outputs, data, options));
}"""


def test_light_answers_and_decision_are_those_of_triage(page):
    """For outputs of every kind, with the sections of a full card."""
    generator, card = np.random.default_rng(2), dict(read_model(DEMO_MODEL).card)
    card |= {"synthetic": False, "answers": ASKED, "temperature": 1.3}
    card["light"] = {"reasons": list(REASONS), "weights": generator.normal(0, 1, (6, 14)).tolist(), "bias": [0.1] * 6}
    card["familiarity"] = {"method": "", "refuse_below": 0.1, "fitted_on": {}}
    card["prediction_sets"] = {"coverage": 0.9, "penalty": 0.02, "free_ranks": 2, "quantiles": {"all": 0.85}}
    card["per_tone"] = {UNKNOWN_TONE: {"n": 60}}
    cases = []
    for number in range(200):
        outputs = {
            "diagnosis": generator.dirichlet([0.3] * len(card["classes"])).tolist(),
            "lighting": [float(generator.uniform(0.3, 1))],
            "familiarity": [float(generator.uniform())],
            "light_measures": generator.normal(0, 0.5, len(FEATURE_NAMES)).tolist(),
        }
        given = {"bleed": ("yes", "no")[number % 2], "age": float(number % 90)} if number % 3 else {}
        cases.append([outputs, {"ignoreLight": bool(number % 4), "answers": given}])
    seen, reasons = set(), set()
    for (outputs, options), told in zip(cases, page.evaluate(ASSESS, [cases, card, {"checked": True}]), strict=True):
        ok = outputs["lighting"][0] >= card["thresholds"]["well_lit"]
        reason = None if ok else likely_reason(outputs["light_measures"], card["light"]) or "poor_light"
        assert (told["lighting"]["ok"], told["lighting"]["reason"]) == (ok, reason)
        reasons.add(reason)
        light = {"lighting_ok": ok, "has_skin": True, "ignore_light": options["ignoreLight"]}
        light["familiarity"] = outputs["familiarity"][0]
        probabilities = apply_temperature(np.array(outputs["diagnosis"]), card["temperature"])
        decision = decide(probabilities, card, **light)
        if options["answers"] and decision.may_name:
            fused, effects = add_answers(probabilities, options["answers"], ASKED, card["classes"])
            decision = with_answers(decide(fused, card, **light), decision, effects.warns)
            probabilities = fused
        assert (told["reason"], told["urgency"]) == (decision.reason, decision.urgency)
        assert told["predictionSet"] == list(decision.prediction_set)
        assert told["oneOf"] == list(decision.one_of)
        found = [entry["probability"] for entry in told["ranking"]]
        np.testing.assert_allclose(found, np.sort(probabilities)[::-1], atol=1e-9)
        seen.add((decision.reason, decision.urgency))
    assert len(seen) >= 6 and reasons == {None, "poor_light", *REASONS}
