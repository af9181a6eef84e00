import json

import numpy as np
import pytest

from triage.machine import describe_machine
from triage.timing import LoadedModel, measure, noise_photo, summarise


def test_only_inferences_after_the_warm_up_count():
    calls = []
    model = LoadedModel(lambda: calls.append("first"), lambda: calls.append("infer"), "runtime 1")
    fractions = []
    measured = measure(lambda: model, warm_up=3, runs=5, seconds=0.0, progress=fractions.append)
    assert calls == ["first", *["infer"] * 8]
    assert len(measured.latency_ms) == 5 and measured.runtime == "runtime 1"
    assert fractions[-1] == 1.0


def test_a_summary_by_hand():
    summary = summarise([[1.0, 2.0, 3.0], np.array([4.0, 4.0, 4.0])])
    assert summary["inferences"] == 6 and summary["least_ms"] == 1.0
    assert summary["mean_ms"] == pytest.approx(3.0)
    assert summary["round_medians_ms"] == [2.0, 4.0]
    assert summary["spread"] == pytest.approx(2 / 3)


def test_a_machine_is_described_in_json():
    machine = describe_machine("runtime 1")
    assert machine["runtime"] == "runtime 1" and machine["cpu"]
    json.dumps(machine, allow_nan=False)


def test_the_photo_is_the_same_every_time():
    np.testing.assert_array_equal(noise_photo(8), noise_photo(8))
    assert noise_photo(8).shape == (8, 8, 3)
