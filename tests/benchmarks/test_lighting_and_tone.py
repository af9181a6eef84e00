import json

import pytest
from click.testing import CliRunner

from benchmarks.light.lighting_and_tone import _fraction, main
from triage.skin_tone import TONE_BUCKETS


def test_wilson_interval_by_hand():
    # Agresti and Coull 1998: 0 of 10 gives 0 to 3.84 / 13.84.
    assert _fraction([False] * 10)["interval"] == pytest.approx([0, 0.2775], abs=1e-3)
    assert _fraction([True, False] * 5)["interval"] == pytest.approx([0.2366, 0.7634], abs=1e-3)
    assert _fraction([])["interval"] == [0, 1]


def test_the_report_has_every_bucket(tmp_path):
    out = tmp_path / "found.json"
    run = CliRunner().invoke(main, ["--phantoms", "12", "--json", str(out)])
    assert run.exit_code == 0, run.output
    found = json.loads(out.read_text())
    assert set(found["phantoms"]["well_lit_called_poor"]) == set(TONE_BUCKETS)
    assert sum(each["n"] for each in found["phantoms"]["well_lit_called_poor"].values()) <= 12
    assert "synthetic" in run.output
