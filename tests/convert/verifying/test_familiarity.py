"""The gate on the output `familiarity`."""

from types import SimpleNamespace

import numpy as np
import pytest

from convert.convert import convert
from convert.verifying.familiarity import GATE, StudentFamiliarity, check_familiarity, check_refusals
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED
from convert.verifying.verify import verify
from triage import Triage
from triage.outputs import FAMILIARITY

PHOTOS = np.arange(4, dtype=np.uint8)


def file_giving(values, name=FAMILIARITY):
    return SimpleNamespace(
        output_names=("diagnosis", name), run=lambda photo: {name: np.array([[values[int(photo)]]], np.float32)}
    )


@pytest.mark.parametrize(
    ("values", "outcome"),
    [((0.2, 0.4, 0.6, 0.9), PASSED), ((0.9, 0.6, 0.4, 0.2), FAILED), ((0.2, 0.4, 0.6, np.nan), FAILED)],
)
def test_a_file_is_compared_with_the_float_student(values, outcome):
    found = check_familiarity(file_giving(values), PHOTOS, np.array([0.2, 0.4, 0.6, 0.8]), 0.05)
    assert (found.gate, found.outcome, found.beyond) == (GATE, outcome, outcome == FAILED)


@pytest.mark.parametrize(
    ("of_file", "drawn_of_file", "kept", "refused"),
    [
        ("other order", "same", PASSED, PASSED),
        ("a third refused", "same", FAILED, PASSED),
        ("other order", "half kept", PASSED, FAILED),
        ("one more refused", "same", INCONCLUSIVE, PASSED),
        ("nan", "same", FAILED, PASSED),
    ],
)
def test_a_retrained_file_may_rank_photos_otherwise_but_refuses_the_same_number(of_file, drawn_of_file, kept, refused):
    count, drawn = 120, 120
    student = StudentFamiliarity(
        np.linspace(0.06, 1, count), np.arange(count, count + drawn, dtype=np.uint8), np.zeros(drawn)
    )
    photos = {
        "other order": student.photos[::-1],
        "a third refused": np.where(np.arange(count) % 3 == 0, 0.0, student.photos),
        "one more refused": np.where(np.arange(count) < 4, 0.0, student.photos),
        "nan": np.full(count, np.nan),
    }[of_file]
    of_drawn = {"same": np.zeros(drawn), "half kept": np.arange(drawn) % 2}[drawn_of_file]
    file, pixels = file_giving([*photos, *of_drawn]), np.arange(count, dtype=np.uint8)
    found = check_refusals(file, pixels, student, np.arange(count), 0.05)
    assert [result.outcome for result in found] == [kept, refused], found
    for result in check_refusals(file_giving(photos, "lighting"), pixels, student, np.arange(count), 0.05):
        assert result.outcome == INCONCLUSIVE


def test_a_file_of_an_earlier_version_is_named_and_does_not_fail():
    found = check_familiarity(file_giving((0.1,) * 4, "lighting"), PHOTOS, np.zeros(4), 0.05)
    assert found.outcome == INCONCLUSIVE


@pytest.mark.parametrize("variant", ["float32", "int8"])
def test_release_files_have_the_output_and_pass_the_gate(small_run, variant):
    run, manifest = small_run
    path = convert(run, manifest, [variant])[variant]
    assert run.read_report()["convert"]["key"]["familiarity"]
    triage = Triage.load(path)
    assert triage.card["familiarity"]["refuse_below"] == 0.05
    assert set(triage.card["familiarity"]["fitted_on"]) == {"train", "val"}
    told = triage.assess(np.full((80, 80, 3), 150, np.uint8)).to_json()
    assert 0 <= told["decision"]["familiarity"] <= 1
    gates = {gate.gate: gate for gate in verify([path], run, manifest).files[0].gates}
    assert gates[GATE].outcome == PASSED, gates[GATE]
