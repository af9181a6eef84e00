"""The page for stakeholders, in a real browser."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import numpy as np
import pytest

from mobile_app.classifier import DEMO_MODEL
from skin_data.phantom import render_phantom
from tests.triage.profiled_photos import heic, rgb_profile, saved
from tests.web_app.test_offline_page import SIZES, chosen_by_keyboard, violations
from triage import Triage
from triage.photo import read_photo
from web_app.stakeholder.models import DAYLIGHT, changed

ROOT = Path(__file__).parents[2]
RUN, FULL, BROKEN = "lite2-oversampled-42", "full", "broken"
TEACHER = "teacher"
"""Of the full model."""
PHOTOS = 10
ROW = 35
"""Pixels of a row of the confusion matrix, and of its header."""
KNOWN = {"presentation-role-conflict"}
"""Minor finding of axe about Streamlit's field for files."""
DROP_MANY = """(count) => {
    const dataTransfer = new DataTransfer(), target = document.querySelector("[data-testid=stFileUploaderDropzone]");
    for (let number = 0; number < count; number++) dataTransfer.items.add(new File(["a"], `${number}.png`));
    for (const kind of ["dragenter", "dragover", "drop"]) {
        target.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true }));
    }
}"""


@pytest.fixture(scope="module")
def page(browser, full_model, tmp_path_factory):
    """The page of three runs: with the demo's file; with a full one, its student and teacher; with a damaged one."""
    pytest.importorskip("streamlit")
    root = tmp_path_factory.mktemp("runs")
    damaged = root / "damaged.tflite"
    damaged.write_bytes(DEMO_MODEL.read_bytes()[:-1000])
    for run, model in ((RUN, DEMO_MODEL), (FULL, full_model), (BROKEN, damaged)):
        shutil.copytree(ROOT / "experiments" / RUN, root / "experiments" / run)
        (root / "artifacts" / run).mkdir(parents=True)
        shutil.copy(model, root / "artifacts" / run / "student.tflite")
    shutil.copytree(ROOT / "experiments/lite2-teacher", root / "experiments" / TEACHER)
    report = root / "experiments" / FULL / "report.json"
    content = json.loads(report.read_text())
    content["distill"]["teacher_run"] = TEACHER
    report.write_text(json.dumps(content))
    (root / "artifacts" / TEACHER).mkdir()
    for kind, file in ((".teacher.keras", f"{TEACHER}/teacher.keras"), (".keras", f"{FULL}/student.keras")):
        shutil.copy(full_model.with_suffix(kind), root / "artifacts" / file)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "skin_distill", "web", RUN, FULL, BROKEN, "--port", str(port)]
    server = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(600):
            try:
                urlopen(f"{address}_stcore/health").close()
                break
            except OSError:
                assert server.poll() is None, "the page ended"
                time.sleep(0.1)
        context = browser.new_context(viewport={"width": 1000, "height": 900})
        page = context.new_page()
        page.set_default_timeout(60_000)  # a busy machine draws the page late
        page.requested = []
        context.on("request", lambda request: page.requested.append(request.url))
        page.goto(address)
        page.get_by_text("Source", exact=True).wait_for()
        page.address = address
        yield page
        context.close()
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for index in range(PHOTOS):
        (folder / f"{index}.png").write_bytes(saved(render_phantom(11, index, 200)[0], "PNG"))
    return sorted(folder.iterdir())


def shown(page, words):
    """Wait for the end of the page, drawn last, or an error, with these words."""
    page.locator("[data-testid='stHtml'] p, [data-testid='stAlert']").filter(has_text=words).first.wait_for()


def reload(page):
    page.reload()
    page.get_by_text("Source", exact=True).wait_for()


def upload(page, path):
    page.locator("input[type=file]").first.set_input_files(path)
    shown(page, Path(path).name)


def idle(page):
    """Wait until the page has been drawn and stays so."""
    for _ in range(2):
        page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
        page.wait_for_timeout(300)


def choose(page, label, words):
    """Choose by keyboard, again where a rerun of the page took the keys."""
    from playwright.sync_api import TimeoutError as NotThere

    field = page.get_by_test_id("stSelectbox").filter(has=page.get_by_role("combobox", name=label))
    box = field.get_by_role("combobox")
    for _ in range(5):
        idle(page)
        box.press_sequentially(words)
        with contextlib.suppress(NotThere):
            page.get_by_role("option").filter(has_text=words).first.wait_for(timeout=5_000)
            box.press("Enter")
        box.press("Tab")  # what is typed but not chosen goes
        idle(page)
        if words.casefold() in f"{field.inner_text()} {box.input_value()}".casefold():
            return
    raise AssertionError(f"{words} cannot be chosen")


@contextlib.contextmanager
def run_of(page, name):
    """Another run for a while."""
    choose(page, "Run", name)
    try:
        yield
    finally:
        choose(page, "Run", RUN)
        page.locator("[data-testid='stAlert']").filter(has_text="DEMO").first.wait_for()


def side_by_side(page):
    """The probabilities shown by model and class, as percentages."""
    table = page.locator("[data-testid='stHtml'] table").filter(has_text="Class").first
    table.wait_for()
    header, *rows = [row.split("\t") for row in table.inner_text().strip().splitlines()]
    return {model: {row[0]: float(row[n].rstrip("%")) for row in rows} for n, model in enumerate(header[1:], 1)}


def slide(page, label, value, step=0.25):
    """Move a slider by the keyboard alone, again where a rerun took keys."""
    slider = page.get_by_role("slider", name=label)
    ends = {float(slider.get_attribute("min")): "Home", float(slider.get_attribute("max")): "End"}
    for _ in range(5):
        idle(page)
        missing = value - float(slider.input_value())
        if not missing:
            return
        slider.focus()
        for _ in range(1 if value in ends else round(abs(missing) / step)):
            page.keyboard.press(ends.get(value) or ("ArrowRight" if missing > 0 else "ArrowLeft"))
    raise AssertionError(f"{label} cannot be moved to {value}")


def told(page):
    """The file's probabilities by class, as percentages."""
    cells = page.locator("[data-testid='stHtml'] td")
    cells.first.wait_for()
    cells = cells.all_inner_texts()
    rows = [cells[start : start + 2] for start in range(0, len(cells), 2)]
    return {name: float(value.rstrip("%")) for name, value in rows}


FOCUSED = """() => {
    const one = document.activeElement, label = one.labels?.[0]?.innerText;
    return one.tagName === "MAIN" ? "main" : [one.ariaLabel, label, one.innerText, one.value].filter(Boolean).join(" ");
}"""


def tab_to(page, words):
    """Press Tab until something with these words has the focus."""
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED)[:60])
        if words in seen[-1]:
            return
    raise AssertionError(f"Tab never reaches {words!r}: {seen}")


def test_the_answers_equal_those_of_triage(page, photos):
    triage = Triage.load(DEMO_MODEL)
    for path in photos:
        upload(page, path)
        expected = triage.assess(path)
        assert told(page) == pytest.approx(
            {entry.name: 100 * entry.probability for entry in expected.ranking}, abs=0.051
        )
        text = page.inner_text("[data-testid='stMain']")
        assert ("The light was good." in text) == expected.lighting.ok
        assert all(tip.advice in text for tip in expected.lighting.tips)
        assert "Light tips only" in text and "See a doctor" not in text.split("Answer")[-1]
    assert {urlsplit(url).netloc for url in page.requested if url.startswith("http")} == {urlsplit(page.address).netloc}


def test_tips_and_predictions_change_with_the_sliders(page, photos):
    upload(page, photos[4])
    before = told(page)
    page.get_by_text("Change the light").click()
    slide(page, "Exposure, stops", -4.0)
    shown(page, "exposure -4.00 stops")
    assert page.get_by_text("Too dark").is_visible()
    assert told(page) != before
    slide(page, "Exposure, stops", 0.0)
    shown(page, re.compile(r"4\.png\. White"))
    assert told(page) == before
    page.get_by_text("Change the light").click()


@pytest.mark.parametrize(
    ("label", "values"),
    [
        ("Colour temperature, kelvin", (0.0, 2500.0, 0.0, 0.0, 0.0)),
        ("Light gradient, stops", (0.0, DAYLIGHT, 5.0, 0.0, 0.0)),
        ("Blur, percent of the longer side", (0.0, DAYLIGHT, 0.0, 3.0, 0.0)),
        ("Glare, 1 is as bright as white", (0.0, DAYLIGHT, 0.0, 0.0, 3.0)),
    ],
)
def test_each_slider_changes_what_check_and_models_see(page, photos, label, values):
    reload(page)
    upload(page, photos[4])
    before = told(page)
    page.get_by_text("Change the light").click()
    slide(page, label, next(v for v, plain in zip(values, (0.0, DAYLIGHT, 0.0, 0.0, 0.0), strict=True) if v != plain))
    expected = Triage.load(DEMO_MODEL).assess(changed(read_photo(photos[4]), *values))
    assert expected.lighting.tips
    for tip in expected.lighting.tips:
        page.locator("[data-testid='stAlert']").filter(has_text=tip.advice).first.wait_for()
    idle(page)
    assert told(page) == pytest.approx({entry.name: 100 * entry.probability for entry in expected.ranking}, abs=0.051)
    assert told(page) != before


def test_the_keyboard_alone_gives_an_answer(page, photos):
    reload(page)
    idle(page)
    tab_to(page, "Upload")
    chosen_by_keyboard(page, "[data-testid='stFileUploaderDropzone'] button").set_files(photos[1])
    shown(page, photos[1].name)
    expected = {entry.name: 100 * entry.probability for entry in Triage.load(DEMO_MODEL).assess(photos[1]).ranking}
    assert told(page) == pytest.approx(expected, abs=0.051)
    idle(page)
    tab_to(page, "Change the light")


def test_photos_of_phones_are_read_and_bad_ones_end_in_words(page, tmp_path):
    pixels = render_phantom(11, 3, 200)[0]
    (tmp_path / "phone.heic").write_bytes(heic(pixels))
    (tmp_path / "p3.png").write_bytes(saved(pixels, "PNG", icc_profile=rgb_profile("Display P3")))
    triage = Triage.load(DEMO_MODEL)
    for name in ("phone.heic", "p3.png"):
        upload(page, tmp_path / name)
        expected = {entry.name: 100 * entry.probability for entry in triage.assess(tmp_path / name).ranking}
        assert told(page) == pytest.approx(expected, abs=0.051)
    bad = {
        "empty.png": (b"", "empty"),
        "words.png": (b"not a photo", "not a"),
        "notes.txt": (b"not a photo", "not a"),
        "cut.jpg": (saved(pixels, "JPEG")[:-300], "cut.jpg"),
        "damaged.jpg": (saved(pixels, "JPEG")[:300] + bytes(2000), "damaged.jpg"),
        "small.png": (saved(np.zeros((20, 40, 3), np.uint8), "PNG"), "too small"),
        "large.png": (saved(np.zeros((12_000, 17_000), np.uint8), "PNG", compress_level=1), "too large"),
    }
    for name, (data, words) in bad.items():
        (tmp_path / name).write_bytes(data)
        upload(page, tmp_path / name)
        page.locator("[data-testid='stAlert']").filter(has_text=name).filter(has_text=words).wait_for()


def test_the_camera_gives_a_photo(page):
    page.get_by_text("Camera", exact=True).click()
    page.wait_for_function("document.querySelector('video')?.currentTime > 0")
    page.get_by_role("button", name="Take Photo").click()
    shown(page, re.compile("White: what the model saw"))
    assert sum(told(page).values()) == pytest.approx(100, abs=0.6)
    page.get_by_text("File", exact=True).click()


def test_the_run_is_told_with_intervals_and_what_was_not_measured(page):
    page.get_by_text("The run", exact=True).click()
    page.get_by_text("people rather than photos").wait_for()
    page.get_by_role("cell", name="skin tone dark").first.wait_for()
    text = page.inner_text("[data-testid='stMain']")
    report = json.loads((ROOT / "experiments" / RUN / "report.json").read_text())
    for words in ("skin tone dark", "Calibration", "Verification", "Not measured", "ITA", "--data META.csv"):
        assert words in text
    assert re.search(r"\d+\.\d\s% \(\d+\.\d\sto\s\d+\.\d\)", text)
    counts = report["verify"]["files"][0]["test"]["confusion"]["counts"]
    assert f"{counts[0][0]} of {sum(counts[0])} photos of eczema are called eczema." in text
    for words in ("Model", "Predicted class", "Verification"):  # the matrix between them holds no keyboard back
        tab_to(page, words)
    grid = page.locator("[data-testid='stDataFrame'] canvas").first
    grid.scroll_into_view_if_needed()
    place = grid.bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + 2.5 * ROW)  # a cell of the second class
    page.get_by_text(re.compile(rf"of {sum(counts[1])} photos of melanoma are called")).wait_for()
    choose(page, "True class", "eczema")
    choose(page, "Predicted class", "melanoma")
    page.get_by_text(f"{counts[0][1]} of {sum(counts[0])} photos of eczema are called melanoma.").wait_for()
    page.get_by_text("A photo", exact=True).click()


def test_fifty_files_at_once_end_in_words_and_hide_no_later_photo(page, photos):
    page.locator("[data-testid='stFileUploaderDropzone']").wait_for()
    alert = page.locator("[data-testid='stAlert']")
    for path in photos[-2:]:
        page.evaluate(DROP_MANY, 50)
        alert.filter(has_text="one photo at a time").wait_for()
        alert.filter(has_text="49.png: not a photo").wait_for()
        upload(page, path)
        alert.filter(has_text="49.png").wait_for(state="detached")
    reload(page)


def test_a_damaged_model_is_named(page):
    with run_of(page, BROKEN):
        alert = page.locator("[data-testid='stAlert']").filter(has_text="student.tflite")
        alert.filter(has_text="damaged or cut off").wait_for()


def test_questions_and_limits_of_a_model_of_photos(page, full_model, tmp_path):
    triage, photos = Triage.load(full_model), [tmp_path / f"{index}.png" for index in range(40)]
    for index, path in enumerate(photos):
        path.write_bytes(saved(render_phantom(52, index, 128)[0], "PNG"))
    with run_of(page, FULL):
        page.get_by_text("Source", exact=True).wait_for()
        path = next(path for path in photos if triage.assess(path).decision.may_name)
        upload(page, path)
        columns, names = side_by_side(page), [one["name"] for one in triage.card["classes"]]
        assert list(columns) == ["teacher", "student", "file"]
        top = {model: names.index(max(column, key=column.get)) for model, column in columns.items()}
        assert top["student"] == top["file"] == len(names) - 1 - top["teacher"]
        page.get_by_text("Evidence for the top class of the student").wait_for()
        idle(page)
        page.get_by_label("Your age?").fill("61")
        page.keyboard.press("Enter")
        page.get_by_text("Without the answers, the photo alone").wait_for()
        choose(page, "Does it bleed?", "Yes")
        expected = triage.combine([triage.assess(path)], {"age": 61, "bleed": "yes"})
        words = {"urgent": "See a doctor within days", "soon": "See a doctor in the next weeks"}
        page.get_by_text(words[expected.decision.urgency]).wait_for()
        text = page.inner_text("[data-testid='stMain']")
        assert ("Not checked on skin like this" in text) != expected.decision.checked
        assert ("green: the spot" in text) == expected.spot.sure
        strange = next(path for path in photos if triage.assess(path).decision.reason == "unfamiliar")
        upload(page, strange)
        text = page.inner_text("[data-testid='stMain']")
        assert "Unknown picture" in text and "See a doctor" not in text.split("Answer")[-1]
        page.get_by_text("The run", exact=True).click()
        page.get_by_text(triage.card["not_measured"][0]).wait_for()
        text = page.inner_text("[data-testid='stMain']").replace("\N{NO-BREAK SPACE}", " ")
        assert "5 folds: 766 photos" in text
        assert "61.0 % (52.0 to 73.0)" in text and "81.0 % (72.0 to 93.0)" in text
        page.get_by_text("A photo", exact=True).click()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["A photo", "The run"])
def test_the_page_fits_every_width_and_is_accessible(page, photos, view, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=theme)
    reload(page)
    if view == "A photo":
        upload(page, photos[0])
    else:
        page.get_by_text(view, exact=True).click()
        page.get_by_text("people rather than photos").wait_for()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width in (360, 1440):
            assert {rule for rule, _, _ in violations(axe, page)} <= KNOWN


def test_a_run_without_a_file_is_refused(tmp_path):
    (tmp_path / "experiments" / "r").mkdir(parents=True)
    (tmp_path / "experiments" / "r" / "report.json").write_text("{}")
    pytest.importorskip("streamlit")
    done = subprocess.run(
        [sys.executable, "-m", "skin_distill", "web", "r"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "artifacts/r" in done.stderr


def test_changes_of_light_go_in_the_direction_of_their_sliders():
    photo = np.full((80, 100, 3), (150, 110, 90), np.uint8)
    plain = (0.0, DAYLIGHT, 0.0, 0.0, 0.0)
    assert changed(photo, *plain) is photo
    darker, warmer, falling, glaring = (
        changed(photo, *values).astype(int)
        for values in ((-1, *plain[1:]), (0, 3000.0, 0, 0, 0), (0, DAYLIGHT, 2.0, 0, 0), (0, DAYLIGHT, 0, 0, 2.0))
    )
    assert darker.mean() < photo.mean()
    assert (warmer[..., 0] - warmer[..., 2]).mean() > 60
    assert falling[:, 5].mean() > falling[:, -5].mean() + 20
    assert glaring.max() == 255 and np.median(glaring[..., 0]) < 200
    striped = np.where(np.arange(100)[None, :, None] % 10 < 5, photo, photo // 2)
    edges = [
        np.abs(np.diff(one.astype(int), axis=1)).max() for one in (striped, changed(striped, 0, DAYLIGHT, 0, 1.5, 0))
    ]
    assert edges[1] < edges[0] / 2
