"""The output `light_measures` in every variant."""

from types import SimpleNamespace

import numpy as np
import pytest

from convert.convert import convert
from convert.making.light_measures import LEAST_PHOTOS, fit_reasons, measures_of_student, with_light_measures
from convert.variants import VARIANTS
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED
from convert.verifying.light_measures import GATE, check_light_measures
from convert.verifying.partitions import delegate_partitions
from convert.verifying.verify import verify
from skin_data.relighting import FAULTS
from triage.errors import CheckFailed
from triage.estimated_light import LIGHT_MEASURES, likely_reason
from triage.interpreter import open_interpreter
from triage.lighting import FEATURE_NAMES
from triage.model_file import read_model

SCALE = np.linspace(-3, 3, 14), np.append(np.linspace(0.5, 2, 13), np.inf)


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


def test_the_reason_is_read_from_small_and_crooked_estimates():
    """Of photos that it did not see, where each fault moves several measures by little, and one measure never moves."""
    generator, count = np.random.default_rng(5), len(FEATURE_NAMES)
    moves = generator.normal(0, 0.01, (len(FAULTS), count))
    moves[:, 3] = 0.0

    def photos(number):
        faults = generator.integers(0, len(FAULTS), number)
        return 1 + moves[faults] + np.where(moves.any(axis=0), generator.normal(0, 0.003, (number, count)), 0.0), faults

    weights, bias = fit_reasons(*photos(300))
    light = {"reasons": list(FAULTS), "weights": weights.tolist(), "bias": bias.tolist()}
    told = [(likely_reason(estimate, light), FAULTS[fault]) for estimate, fault in zip(*photos(300), strict=True)]
    assert np.mean([found == fault for found, fault in told]) > 0.9


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
        manifest.frame[f"light_{name}"] = generator.normal(0, 1, len(manifest.frame))
    manifest.frame["lighting_label"] = 1
    path = convert(run, manifest, ["float32"])["float32"]
    card = read_model(path).card
    assert card["light"]["measures"] == list(FEATURE_NAMES)
    assert card["light"]["fitted_on"]["photos"] == len(manifest.split("val")) >= LEAST_PHOTOS
    # The same for Python and the page: a reason, for estimates that speak for it.
    told = {likely_reason(10 * np.array(row), card["light"]) for row in card["light"]["weights"]}
    assert told <= {*FAULTS, None} and len(told) > 1
    gates = {gate.gate: gate for gate in verify([path], run, manifest).files[0].gates}
    assert gates[GATE].outcome == PASSED


def test_with_few_well_lit_photos_no_reason_is_told(small_run):
    run, manifest = small_run
    for name in FEATURE_NAMES:
        manifest.frame[f"light_{name}"] = np.arange(len(manifest.frame), dtype=float)
    manifest.frame["lighting_label"] = 0
    light = read_model(convert(run, manifest, ["float32"])["float32"]).card["light"]
    assert light["reasons"] == [] and likely_reason(np.zeros(len(FEATURE_NAMES)), light) is None
