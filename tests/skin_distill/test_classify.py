"""`classify` with answers, and with several photos of one spot."""

import json
import shutil

import pytest
from click.testing import CliRunner

from mobile_app.classifier import DEMO_MODEL
from skin_distill.cli import cli
from triage.errors import CheckFailed, UnusableInput
from triage.model_file import pack_model, read_model

PHANTOMS = DEMO_MODEL.parent / "phantoms"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The demo's model as one of photographs, with two questions."""
    demo = read_model(DEMO_MODEL)
    effects = [2.0 if entry["urgency"] == "urgent" else 0.0 for entry in demo.card["classes"]]
    questions = {
        "age": {"years": True, "effects": {"20": [0.0] * len(effects), "80": effects}},
        "bleed": {"effects": {"yes": effects, "no": [-change for change in effects]}},
    }
    card = {**demo.card, "synthetic": False, "answers": {"questions": questions, "largest_log_odds": 3.0}}
    path = tmp_path_factory.mktemp("model") / "model.tflite"
    path.write_bytes(pack_model(demo.flatbuffer, card))
    return path


@pytest.fixture
def photos(tmp_path):
    return [shutil.copy(path, tmp_path) for path in sorted(PHANTOMS.glob("*.jpg"))[:4]]


def classify(*arguments, error=None):
    done = CliRunner().invoke(cli, ["classify", *map(str, arguments)])
    assert isinstance(done.exception, error) if error else done.exception is None, done.output
    return done


def test_answers_change_the_probabilities_and_say_how(model, photos):
    options = (photos[0], "--model", model, "--ignore-light")
    (alone,) = json.loads(classify(*options, "--json").stdout)
    (asked,) = json.loads(classify(*options, "--answers", "bleed=yes,age=61", "--json").stdout)
    assert asked["answers"]["given"] == {"age": 61.0, "bleed": "yes"}
    assert asked["answers"]["without"]["diagnosis"] == pytest.approx(alone["diagnosis"], rel=1e-6)
    assert all(effect["urgent"] > 0 for effect in asked["answers"]["effects"])
    text = classify(*options, "--answers", "bleed=yes,age=61").stdout
    assert "bleed=yes:" in text and "age=61:" in text


def test_a_case_is_one_answer(model, photos, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    told = json.loads(classify("--case", *photos[:2], broken, "--model", model, "--json", error=CheckFailed).stdout)
    error, case = told
    assert error["photo"] == str(broken) and [photo["photo"] for photo in case["photos"]] == list(map(str, photos[:2]))
    assert case["photo"] in map(str, photos[:2])
    assert all(0 < photo["weight"] <= 1 for photo in case["photos"])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--answers", "bleeds=yes"), "age, bleed"),
        (("--answers", "bleed=often"), "yes, no"),
        (("--answers", "bleed"), "bleed"),
    ],
)
def test_wrong_answers_are_wrong_use(model, photos, arguments, named):
    assert named in str(classify(photos[0], "--model", model, *arguments, error=UnusableInput).exception)


def test_answers_belong_to_one_spot_and_a_case_has_at_most_three_photos(model, photos):
    for count, arguments in ((2, (*photos[:2], "--answers", "bleed=yes")), (4, (*photos, "--case"))):
        assert str(count) in str(classify(*arguments, "--model", model, error=UnusableInput).exception)
