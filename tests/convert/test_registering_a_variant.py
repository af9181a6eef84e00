"""A variant of its own, with its own training, is one `Variant` in the registry."""

from dataclasses import dataclass, replace

import pytest
import tf_keras as keras

from convert.convert import convert
from convert.recipe import convert_recipe
from convert.variants import VARIANTS
from convert.variants.stock import FLOAT16
from convert.variants.variant import RETRAINED, FineTuning
from convert.verifying.gates import REPORTED
from convert.verifying.verifier import Verifier
from distill.model_file import load_model
from distill.objective import with_features
from skin_training.color_calibration import CCM_LAYER_NAME
from skin_training.predict import predict
from skin_training.recipe import Phase
from triage.errors import UnusableInput
from triage.interpreter import open_interpreter
from triage.model_file import read_model


@dataclass(frozen=True)
class ToyRecipe:
    epochs: int = 1
    learning_rate: float = 1e-3


class ToyStudent:
    """Trains the diagnosis logits alone."""

    def __init__(self, student, source, recipe):
        self.student = keras.models.clone_model(student)
        self.student.set_weights(student.get_weights())
        self.model = with_features(self.student)
        self.phases = (Phase("toy", "all", recipe.epochs, recipe.learning_rate),)
        self.settings = {}

    def select(self, phase):
        for layer in self.student.layers:
            layer.trainable = layer.name == "diagnosis_logits"

    def predict(self, pixels):
        return predict(self.student, pixels)

    def float_student(self):
        return self.student

    def ranges(self):
        return None


TOY = replace(FLOAT16, name="toy", fine_tuning=FineTuning("toy_training", ToyRecipe, ToyStudent), base=FLOAT16)


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setitem(VARIANTS, "toy", TOY)


def test_a_registered_variant_is_trained_and_converted(registered, small_run):
    run, manifest = small_run
    run.write_config({"convert": {"variants": ["toy"], "toy_training": {"epochs": 2}}})
    path = convert(run, manifest, convert_recipe(run).variants)["toy"]
    entry = run.read_report()["convert"]["variants"]["toy"]
    assert entry["training"]["recipe"] == {"epochs": 2, "learning_rate": 1e-3}
    assert [row["epoch"] for row in entry["training"]["rows"]] == [1, 2]
    released = read_model(path)
    assert released.card["variant"] == "toy"
    verdict = Verifier(run, manifest, "val").check(path).to_json()
    assert verdict["kind"] == RETRAINED
    assert {"gate": "agreement", "outcome": REPORTED}.items() <= verdict["gates"][2].items()
    student = load_model(run.artifacts / "student.keras")
    assert open_interpreter(released.flatbuffer).input_size == student.input_shape[1]
    calibration = student.get_layer(CCM_LAYER_NAME).get_weights()
    assert released.card["color_calibration"]["matrix"] == calibration[0].tolist()

    made = path.stat().st_mtime_ns
    convert(run, manifest, ["toy"])
    assert path.stat().st_mtime_ns == made, "up to date"
    run.write_config({"convert": {"toy_training": {"epochs": 1}}})
    convert(run, manifest, ["toy"])
    assert len(run.read_report()["convert"]["variants"]["toy"]["training"]["rows"]) == 1


def test_options_of_a_variant_that_is_not_registered_are_refused(small_run):
    run, _ = small_run
    run.write_config({"convert": {"toy_training": {"epochs": 2}}})
    with pytest.raises(UnusableInput, match="toy_training"):
        convert_recipe(run)


def test_the_head_of_the_output_spot_is_fitted_to_the_trained_network(registered, small_run, monkeypatch):
    run, manifest = small_run
    student, fitted, used = load_model(run.artifacts / "student.keras"), [], []
    monkeypatch.setattr("convert.convert.fit_spot", lambda *arguments: ("of the student", {}))
    monkeypatch.setattr(
        "convert.convert.fit_spot_head", lambda model, *rest: (fitted.append(model.get_weights()) or "own", {})
    )
    monkeypatch.setattr("convert.convert.with_spot", lambda file, head, layer: used.append(head) or file)
    convert(run, manifest, ["float32", "toy"])
    assert used == ["of the student", "own"]
    (trained,) = fitted
    assert any((one != other).any() for one, other in zip(trained, student.get_weights(), strict=True))
