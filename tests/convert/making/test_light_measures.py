"""The output `light_measures` in every variant."""

from types import SimpleNamespace

import numpy as np
import pytest

from convert.convert import convert
from convert.making.light_measures import NEVER, fit_margins, measures_of_student, with_light_measures
from convert.variants import VARIANTS
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED
from convert.verifying.light_measures import GATE, check_light_measures
from convert.verifying.partitions import delegate_partitions
from convert.verifying.verify import verify
from triage.errors import CheckFailed
from triage.estimated_light import JUDGED, LIGHT_MEASURES, judge_estimates, with_margins
from triage.interpreter import open_interpreter
from triage.lighting import FEATURE_NAMES, judge_lighting
from triage.model_file import read_model

SCALE = np.linspace(-3, 3, 14), np.append(np.linspace(0.5, 2, 13), np.inf)
GOOD = {
    "value_mean": 0.6, "value_spread": 0.1, "exposure": -2.0, "highlights": 1.5, "clipped": 0.0, "saturated": 0.0,
    "specular": 0.0, "unevenness": 0.5, "sharpness": 3.0, "coarse_sharpness": 3.0, "noise": 0.01, "red_green": 0.7,
    "green_blue": 0.4, "colour_cast": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_gives_the_estimates_in_their_units(flatbuffers, student, photos, variant):
    plain = flatbuffers[variant]
    made = with_light_measures(plain, SCALE)
    before, after = open_interpreter(plain), open_interpreter(made)
    assert after.output_shapes[LIGHT_MEASURES] == (1, len(FEATURE_NAMES))
    expected = measures_of_student(student, photos, SCALE)
    found = np.stack([after.run(photo)[LIGHT_MEASURES].reshape(-1) for photo in photos])
    assert (found[:, -1] == SCALE[0][-1]).all()  # a feature that never changed
    change = np.abs(found - expected).mean(axis=0)[:-1] / expected.std(axis=0)[:-1]
    assert change.max() < (0.5 if variant in ("int8", "int8-qat") else 0.1)  # of an untrained student
    for name, values in before.run(photos[0]).items():
        np.testing.assert_array_equal(after.run(photos[0])[name], values)
    assert delegate_partitions(made).count <= delegate_partitions(plain).count + 1


def test_a_file_without_the_layer_is_refused(changed, flatbuffers):
    def rename(model, names):
        for tensor in model.subgraphs[0].tensors:
            tensor.name = bytes(tensor.name).replace(b"/lighting_measures/", b"/other/")

    with pytest.raises(CheckFailed, match="lighting_measures"):
        with_light_measures(changed(flatbuffers["float32"], rename), SCALE)


def test_margins_leave_one_false_alarm_in_a_hundred_and_find_what_is_far_beyond():
    generator = np.random.default_rng(5)
    measured = np.tile([GOOD[name] for name in FEATURE_NAMES], (400, 1))
    estimates = measured + generator.normal(0, 0.2, measured.shape)
    estimates[:, FEATURE_NAMES.index("colour_cast")] = np.abs(generator.normal(0, 0.1, 400))
    margins = fit_margins(estimates, measured)
    assert set(margins) == set(JUDGED)
    alarms = [bool(judge_lighting(with_margins(estimate, margins)).reasons) for estimate in estimates]
    assert np.mean(alarms) <= 0.01 * len(JUDGED)
    dark = [{**GOOD, "exposure": -8.0}[name] for name in FEATURE_NAMES]
    assert "too_dark" in judge_lighting(with_margins(dark, margins)).reasons


def test_a_measure_with_few_photos_on_its_good_side_is_not_judged():
    dark = np.tile([{**GOOD, "exposure": -8.0}[name] for name in FEATURE_NAMES], (30, 1))
    margins = fit_margins(dark, dark)
    assert margins["exposure"] == NEVER
    assert judge_estimates(dark[0], {"margins": margins}).ok


@pytest.mark.parametrize(("error", "outcome"), [(0.0, PASSED), (0.3, FAILED), (np.nan, FAILED)])
def test_a_file_is_compared_with_the_float_student(error, outcome):
    expected = np.zeros((3, 14))
    file = SimpleNamespace(output_names=(LIGHT_MEASURES,), run=lambda photo: {LIGHT_MEASURES: np.full((1, 14), error)})
    found = check_light_measures(file, np.zeros(3), expected, (np.zeros(14), np.ones(14)), 0.2)
    assert (found.gate, found.outcome) == (GATE, outcome)


def test_a_file_of_an_earlier_version_is_named_and_does_not_fail():
    file = SimpleNamespace(output_names=("lighting",))
    assert check_light_measures(file, np.zeros(3), np.zeros((3, 14)), SCALE, 0.2).outcome == INCONCLUSIVE


def test_a_release_file_has_the_output_and_its_card_the_limits(small_run):
    run, manifest = small_run
    generator = np.random.default_rng(0)
    for name in FEATURE_NAMES:
        manifest.frame[f"light_{name}"] = generator.normal(GOOD[name], 0.1, len(manifest.frame))
    path = convert(run, manifest, ["float32"])["float32"]
    light = read_model(path).card["light"]
    assert light["measures"] == list(FEATURE_NAMES)
    assert set(light["margins"]) == set(JUDGED)
    gates = {gate.gate: gate for gate in verify([path], run, manifest).files[0].gates}
    assert gates[GATE].outcome == PASSED
