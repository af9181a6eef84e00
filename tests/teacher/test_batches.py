import types

import numpy as np
import pandas as pd
import pytest

from teacher.data.batches import diagnosis_targets, epoch_batches, make_training_set, steps_per_epoch
from teacher.views import ViewRecipe
from triage.errors import UnusableInput

IDS = ["a", "b"]


def manifest():
    classes = [types.SimpleNamespace(id=name) for name in IDS]
    return types.SimpleNamespace(taxonomy=types.SimpleNamespace(classes=classes), path="meta.csv")


def frame(diagnosis, lighting, soft=None):
    count = len(diagnosis)
    return pd.DataFrame(
        {
            "image_path": [f"{n}.jpg" for n in range(count)],
            "diagnosis": diagnosis,
            "soft_label": soft or [None] * count,
            "lighting_label": lighting,
        }
    )


def pixels(count):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), np.uint8)


def test_balanced_weights_give_each_class_the_same_sum():
    table = frame(["a", "a", "a", "b"], [1, 0, 1, 1])
    training = make_training_set(manifest(), table, pixels(4), "balanced", 0.0)
    assert training.diagnosis_weight.sum() == pytest.approx(4)
    assert training.diagnosis_weight[:3].sum() == pytest.approx(training.diagnosis_weight[3])


def test_missing_labels_are_masked_and_lighting_is_smoothed():
    table = frame(["a", None, "b"], [1, 0, None])
    training = make_training_set(manifest(), table, pixels(3), "none", 0.1)
    assert training.diagnosis_weight.tolist() == [1, 0, 1]
    assert training.lighting_weight.tolist() == [1, 1, 0]
    np.testing.assert_allclose(training.lighting[:2], [0.95, 0.05])


def test_soft_labels_are_scaled_to_one():
    targets = diagnosis_targets(frame(["a", "a"], [1, 1], ['{"a": 1, "b": 3}', None]), IDS)
    np.testing.assert_allclose(targets, [[0.25, 0.75], [1, 0]])


def test_a_class_without_an_example_is_named():
    with pytest.raises(UnusableInput, match="no training example: b"):
        make_training_set(manifest(), frame(["a", "a"], [1, 1]), pixels(2), "none", 0)


def epoch(training, number, **changes):
    arguments = {"recipe": ViewRecipe(), "batch_size": 4, "seed": 1, "view_of_epoch": number}
    return list(epoch_batches(training, epoch=number, **{**arguments, **changes}))


def test_an_epoch_depends_on_its_number_alone():
    table = frame(["a", "b"] * 5, [1] * 10)
    training = make_training_set(manifest(), table, pixels(10), "none", 0)
    first, again, other = epoch(training, 3), epoch(training, 3), epoch(training, 4)
    assert len(first) == steps_per_epoch(10, 4) == 2
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one["image"], two["image"])
    assert any(not np.array_equal(a["image_ids"], b["image_ids"]) for a, b in zip(first, other, strict=True))
    ids = np.concatenate([b["image_ids"] for b in first])
    assert len(set(ids.tolist())) == len(ids)


def test_targets_stay_with_their_photo():
    table = frame(["a", "b"] * 5, [1, 0] * 5)
    training = make_training_set(manifest(), table, pixels(10), "none", 0)
    for batch in epoch(training, 0, extra=lambda rows, view: {"row": rows}):
        np.testing.assert_array_equal(batch["row"], batch["image_ids"])
        np.testing.assert_array_equal(batch["diagnosis"][:, 1], batch["image_ids"] % 2)
        assert 0 <= batch["image"].numpy().min() <= batch["image"].numpy().max() <= 1
