"""The gate on the output `spot`."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from convert.convert import convert
from convert.making.spot_fit import HEAD_FILE
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED, Gates
from convert.verifying.spot import GATE, check_found_spots, check_spot
from convert.verifying.verify import verify
from skin_data.boxes import BOX
from skin_training.spot import SpotHead
from triage import Triage
from triage.spot import SPOT

COUNT = 40
PHOTOS = np.arange(COUNT, dtype=np.uint8)
TONES = np.array(["light", "dark"] * (COUNT // 2))
OF_STUDENT = np.tile([0.5, 0.5, 0.4, 0.4, 0.9], (COUNT, 1))


def file_giving(spots, name=SPOT):
    return SimpleNamespace(output_names=("diagnosis", name), run=lambda photo: {name: spots[int(photo)][None]})


def changed(rows, column, by):
    spots = OF_STUDENT.copy()
    spots[rows, column] += by
    return spots


@pytest.mark.parametrize(
    ("spots", "outcome"),
    [
        (OF_STUDENT, PASSED),
        (changed(slice(None), 0, 0.01), PASSED),
        (changed(slice(None), 0, 0.2), FAILED),
        (changed(TONES == "dark", 2, 0.12), FAILED),  # one skin tone alone; the mean of all is 0.88
        (changed(slice(None), 4, -0.5), FAILED),
        (changed(0, 1, np.nan), FAILED),
    ],
)
def test_a_file_is_compared_with_the_float_student_in_each_tone(spots, outcome):
    (found,) = check_spot(file_giving(spots), PHOTOS, OF_STUDENT, TONES, Gates())
    assert (found.gate, found.outcome, found.beyond) == (GATE, outcome, outcome == FAILED)


@pytest.mark.parametrize(
    ("spots", "all_photos", "dark"),
    [
        (OF_STUDENT, PASSED, PASSED),
        (changed(slice(None), 4, -0.5), PASSED, PASSED),  # its confidence is its own
        (changed(slice(None), 0, 0.2), FAILED, FAILED),
        (changed(TONES == "dark", 0, 0.2), FAILED, FAILED),
        (changed(0, 1, np.nan), FAILED, None),
    ],
)
def test_a_retrained_file_must_find_the_lesions_as_well(spots, all_photos, dark):
    boxes, groups = np.tile([0.3, 0.3, 0.7, 0.7], (COUNT, 1)), np.arange(COUNT)
    found = check_found_spots(file_giving(spots), PHOTOS, OF_STUDENT, boxes, TONES, groups, 0.2)
    outcomes = {result.gate: result.outcome for result in found}
    assert (outcomes[GATE], outcomes.get(f"{GATE}, tone dark")) == (all_photos, dark), found
    unknown = check_found_spots(file_giving(spots), PHOTOS, OF_STUDENT, boxes * np.nan, TONES, groups, 0.2)
    assert {result.outcome for result in unknown} == {INCONCLUSIVE}
    assert check_found_spots(file_giving(spots, "lighting"), PHOTOS, None, boxes, TONES, groups, 0.2) == []


def test_boxes_that_the_student_is_not_sure_of_do_not_count():
    unsure = OF_STUDENT * [1, 1, 1, 1, 0.3]
    (found,) = check_spot(file_giving(unsure * [0.5, 1, 1, 1, 1]), PHOTOS, unsure, TONES, Gates())
    assert found.outcome == INCONCLUSIVE


def test_a_file_of_an_earlier_version_is_named_and_a_student_without_boxes_has_no_gate():
    file = file_giving(OF_STUDENT, "lighting")
    assert check_spot(file, PHOTOS, OF_STUDENT, TONES, Gates())[0].outcome == INCONCLUSIVE
    assert check_spot(file_giving(OF_STUDENT), PHOTOS, None, TONES, Gates())[0].outcome == INCONCLUSIVE
    assert check_spot(file, PHOTOS, None, TONES, Gates()) == []


def test_a_student_of_photos_with_boxes_gets_the_output_and_a_wrong_head_fails(small_run, monkeypatch):
    monkeypatch.setattr("convert.making.spot.STRIDE", 4)  # of the tiny student
    monkeypatch.setattr("convert.making.spot_fit.VIEWS", 80)
    run, manifest = small_run
    photo = np.full((80, 80, 3), 150, np.uint8)

    plain = convert(run, manifest, ["float32"])["float32"]
    assert run.read_report()["spot"]["not_fitted"]
    assert Triage.load(plain).assess(photo).to_json()["spot"] is None
    assert GATE not in {gate.gate for gate in verify([plain], run, manifest).files[0].gates}

    manifest = replace(manifest, frame=manifest.frame.assign(**{BOX: "0.2 0.3 0.7 0.8"}))
    path = convert(run, manifest, ["float32"])["float32"]
    card = Triage.load(path).card["spot"]
    assert set(card["fitted_on"]) == {"train", "pseudo_boxes", "val"} and 0 <= card["val"]["median_iou"] <= 1
    assert set(Triage.load(path).assess(photo).to_json()["spot"]) == {"x", "y", "width", "height", "confidence"}

    def outcome():
        return {gate.gate: gate.outcome for gate in verify([path], run, manifest).files[0].gates}[GATE]

    assert outcome() in (PASSED, INCONCLUSIVE)  # the tiny student may be sure of few boxes
    head = SpotHead.load(run.artifacts / HEAD_FILE)
    certain = np.array([0, 0, 0, 0, 1], np.float32)
    replace(head, proposals_bias=head.proposals_bias - 50 * certain).save(run.artifacts / HEAD_FILE)
    low = outcome()
    replace(head, proposals_bias=head.proposals_bias + 50 * certain).save(run.artifacts / HEAD_FILE)
    assert FAILED in (low, outcome())
