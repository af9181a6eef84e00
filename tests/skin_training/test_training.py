import dataclasses
import itertools
import json
import math

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from skin_training.optimization import learning_rate
from skin_training.recipe import Phase
from skin_training.task import Task
from skin_training.training import Trainer
from triage.errors import CheckFailed, UnusableInput

PHASES = (
    Phase("first", "all", epochs=3, learning_rate=0.05, weight_average=0.9),
    Phase("second", "all", epochs=2, learning_rate=0.01),
)
STEPS = 5


class Stop(Exception):
    pass


class Regression(Task):
    """A linear regression; validation can be scripted with `scores`."""

    steps, seed = STEPS, 0

    def __init__(self, stop_after=None, poison=None, phases=PHASES, scores=None):
        keras.utils.set_random_seed(1)
        self.model = keras.Sequential([keras.layers.Dense(1, input_shape=(4,))])
        self.inputs = np.random.default_rng(0).normal(size=(STEPS, 8, 4)).astype("float32")
        self.targets = self.inputs @ np.array([[1.0], [2.0], [-1.0], [0.5]], "float32")
        self.stop_after, self.poison, self.phases, self.scores = stop_after, poison, phases, scores
        self.seen = []

    def select(self, phase):
        pass

    def batches(self, state):
        for step in np.random.default_rng([state.phase, state.epoch]).permutation(STEPS):
            if self.stop_after is not None and len(self.seen) == self.stop_after:
                raise Stop
            self.seen.append((state.phase, state.epoch, int(step)))
            inputs = self.inputs[step] * (np.nan if self.poison == len(self.seen) else 1.0)
            yield {"x": tf.constant(inputs), "y": tf.constant(self.targets[step]), "image_ids": [step]}

    def loss(self, batch):
        return tf.reduce_mean(tf.square(self.model(batch["x"], training=True) - batch["y"]))

    def validate(self):
        if self.scores is not None:
            return {"log_loss": self.scores.pop(0)}
        error = float(np.mean((self.model(self.inputs.reshape(-1, 4)).numpy() - self.targets.reshape(-1, 1)) ** 2))
        return {"log_loss": error}

    def describe(self, image_ids):
        return f"photo {image_ids}"


def make_trainer(folder, key="k", **options):
    return Trainer(Regression(**options), folder / "checkpoint.npz", key, "test")


def without_time(rows):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_an_interrupted_run_ends_like_an_uninterrupted_one(tmp_path):
    whole = make_trainer(tmp_path / "whole")
    expected = without_time(whole.run())
    for stop_after in (3, 3 * STEPS, 4 * STEPS + 1):  # in an epoch, after a phase, in the last phase
        folder = tmp_path / str(stop_after)
        with pytest.raises(Stop):
            make_trainer(folder, stop_after=stop_after).run()
        resumed = make_trainer(folder)
        rows = without_time(resumed.run())
        assert rows == expected
        for one, other in zip(resumed.task.model.get_weights(), whole.task.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
        # At most the running epoch was repeated.
        assert len(resumed.task.seen) <= len(PHASES) * 3 * STEPS - stop_after // STEPS * STEPS


def test_a_phase_starts_from_the_end_of_the_one_before_whatever_its_validation(tmp_path):
    ends = []
    for scores in ([0.1, 0.9, 0.8, 0.3, 0.5], [0.9, 0.8, 0.1, 0.5, 0.3]):
        trainer = make_trainer(tmp_path / str(scores[0]), scores=scores)
        rows = trainer.run()
        assert [row["kept"] for row in rows] == [False, False, True, False, True]
        ends.append(trainer.task.model.get_weights())
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_validated_and_kept_is_the_average_of_the_weights_and_training_goes_on_without_it(tmp_path):
    phase = Phase("first", "all", epochs=3, learning_rate=0.05, weight_average=0.8)
    trainer = make_trainer(tmp_path, phases=(phase,), scores=[0.1, 0.2, 0.3])
    average, validated, task = None, [], trainer.task
    task_batches, task_validate = task.batches, task.validate

    def watch(state):
        nonlocal average
        if average is None:
            average = task.model.get_weights()
        for batch in task_batches(state):
            yield batch
            average = [0.8 * a + 0.2 * w for a, w in zip(average, task.model.get_weights(), strict=True)]

    def validate():
        validated.append(task.model.get_weights())
        return task_validate()

    task.batches, task.validate = watch, validate
    trainer.run()
    plain = make_trainer(tmp_path / "plain", phases=(dataclasses.replace(phase, weight_average=0.0),))
    rows = plain.run()
    for one, other, kept in zip(validated[-1], average, task.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
        np.testing.assert_array_equal(one, kept)
    assert [r["loss"] for r in trainer.state.rows] == [r["loss"] for r in rows]


def test_patience_ends_a_phase_early_with_the_epoch_of_the_lowest_log_loss(tmp_path):
    phases = [Phase("only", "all", epochs=9, learning_rate=0.01, final_learning_rate=0.01, warmup=0.0, patience=2)]
    trainer = make_trainer(tmp_path / "patient", phases=phases, scores=[0.6, 0.5, 0.7, 0.8, 0.1])
    rows = trainer.run()
    assert [row["kept"] for row in rows] == [False, True, False, False]
    two_epochs = make_trainer(tmp_path / "two", phases=[dataclasses.replace(phases[0], epochs=2, patience=0)])
    two_epochs.run()
    for one, other in zip(trainer.task.model.get_weights(), two_epochs.task.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_plateau_halves_the_rate_and_a_resumed_run_knows(tmp_path):
    phase = Phase("only", "all", epochs=6, learning_rate=0.01, final_learning_rate=0.01, warmup=0.0, plateau=2)
    scores = [0.5, 0.6, 0.6, 0.4, 0.5, 0.5]
    whole = make_trainer(tmp_path / "whole", phases=[phase], scores=list(scores)).run()
    assert [row["learning_rate"] for row in whole] == pytest.approx([0.01] * 3 + [0.005] * 3)
    with pytest.raises(Stop):
        make_trainer(tmp_path, phases=[phase], scores=list(scores), stop_after=3 * STEPS + 1).run()
    resumed = make_trainer(tmp_path, phases=[phase], scores=scores[3:]).run()
    assert without_time(resumed) == without_time(whole)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path):
    with pytest.raises(Stop):
        make_trainer(tmp_path, stop_after=STEPS + 1).run()
    before = (tmp_path / "checkpoint.npz").read_bytes()
    with pytest.raises(UnusableInput, match=r"checkpoint\.npz"):
        make_trainer(tmp_path, key="other").run()
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "another file", "an archive of something else"])
def test_a_damaged_checkpoint_is_named(tmp_path, damage):
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(Stop):
        make_trainer(tmp_path, stop_after=STEPS + 1).run()
    whole = path.read_bytes()
    if damage == "an archive of something else":
        np.savez(path, weights=np.zeros(3))
    else:
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
        path.write_bytes({"cut": whole[:-40], "empty": b"", "flipped": flipped}.get(damage, b"PK damaged"))
    before = path.read_bytes()
    with pytest.raises(UnusableInput, match=r"checkpoint\.npz"):
        make_trainer(tmp_path).run()
    assert path.read_bytes() == before


def test_a_nan_loss_names_the_step_and_the_photos(tmp_path):
    with pytest.raises(CheckFailed, match=r"phase first, epoch 2, step 3.*photo") as caught:
        make_trainer(tmp_path, poison=STEPS + 3).run()
    assert "nan" in str(caught.value)
    assert (tmp_path / "checkpoint.npz").is_file()


def test_learning_rate_warms_up_and_falls():
    phase = Phase("p", "all", epochs=1, learning_rate=1.0, final_learning_rate=0.1, warmup=0.1)
    rates = [learning_rate(phase, step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))
    assert rates[55] == pytest.approx(0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * 45 / 90)))
    assert json.dumps(rates)
