"""Teachers from elsewhere through the command line: from an ONNX file or a table to a checked phone file."""

import json
import subprocess
import sys

import pytest
import yaml

from tests.distill.teachers.models import WEIGHTS, describe, write_onnx
from tests.noise_data import SIZE, make_photos

pytestmark = pytest.mark.slow
CLASSES = {"red": "class2", "green": "class1", "blue": "class0"}
"""The photos' colours: OpenCV writes blue first."""
RECIPE = {
    "distill": {
        "weights": "none",
        "width": 0.35,
        "input_size": SIZE,
        "batch_size": 16,
        "view_count": 2,
        "without_teacher": False,
        "phases": [{"name": "distill", "trains": "all", "epochs": 1, "learning_rate": 1e-3}],
    },
    "convert": {"variants": ["float32"]},
}
DATA = "--data", "data/meta.csv"


@pytest.fixture(scope="module")
def shell(tmp_path_factory, tiny_networks, shell_in):
    """A folder with photos, a recipe and two teachers: `colour.onnx`, and predictions of exported views."""
    folder = tmp_path_factory.mktemp("elsewhere")
    make_photos(folder / "data", 120)  # 30 of them for the test split
    (folder / "tiny.yaml").write_text(yaml.safe_dump(RECIPE))
    shell = shell_in(folder)
    onnx = write_onnx(folder / "colour.onnx", side=SIZE)
    describe(onnx, scaling="unit", classes=CLASSES, licence="CC BY-NC-ND 4.0", training_data=["Noise"])
    shell("distill", "--config", "tiny.yaml", *DATA, "--export-views", "views")
    script = folder / "views/predict.py"
    code = f"return (pixels / 255).mean(axis=(1, 2)) @ np.array({WEIGHTS.tolist()})"
    script.write_text(script.read_text().replace("raise NotImplementedError", f"{code}  # "))
    subprocess.run([sys.executable, script], check=True, timeout=300)
    describe(folder / "views/predictions.npz", classes=CLASSES)
    return shell


def test_teachers_from_elsewhere_become_a_checked_file(shell):
    def distill(run, *teachers):
        targets = [word for teacher in teachers for word in ("--teacher", teacher)]
        return shell("distill", "--config", "tiny.yaml", *DATA, *targets, "--run", run)

    alone = distill("alone", "views/predictions.npz")
    assert "lighting not predicted" in alone.stdout and "predictions.npz: no lighting" in alone.stdout
    both = distill("both", "views/predictions.npz", "colour.onnx")
    assert both.stdout.count("the average gains") == 2
    assert "commercial" in both.stderr and "derivatives" in both.stderr
    again = shell("reproduce", "both", *DATA, "--within", "0", "--json")
    assert {figure["outcome"] for figure in json.loads(again.stdout)["figures"]} <= {"equal", "not measured"}

    shell("convert", "--run", "both", *DATA)
    file = "artifacts/both/student-float32.tflite"
    warnings = json.loads(shell("verify", file, "--run", "both", *DATA, "--json", expect=(0, 1)).stdout)["warnings"]
    for word in ("colour.onnx", "CC BY-NC-ND 4.0", "commercial", "derivatives", "Noise"):
        assert word in " ".join(warnings)
    assert "CC BY-NC-ND 4.0" in (shell.folder / "experiments/both/card.md").read_text()
    photo = next((shell.folder / "data/photos").iterdir())
    assert json.loads(shell("classify", photo, "--model", file, "--json").stdout)[0]["decision"]
    assert json.loads(shell("evaluate", file, *DATA, "--json").stdout)["n"] == 30


def test_reproduce_refuses_a_teacher_that_has_changed_or_is_gone(shell):
    path = shell.folder / "other.onnx"
    describe(write_onnx(path, side=SIZE), scaling="unit", classes=CLASSES)
    shell("distill", "--config", "tiny.yaml", *DATA, "--teacher", "other.onnx", "--run", "other")
    describe(path, scaling="unit", classes=CLASSES, licence="Apache-2.0")
    for named in ("has changed", "No such ONNX file"):
        done = shell("reproduce", "other", *DATA, expect=2)
        assert "other.onnx" in done.stderr and named in " ".join(done.stderr.split())
        path.unlink(missing_ok=True)
    assert not (shell.folder / "experiments/other-again").exists()


def test_predictions_of_other_views_are_refused_before_training(shell):
    recipe = yaml.safe_load(yaml.safe_dump(RECIPE))
    for key, value in (("view_count", 3), ("view_seed", 7)):
        recipe["distill"] = {**RECIPE["distill"], key: value}
        (shell.folder / "changed.yaml").write_text(yaml.safe_dump(recipe))
        table = "--teacher", "views/predictions.npz", "--run", key
        done = shell("distill", "--config", "changed.yaml", *DATA, *table, expect=2)
        assert "predictions.npz" in done.stderr
        assert not (shell.folder / "artifacts" / key / "student.keras").exists()
