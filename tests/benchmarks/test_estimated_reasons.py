"""The benchmark of the reasons that a file names against the light."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.light import estimated_reasons
from skin_data.manifest import COLUMNS, read_manifest, write_manifest
from skin_data.phantom import render_phantom
from skin_data.taxonomy import SkinClass, Taxonomy
from tests.triage.profiled_photos import saved
from triage.errors import UnusableInput
from triage.lighting import FEATURE_NAMES, REASONS


@pytest.fixture
def manifest(tmp_path):
    rows = []
    for index in range(6):
        (tmp_path / f"{index}.png").write_bytes(saved(render_phantom(3, index, 160)[0], "PNG"))
        known = {"image_path": f"{index}.png", "dataset": "phantom", "group": str(index), "split": "test"}
        rows.append({**dict.fromkeys(COLUMNS, ""), **known, "diagnosis": "a", "tone_bucket": "medium"})
    classes = tuple(SkinClass(name, name.upper(), "watch") for name in "ab")
    write_manifest(tmp_path / "meta.csv", rows, Taxonomy("small", "", classes))
    return read_manifest(tmp_path / "meta.csv")


def stand_in(monkeypatch, estimates, names=("lighting", "light_measures")):
    """A file that finds every photo poorly lit, with these estimates, one for each reason."""
    light = {"reasons": list(REASONS), "weights": np.eye(6, 14).tolist(), "bias": [0.0] * 6}
    outputs = {"lighting": np.array([[0.1]]), "light_measures": np.array([estimates])}
    interpreter = SimpleNamespace(output_names=names, input_size=32, run=lambda pixels: outputs)
    card = {"input": {"crop": "squashed", "crop_fraction": 0.8}, "thresholds": {"well_lit": 0.5}, "light": light}
    file = SimpleNamespace(card=card, interpreter=interpreter)
    monkeypatch.setattr(estimated_reasons, "Triage", SimpleNamespace(load=lambda path: file))


def test_a_file_that_always_says_dark_is_right_in_the_dark_alone(monkeypatch, manifest, tmp_path):
    stand_in(monkeypatch, [9.0] + [0.0] * (len(FEATURE_NAMES) - 1))
    found = estimated_reasons.measure(tmp_path / "m.tflite", manifest)
    assert found["dark"]["right"]["value"] > 0.6 > found["all"]["right"]["value"]
    for kind in ("glare", "warm"):
        assert found[kind]["poor"] >= 3
        assert found[kind]["wrong"]["value"] > 0.5
    assert found["all"]["poor"] == sum(found[kind]["poor"] for kind in estimated_reasons.KINDS)
    assert f"n = {found['dark']['poor']:4}" in estimated_reasons.report(found)


def test_a_file_that_names_none_is_neither_right_nor_wrong(monkeypatch, manifest, tmp_path):
    stand_in(monkeypatch, [0.0] * len(FEATURE_NAMES))
    assert estimated_reasons.measure(tmp_path / "m.tflite", manifest)["all"]["none"]["value"] == 1


def test_a_file_without_the_output_is_refused(monkeypatch, manifest, tmp_path):
    stand_in(monkeypatch, [], names=("lighting",))
    with pytest.raises(UnusableInput, match=r"m\.tflite"):
        estimated_reasons.measure(tmp_path / "m.tflite", manifest)
