"""Training the heads on features that were computed once, against training them through the whole frozen model."""

import numpy as np
import pytest
import tf_keras as keras

from skin_data.batches import TrainingSet, epoch_batches, steps_per_epoch
from skin_data.views import ViewRecipe
from skin_training.head_features import HeadFeatures
from skin_training.losses import supervised_loss
from skin_training.predict import predict
from skin_training.recipe import Phase, TeacherRecipe
from skin_training.task import Task
from skin_training.training import Trainer
from teacher.model import build_teacher, set_trainable
from tests.noise_data import TINY
from triage.errors import UnusableInput

pytestmark = pytest.mark.usefixtures("tiny_networks")
COUNT, SIZE, CLASSES, VIEWS = 24, 32, 3, 2
PHASE = Phase("A heads", "heads", epochs=3, learning_rate=0.01, fixed_views=VIEWS)
RECIPE = TeacherRecipe((PHASE,), TINY, "none", SIZE, views=ViewRecipe(bad_light=0.3), seed=5)


@pytest.fixture
def training():
    generator = np.random.default_rng(0)
    return TrainingSet(
        pixels=generator.integers(0, 256, (COUNT, SIZE, SIZE, 3), np.uint8),
        diagnosis=np.eye(CLASSES, dtype=np.float32)[generator.integers(0, CLASSES, COUNT)],
        diagnosis_weight=generator.uniform(0.5, 2, COUNT).astype(np.float32),
        lighting=generator.uniform(0, 1, COUNT).astype(np.float32),
        lighting_weight=np.ones(COUNT, np.float32),
        measures=np.zeros((COUNT, 14), np.float32),
        measures_weight=np.ones(COUNT, np.float32),
        image_ids=np.arange(COUNT),
        repeats=1 + np.arange(COUNT) % 2,
        poor_light=0.02,
    )


def teacher():
    keras.utils.set_random_seed(2)
    model = build_teacher(RECIPE, CLASSES)
    set_trainable(model, "heads")
    return model


class Heads(Task):
    """Train the heads through the whole model, or on features."""

    phases, seed = (PHASE,), 1

    def __init__(self, model, training, features):
        self.model, self.training, self.features = model, training, features
        self._loss = supervised_loss(model, 0.5)

    @property
    def steps(self):
        return steps_per_epoch(self.training, 8)

    def select(self, phase):
        set_trainable(self.model, phase.trains)

    def batches(self, state):
        if self.features is not None:
            return self.features.batches(8, state.epoch)
        return epoch_batches(self.training, RECIPE.views, 8, RECIPE.seed, state.epoch, VIEWS)

    def loss(self, batch):
        return self._loss(batch)

    def validate(self):
        return {"log_loss": 0.0}


def train(model, training, folder, features=None):
    trainer = Trainer(Heads(model, training, features), folder / "checkpoint.npz", "k", "test")
    return [row["loss"] for row in trainer.run()]


def features_of(model, training, folder):
    return HeadFeatures(model, training, RECIPE.views, RECIPE.seed, VIEWS, training.pixels[:5], folder, batch_size=7)


def test_features_give_the_same_training_as_the_whole_model(training, tmp_path):
    plain, cached = teacher(), teacher()
    before = [w.copy() for w in cached.get_layer("backbone").get_weights()]
    losses = train(plain, training, tmp_path / "plain")
    again = train(cached, training, tmp_path / "cached", features_of(cached, training, tmp_path / "features"))
    np.testing.assert_allclose(again, losses, rtol=1e-5)
    for one, other in zip(plain.get_weights(), cached.get_weights(), strict=True):
        # Adam divides by the size of the gradient, so the last bit of a tiny one shows.
        np.testing.assert_allclose(one, other, atol=5e-4)
    for one, other in zip(before, cached.get_layer("backbone").get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_validation_answers_are_those_of_the_whole_model(training, tmp_path):
    model = teacher()
    features = features_of(model, training, tmp_path)
    for one, other in zip(features.predict_validation(), predict(model, training.pixels[:5]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_features_are_computed_once_and_belong_to_their_backbone(training, tmp_path):
    model = teacher()
    features_of(model, training, tmp_path)
    names = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(names) == VIEWS + 1
    sorted(tmp_path.iterdir())[0].unlink()
    features_of(model, training, tmp_path)
    assert sum(path.stat().st_mtime_ns == names.get(path.name) for path in tmp_path.iterdir()) == VIEWS
    model.get_layer("backbone").set_weights([w + 0.01 for w in model.get_layer("backbone").get_weights()])
    features_of(model, training, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2 * (VIEWS + 1)


def test_a_damaged_file_is_named(training, tmp_path):
    model = teacher()
    features_of(model, training, tmp_path)
    damaged = sorted(tmp_path.iterdir())[0]
    damaged.write_bytes(b"not numpy")
    with pytest.raises(UnusableInput, match=damaged.name):
        features_of(model, training, tmp_path)


def test_only_a_phase_of_heads_has_fixed_views():
    with pytest.raises(UnusableInput, match="fixed_views"):
        Phase("B CCM", "ccm", 1, 0.1, fixed_views=2)
