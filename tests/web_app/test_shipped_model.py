"""The offline page with the shipped model on photographs, where a machine has some."""

import cv2
import pytest

from tests.web_app.test_offline_page import upload
from triage import Triage
from triage.model_file import SHIPPED_MODEL
from triage.photo import read_photo

PHOTOS, LONGEST = 10, 400


@pytest.fixture(scope="module")
def page(browser, packaged, serve):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(serve(packaged(SHIPPED_MODEL)))
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    yield page
    context.close()


def as_png(path, folder):
    """A smaller copy that every decoder reads alike."""
    photo = read_photo(path)
    scale = min(1.0, LONGEST / max(photo.shape))
    copy = folder / f"{path.stem}.png"
    cv2.imwrite(str(copy), cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[..., ::-1])
    return copy


def test_photographs_are_told_as_in_python_and_never_called_harmless(page, shared_data, tmp_path):
    triage, named = Triage.load(SHIPPED_MODEL), 0
    for path in sorted((shared_data / "data/pad_ufes20/imgs").iterdir())[:PHOTOS]:
        copy = as_png(path, tmp_path)
        told, expected = upload(page, copy), triage.assess(copy)
        found = {entry["label"]: entry["probability"] for entry in told["ranking"]}
        assert found == pytest.approx({entry.label: entry.probability for entry in expected.ranking}, abs=1e-3)
        if told["lighting"]["ok"] and expected.decision.may_name:
            named += 1
            harmless = expected.decision.urgency == "watch"  # no tone counts as checked on the page
            assert (told["reason"], told["urgency"]) == (
                expected.decision.reason, "soon" if harmless else expected.decision.urgency
            )  # fmt: skip
            text = page.inner_text("#result")
            assert "Not checked on skin like this" in text and "About the spot" in text
    assert named >= PHOTOS // 2


def test_photographs_of_things_are_never_named(page, shared_data, tmp_path):
    things = sorted((shared_data / "data/not_skin").glob("*.jpg"))[:PHOTOS]
    told = [upload(page, as_png(path, tmp_path))["reason"] for path in things]
    assert set(told) <= {"unfamiliar", "poor_light"} and told.count("unfamiliar") >= PHOTOS // 2
