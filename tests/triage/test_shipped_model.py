"""The model that the package ships: its size, what its card says, and what it refuses."""

from pathlib import Path

import pytest

from benchmarks.cross_validation.release import MAX_BYTES, NOT_MEASURED, card_document
from triage import Triage
from triage.decision import MIN_TESTED
from triage.model_file import SHIPPED_MODEL, read_model

DOCUMENT = Path(__file__).parents[2] / "docs" / "model_card_phone.md"


@pytest.fixture(scope="module")
def card():
    return read_model(SHIPPED_MODEL).card


def test_it_is_small_and_names_its_photographs_and_their_licence(card):
    assert SHIPPED_MODEL.stat().st_size <= MAX_BYTES
    assert not card["synthetic"]
    assert "PAD-UFES-20" in card["data"]["attribution"]
    assert "creativecommons.org/licenses/by/4.0" in card["data"]["attribution"]


def test_it_is_not_checked_on_dark_skin(card):
    assert card["per_tone"]["dark"]["n"] < MIN_TESTED
    assert NOT_MEASURED[0] in card["not_measured"]


def test_the_document_is_the_card(card):
    assert DOCUMENT.read_text(encoding="utf-8") == card_document(card, SHIPPED_MODEL.stat().st_size)


def test_it_is_the_default_and_takes_answers(shared_data):
    triage = Triage.load()
    photo = min((shared_data / "data" / "pad_ufes20" / "imgs").rglob("*.jpg"))
    assessment = triage.assess(photo, answers={"bleed": "yes", "age": 70})
    assert assessment.answers is not None


@pytest.mark.slow
def test_things_are_refused_and_smartphone_photographs_mostly_are_not(shared_data):
    triage = Triage.load()

    def named(folder: Path) -> float:
        photos = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".png"))[::4]
        assert len(photos) >= 20
        return sum(triage.assess(photo, ignore_light=True).decision.may_name for photo in photos) / len(photos)

    assert named(shared_data / "data" / "not_skin") <= 0.1
    assert named(shared_data / "data" / "pad_ufes20" / "imgs") >= 0.8
