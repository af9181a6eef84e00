import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from skin_training.dropout import SeededDropout, reseed_dropout, with_seeded_dropout
from skin_training.recipe import Phase
from skin_training.task import Task
from skin_training.training import Trainer
from teacher.backbones.build import build_backbone


def test_masks_depend_on_seed_and_epoch_and_outside_training_there_is_none():
    layer = SeededDropout(0.4)
    model = keras.Sequential([keras.Input((1000,)), layer])
    ones = tf.ones((3, 1000))

    def masks(seed, epoch, count=2):
        reseed_dropout(model, seed, epoch)
        return [model(ones, training=True).numpy() for _ in range(count)]

    first = masks(1, 5)
    np.testing.assert_array_equal(first, masks(1, 5))
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], masks(1, 6)[0])
    assert not np.array_equal(first[0], masks(2, 5)[0])
    assert set(np.unique(first[0]).round(5)) == {0, np.float32(1 / 0.6).round(5)}
    assert np.mean(first[0] == 0) == pytest.approx(0.4, abs=0.04)
    np.testing.assert_array_equal(model(ones, training=False), ones)


def test_stochastic_depth_keeps_or_drops_whole_photos():
    model = build_backbone("efficientnetb0", 32, "none", None)
    layers = [layer for layer in model.layers if "drop" in layer.name]
    assert layers
    assert all(isinstance(layer, SeededDropout) for layer in layers)
    kept = layers[-1](tf.ones((200, 1, 1, 8)), training=True).numpy()[:, 0, 0]
    assert set(map(len, map(set, kept))) == {1}
    assert 0 < np.mean(kept == 0) < 1


def test_a_model_keeps_its_weights_and_answers():
    image = keras.Input((4,))
    plain = keras.Model(image, keras.layers.Dense(2)(keras.layers.Dropout(0.5)(image)))
    seeded = with_seeded_dropout(plain)
    inputs = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.testing.assert_array_equal(plain(inputs), seeded(inputs))


class Stop(Exception):
    pass


@pytest.mark.parametrize("stop_after", [1, 5, 7])
def test_a_resumed_run_repeats_the_masks_of_an_uninterrupted_one(tmp_path, stop_after):
    def trainer(folder, stop=None):
        keras.utils.set_random_seed(3)
        layers = [keras.Input((6,)), keras.layers.Dense(8, "relu"), SeededDropout(0.5), keras.layers.Dense(1)]
        inputs = np.random.default_rng(1).normal(size=(3, 16, 6)).astype("float32")
        shown = []

        class Regression(Task):
            model = keras.Sequential(layers)
            phases = (Phase("a", "all", 2, 0.05), Phase("b", "all", 1, 0.05))
            steps, seed = 3, 9

            def select(self, phase):
                pass

            def batches(self, state):
                for batch in inputs:
                    if len(shown) == stop:
                        raise Stop
                    shown.append(1)
                    yield {"x": tf.constant(batch), "image_ids": [0]}

            def loss(self, batch):
                return tf.reduce_mean(tf.square(self.model(batch["x"], training=True)[:, 0] - batch["x"][:, 0]))

            def validate(self):
                error = self.model(inputs[0])[:, 0] - inputs[0][:, 0]
                return {"log_loss": float(np.mean(error**2))}

        return Trainer(Regression(), folder / "checkpoint.npz", "k", "test")

    whole = trainer(tmp_path / "whole")
    whole.run()
    with pytest.raises(Stop):
        trainer(tmp_path, stop_after).run()
    resumed = trainer(tmp_path)
    resumed.run()
    for one, other in zip(resumed.task.model.get_weights(), whole.task.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
