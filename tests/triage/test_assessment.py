import json
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest
from PIL import Image

from triage import Triage
from triage.assessment import DISCLAIMER, apply_temperature
from triage.crop import Crop
from triage.errors import UnreadablePhoto, UnusableInput
from triage.lighting import LightingVerdict, judge_lighting, measure_lighting
from triage.model_file import pack_model
from triage.photo import prepare_pixels, resize_pixels, to_tensor
from triage.skin_tone import measure_skin_tone
from triage.spot import second_look
from triage.tips import TIPS


class Scripted:
    """Stands in for an interpreter whose answer is known."""

    input_size = 32
    output_names = ("diagnosis", "lighting")
    output_shapes = {"diagnosis": (1, 10), "lighting": (1, 1)}  # noqa: RUF012

    def __init__(self, diagnosis, lighting=0.9):
        self.answer = {
            "diagnosis": np.array([diagnosis], np.float32),
            "lighting": np.array([[lighting]], np.float32),
        }

    def run(self, pixels):
        assert pixels.shape == (32, 32, 3)
        return self.answer


@pytest.fixture
def triage_path(tmp_path, flatbuffers, card):
    path = tmp_path / "tiny.tflite"
    path.write_bytes(pack_model(flatbuffers["float32"], card))
    return path


@pytest.fixture
def good_photo(photograph_skin, monk_tones):
    return photograph_skin(monk_tones[5])


def answering(card, probabilities, lighting=0.9):
    from pathlib import Path

    from triage.model_file import ModelFile

    return Triage(ModelFile(b"", card, Path("scripted.tflite")), Scripted(probabilities, lighting))


def spread(**given):
    """Ten probabilities: those given by class number, the rest shared equally."""
    rest = (1 - sum(given.values())) / (10 - len(given))
    return [given.get(f"c{i}", rest) for i in range(10)]


def test_the_answer_is_the_models_answer_for_the_prepared_pixels(triage_path, flatbuffers, good_photo):
    assessment = Triage.load(triage_path).assess(good_photo)
    expected = flatbuffers["keras"](to_tensor(prepare_pixels(good_photo, 32)))
    ranked = sorted(enumerate(expected["diagnosis"].numpy()[0]), key=lambda item: -item[1])
    assert [d.label for d in assessment.ranking] == [f"c{i}" for i, _ in ranked]
    np.testing.assert_allclose([d.probability for d in assessment.ranking], [p for _, p in ranked], atol=1e-4)
    assert assessment.lighting.probability == pytest.approx(float(expected["lighting"][0, 0]), abs=1e-4)


def test_the_answer_is_the_same_on_one_core(triage_path, good_photo, monkeypatch):
    answers = []
    for cores in ([0], [0, 1], []):
        monkeypatch.setattr("triage.assessment.own_cores", lambda cores=cores: cores)
        triage = Triage.load(triage_path)
        assert (triage._light_thread is None) == (cores == [0])
        answers.append(triage.assess(good_photo))
    assert answers[0] == answers[1] == answers[2]


def test_the_answer_is_the_same_where_no_core_is_free_for_the_light(triage_path, good_photo, monkeypatch):
    monkeypatch.setattr("triage.assessment.own_cores", lambda: [0, 1])
    expected = Triage.load(triage_path).assess(good_photo)
    triage, busy = Triage.load(triage_path), threading.Event()
    triage._light_thread.submit(busy.wait)
    try:
        assert triage.assess(good_photo) == expected
    finally:
        busy.set()


def test_json_has_exactly_the_promised_shape(triage_path, good_photo, tmp_path):
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), good_photo[..., ::-1])
    answer = json.loads(json.dumps(Triage.load(triage_path).assess(path).to_json(), allow_nan=False))
    assert list(answer) == ["photo", "warnings", "lighting", "diagnosis", "decision", "spot", "disclaimer"]
    assert answer["photo"] == str(path)
    assert set(answer["lighting"]) == {"ok", "probability", "tips"}
    assert all(set(entry) == {"label", "probability"} for entry in answer["diagnosis"])
    assert sum(entry["probability"] for entry in answer["diagnosis"]) in (0, pytest.approx(1))
    assert set(answer["decision"]) == {
        "urgency",
        "abstained",
        "reason",
        "prediction_set",
        "tone",
        "checked",
        "familiarity",
    }
    assert answer["decision"]["familiarity"] is None  # a file of an earlier version
    assert answer["decision"]["tone"] == measure_skin_tone(good_photo).bucket
    assert answer["disclaimer"] == DISCLAIMER
    Image.fromarray(good_photo).save(path, icc_profile=b"no profile")
    assert answer["warnings"] == [] and Triage.load(triage_path).assess(path).to_json()["warnings"]


def test_path_bytes_and_pixels_give_the_same_answer(triage_path, good_photo, tmp_path):
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), good_photo[..., ::-1])
    triage = Triage.load(triage_path)
    answers = [triage.assess(source).ranking for source in (path, str(path), path.read_bytes(), good_photo)]
    assert answers[0] == answers[1] == answers[2] == answers[3]


@pytest.mark.parametrize(
    ("probabilities", "lighting"),
    [(np.full(10, np.nan), 0.9), ([*spread()[1:], np.nan], 0.9), ([*spread()[1:], np.inf], 0.9), (spread(), np.nan)],
)
def test_an_answer_that_is_no_number_is_refused(card, good_photo, probabilities, lighting):
    with pytest.raises(UnusableInput, match=r"Received: (nan|inf) in"):
        answering(card, probabilities, lighting).assess(good_photo)


def test_the_light_needs_both_opinions(card, good_photo, photograph_skin, monk_tones):
    both = answering(card, spread()).assess(good_photo).lighting
    assert both.ok
    assert both.tips == ()
    doubted = answering(card, spread(), lighting=0.2).assess(good_photo).lighting
    assert not doubted.ok
    assert doubted.verdict.ok
    assert doubted.tips == (TIPS["poor_light"],)
    dark = answering(card, spread()).assess(photograph_skin(monk_tones[5], exposure=0.005)).lighting
    assert not dark.ok
    assert TIPS["too_dark"] in dark.tips


def test_the_light_is_that_of_the_models_own_crop(card, good_photo):
    framed = cv2.copyMakeBorder(good_photo, 32, 32, 32, 32, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    for crop, ok in ((Crop("squashed", 0.8), True), (Crop("letterbox", 1.0), False)):
        card["input"] |= {"crop": crop.shape, "crop_fraction": crop.fraction}
        verdict = answering(card, spread()).assess(framed).lighting.verdict
        assert verdict == judge_lighting(measure_lighting(framed, crop))
        assert verdict.ok is ok


def test_every_reason_has_a_tip():
    from triage.lighting import REASONS
    from triage.tips import tips_for

    assert [str(tip) for tip in tips_for(LightingVerdict(False, REASONS))]
    assert set(REASONS) < set(TIPS)


def test_temperature_is_dividing_the_logits():
    logits = np.random.default_rng(0).normal(0, 3, 10)
    softmax = lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum()  # noqa: E731
    for temperature in (0.5, 1.0, 2.7):
        np.testing.assert_allclose(apply_temperature(softmax(logits), temperature), softmax(logits / temperature))
    assert np.isfinite(apply_temperature(np.array([1.0, 0.0, 0.0]), 3.0)).all()


def test_models_that_do_not_fit_their_card_are_refused(tmp_path, flatbuffers, card):
    path = tmp_path / "m.tflite"

    def refused(flatbuffer, changed, message):
        path.write_bytes(pack_model(flatbuffer, changed))
        with pytest.raises(UnusableInput, match=message):
            Triage.load(path)

    refused(flatbuffers["other_outputs"], card, "something_else")
    refused(flatbuffers["float32"], {**card, "classes": card["classes"][:7]}, "10 outputs and 7 classes")
    refused(flatbuffers["float32"], {**card, "input": {**card["input"], "size": 224}}, "224")


def test_photos_that_cannot_be_used_are_refused(triage_path, tmp_path):
    triage = Triage.load(triage_path)
    with pytest.raises(UnreadablePhoto, match="not found"):
        triage.assess(tmp_path / "none.jpg")
    with pytest.raises(UnreadablePhoto, match="not a photo"):
        triage.assess(b"text")
    with pytest.raises(UnusableInput, match="uint8"):
        triage.assess(np.zeros((100, 100, 3)))


def test_neither_import_nor_assessment_loads_the_training_side(triage_path, tmp_path):
    pytest.importorskip("ai_edge_litert")
    script = (
        "import sys; import triage;"
        "assert not {'cv2', 'numpy', 'ai_edge_litert'} & set(sys.modules), 'import triage is not lazy';"
        "import numpy;"
        "t = triage.Triage.load(sys.argv[1]);"
        "t.assess(numpy.full((300, 300, 3), 150, numpy.uint8));"
        "heavy = {'tensorflow', 'pandas', 'tf_keras', 'keras', 'sklearn', 'skimage', 'matplotlib', 'yaml', 'PIL'};"
        "heavy |= {'importlib.metadata'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(triage_path)], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_familiarity_of_newer_files_is_told(card, good_photo):
    triage = answering({**card, "familiarity": {"method": "any", "refuse_below": 0.05}}, spread(c7=0.9))
    for value, reason in ((0.01, "unfamiliar"), (0.4, None)):
        triage.interpreter.answer["familiarity"] = np.array([[value]], np.float32)
        told = triage.assess(good_photo).to_json()
        assert told["decision"]["familiarity"] == pytest.approx(value)
        assert told["decision"]["reason"] == reason and bool(told["diagnosis"]) is (reason is None)
    triage.interpreter.answer["familiarity"] = np.array([[np.nan]], np.float32)
    with pytest.raises(UnusableInput, match="familiarity"):
        triage.assess(good_photo)


def test_the_spot_of_newer_files_is_told_in_fractions_of_the_whole_photo(triage_path, card, good_photo):
    assert Triage.load(triage_path).assess(good_photo).to_json()["spot"] is None  # a file of an earlier version
    triage = answering(card, spread(c7=0.9))
    triage.interpreter.answer["spot"] = np.array([[0.75, 0.5, 0.25, 0.5, 0.9]], np.float32)
    told = triage.assess(good_photo).to_json()["spot"]
    # The model sees the middle 80 % of both sides, to within a pixel.
    expected = {"x": 0.7, "y": 0.5, "width": 0.2, "height": 0.4, "confidence": 0.9}
    assert told == pytest.approx(expected, abs=1 / min(good_photo.shape[:2]))
    triage.interpreter.answer["spot"][0, 3] = np.nan
    with pytest.raises(UnusableInput, match="spot"):
        triage.assess(good_photo)


def test_a_spot_of_another_shape_is_refused(card, monkeypatch):
    monkeypatch.setattr(Scripted, "output_names", (*Scripted.output_names, "spot"))
    monkeypatch.setattr(Scripted, "output_shapes", {**Scripted.output_shapes, "spot": (1, 4)})
    with pytest.raises(UnusableInput, match="spot"):
        answering(card, spread(c7=0.9))


class LooksTwice(Scripted):
    """Finds a spot in the first picture and answers otherwise for the second."""

    output_names = (*Scripted.output_names, "spot")
    output_shapes = {**Scripted.output_shapes, "spot": (1, 5)}  # noqa: RUF012

    def __init__(self, answers):
        super().__init__(answers[0])
        self.answers, self.seen = answers, []

    def run(self, pixels):
        self.seen.append(pixels)
        spot = np.array([[0.75, 0.5, 0.1, 0.2, 0.9 if len(self.seen) == 1 else 0.2]], np.float32)
        return {**self.answer, "diagnosis": np.array([self.answers[len(self.seen) - 1]], np.float32), "spot": spot}


def test_a_second_look_classifies_the_square_around_the_spot(card, good_photo):
    triage = answering(card, spread(c7=0.9))
    triage.interpreter = LooksTwice([spread(c7=0.9), spread(c2=0.9)])
    told = triage.assess(good_photo, crop="spot")
    assert told.ranking[0].label == "c2" and told.crop == told.to_json()["crop"] == "spot"
    assert told.spot.confidence == pytest.approx(0.9)  # of the whole photo
    height, width = good_photo.shape[:2]
    left, top, side, _ = second_look(told.spot, width, height)
    expected = resize_pixels(good_photo[top : top + side, left : left + side], 32, 32)
    np.testing.assert_array_equal(triage.interpreter.seen[1], expected)


def test_without_a_sure_spot_there_is_no_second_look(card, good_photo):
    triage = answering(card, spread(c7=0.9))
    triage.interpreter = LooksTwice([spread(c7=0.9), spread(c2=0.9)])
    triage.interpreter.seen.append(None)
    told = triage.assess(good_photo, crop="spot")
    assert told.crop == "centre" and "crop" not in told.to_json() and len(triage.interpreter.seen) == 2


def test_a_second_look_needs_the_output(card, good_photo):
    for crop in ("spot", "corner"):
        with pytest.raises(UnusableInput, match=crop):
            answering(card, spread(c7=0.9)).assess(good_photo, crop=crop)
