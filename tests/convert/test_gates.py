import numpy as np
import pytest

from convert.calibration import fit_temperature, temper, urgent_threshold
from convert.gates import CANNOT_TELL, FAILED, PASSED, Gates, tone_verdict
from triage.assessment import apply_temperature
from triage.errors import UnusableInput


@pytest.mark.parametrize(
    ("change", "low", "high", "outcome"),
    [
        (0.0, 0.0, 0.0, PASSED),
        (-0.01, -0.015, 0.0, PASSED),
        (-0.05, -0.08, -0.02, FAILED),
        (-0.05, -0.12, 0.02, CANNOT_TELL),
        (0.0, -0.05, 0.05, CANNOT_TELL),
        (None, 0, 0, CANNOT_TELL),
    ],
)
def test_a_tone_that_loses_fails_unless_there_are_too_few_photos(change, low, high, outcome):
    assert tone_verdict("dark", change, low, high, 30, 0.02).outcome == outcome


def test_an_unknown_gate_is_named():
    assert Gates.from_mapping({"agreement": 0.9}).agreement == 0.9
    with pytest.raises(UnusableInput, match="agreemnt"):
        Gates.from_mapping({"agreemnt": 0.9})


def test_temperature_undoes_overconfidence():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(4000, 5)) * 2
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([generator.choice(5, p=p) for p in true])
    overconfident = temper(true, 1 / 3)
    assert fit_temperature(truth, overconfident) == pytest.approx(3.0, rel=0.08)
    assert fit_temperature(truth, true) == pytest.approx(1.0, rel=0.06)


def test_the_urgent_threshold_catches_its_share():
    generator = np.random.default_rng(1)
    urgent = generator.random(500) < 0.2
    score = np.where(urgent, generator.beta(4, 2, 500), generator.beta(2, 5, 500))
    threshold = urgent_threshold(urgent, score, 0.9)
    caught = (score[urgent] >= threshold).mean()
    assert 0.9 <= caught < 0.93
    assert urgent_threshold(np.zeros(5, bool), score[:5]) == 0.5


def test_temperature_is_applied_as_on_the_device():
    probabilities = np.random.default_rng(2).dirichlet(np.ones(6) * 0.2, 20)
    probabilities[0] = [1, 0, 0, 0, 0, 0]
    on_device = np.stack([apply_temperature(row, 1.7) for row in probabilities])
    np.testing.assert_allclose(temper(probabilities, 1.7), on_device, atol=1e-12)
