import json

import numpy as np
import pytest
import tf_keras as keras
from click.testing import CliRunner

from benchmarks.light.gate import FAULTS, STEPS, _curve, main
from convert.making.converter import to_tflite
from skin_data.manifest import read_manifest
from skin_data.prepare import prepare
from skin_training.recipe import Phase, TeacherRecipe
from teacher.model import build_teacher
from triage.model_file import pack_model


def test_refusing_the_worst_first_leaves_the_best():
    generator = np.random.default_rng(0)
    score = generator.random(5000)
    right = (generator.random(5000) < score).astype(float)
    curve = _curve(right, score)
    assert curve["share"][-1] == 1
    assert curve["accuracy"][-1] == pytest.approx(right.mean(), abs=1e-4)
    # The mean of a uniform score above the quantile that is refused.
    np.testing.assert_allclose(curve["accuracy"], [1 - share / 2 for share in curve["share"]], atol=0.05)


def test_every_fault_and_step_is_measured_and_drawn(tmp_path):
    meta = prepare("phantom", None, tmp_path / "data", workers=1, count=60, size=64).meta_path
    keras.utils.set_random_seed(1)
    model = build_teacher(TeacherRecipe((Phase("a", "heads", 1, 1e-3),), "resnet10", "none", 32), 10)
    classes = read_manifest(meta).taxonomy.classes
    card = {
        "format": 1, "name": "tiny", "temperature": 1.0, "synthetic": True, "data": {}, "lineage": {}, "per_tone": {},
        "classes": [{"id": c.id, "name": c.name, "urgency": c.urgency} for c in classes],
        "input": {"size": 32, "crop_fraction": 0.8, "dtype": "float32"},
        "color_calibration": {"matrix": np.eye(3).tolist(), "bias": [0.0] * 3},
        "thresholds": {"urgent": 0.4, "abstain_below": 0.05, "well_lit": 0.0}, "not_measured": [], "licence": "MIT",
    }  # fmt: skip
    (tmp_path / "m.tflite").write_bytes(pack_model(to_tflite(model), card))
    out, drawn = tmp_path / "found.json", tmp_path / "found.png"
    arguments = ["--data", str(meta), "--split", "train", "--photos", "20", "--json", str(out), "--figure", str(drawn)]
    run = CliRunner().invoke(main, [str(tmp_path / "m.tflite"), *arguments])
    assert run.exit_code == 0, run.output
    found = json.loads(out.read_text())
    assert found["synthetic"] and "synthetic" in run.output
    assert set(found["by_fault"]) == set(FAULTS) and set(found["by_step"]) == set(map(str, STEPS))
    assert found["as_they_are"]["accuracy"]["n"] == 20
    assert found["all"]["accuracy"]["n"] == 20 * len(FAULTS) * len(STEPS)
    # The head accepts everything here, so it is the measured features that refuse worse light.
    accepted = [found["as_they_are"], *(found["by_step"][str(step)] for step in STEPS)]
    shares = [part["accepted"]["value"] for part in accepted]
    assert shares[0] > 0.9 and shares == sorted(shares, reverse=True) and shares[-1] < 0.3
    assert drawn.stat().st_size > 5_000
