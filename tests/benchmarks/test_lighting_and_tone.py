import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.light.lighting_and_tone import CHANGES, _fraction, main
from triage.skin_tone import TONE_BUCKETS


def test_wilson_interval_by_hand():
    # Agresti and Coull 1998: 0 of 10 gives 0 to 3.84 / 13.84.
    assert _fraction([False] * 10)["interval"] == pytest.approx([0, 0.2775], abs=1e-3)
    assert _fraction([True, False] * 5)["interval"] == pytest.approx([0.2366, 0.7634], abs=1e-3)
    assert _fraction([])["interval"] == [0, 1]


@pytest.mark.parametrize("name", CHANGES)
def test_changes_of_light_are_linear_light(name):
    radiance = np.full((40, 60, 3), 0.25, np.float32)
    changed = CHANGES[name][1](radiance)
    assert changed.shape == radiance.shape and changed.dtype == np.float32
    assert np.isfinite(changed).all() and changed.min() >= 0
    assert np.all(radiance == 0.25)
    if name == "2 stops brighter":
        np.testing.assert_allclose(changed, 1.0)
    if name.startswith("gradient of 8"):
        assert np.log2(changed[-1, -1] / changed[0, 0]) == pytest.approx([8, 8, 8], abs=1e-3)


def test_the_report_has_every_bucket(tmp_path, photograph_patch):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        cv2.imwrite(str(photos / f"{number}.jpg"), photograph_patch(number))
    (photos / "broken.jpg").write_bytes(b"no photo")
    out = tmp_path / "found.json"
    run = CliRunner().invoke(main, ["--phantoms", "12", "--photos", str(photos), "--json", str(out)])
    assert run.exit_code == 0, run.output
    found = json.loads(out.read_text())
    assert set(found["phantoms"]["well_lit_called_poor"]) == set(TONE_BUCKETS)
    assert sum(each["n"] for each in found["phantoms"]["well_lit_called_poor"].values()) <= 12
    assert found["photos"]["n"] == 3
    assert set(found["photos"]["relit"]) == set(CHANGES)
    assert "synthetic" in run.output


@pytest.fixture
def photograph_patch():
    def patch(seed):
        noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 30, (90, 120, 1)), (0, 0), 1.0)
        return np.clip(np.array((120, 140, 190)) + noise[..., None], 0, 255).astype(np.uint8)  # BGR

    return patch
