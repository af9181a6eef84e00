import pytest

from convert.gates import CANNOT_TELL, FAILED, PASSED, Gates, tone_verdict
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
