import json

import tf_keras as keras
from click.testing import CliRunner

from benchmarks.bad_light import main
from skin_data.prepare import prepare
from skin_training.recipe import Phase, TeacherRecipe
from teacher.model import build_teacher


def test_a_model_is_measured_on_photos_as_they_are_and_relit(tmp_path):
    meta = prepare("phantom", None, tmp_path / "data", workers=1, count=120, size=64).meta_path
    keras.utils.set_random_seed(1)
    recipe = TeacherRecipe((Phase("a", "heads", 1, 1e-3),), "resnet10", "none", 32)
    build_teacher(recipe, 10).save(tmp_path / "model.keras")
    out = tmp_path / "found.json"
    arguments = [str(tmp_path / "model.keras"), "--data", str(meta), "--split", "train", "--json", str(out)]
    run = CliRunner().invoke(main, arguments)
    assert run.exit_code == 0, run.output
    found = json.loads(out.read_text())
    assert found["as they are"]["relit"] == 0 < found["relit"]["relit"] < found["relit"]["photos"]
    assert found["as they are"] | {"relit": 0} != found["relit"] | {"relit": 0}
    area = found["relit"]["lighting_auc"]
    assert 0 <= area["low"] <= area["value"] <= area["high"] <= 1
    assert found["as they are"]["lighting_auc"]["why"] in run.output  # 18 poorly lit ones
    assert "synthetic" in run.output
