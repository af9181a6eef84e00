import types

import numpy as np
import pandas as pd
import pytest

from distill.agreement import agreement_with_teacher
from skin_training.evaluation.paired import paired_gain

IDS = ["a", "b", "c"]
MANIFEST = types.SimpleNamespace(taxonomy=types.SimpleNamespace(ids=IDS))
COUNT = 600


@pytest.fixture(scope="module")
def frame():
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "diagnosis": generator.choice(IDS, COUNT),
            "group": np.arange(COUNT) // 2,
            "tone_bucket": generator.choice(["light", "medium", "dark"], COUNT, p=[0.6, 0.38, 0.02]),
        }
    )


def predictions(frame, right_share, seed):
    """Probabilities whose top class is right for a share of the photos of each class."""
    generator = np.random.default_rng(seed)
    truth = frame["diagnosis"].map(IDS.index).to_numpy()
    shares = np.array(right_share)[truth]
    named = np.where(generator.random(COUNT) < shares, truth, (truth + 1) % 3)
    return np.eye(3)[named] * 0.7 + 0.1


def test_gains_are_paired_differences(frame):
    one, other = predictions(frame, [0.9, 0.9, 0.5], 1), predictions(frame, [0.6, 0.6, 0.8], 2)
    found = paired_gain(MANIFEST, frame, one, other, resamples=300)
    truth = frame["diagnosis"].map(IDS.index).to_numpy()
    right, before = one.argmax(axis=1) == truth, other.argmax(axis=1) == truth
    assert found["accuracy"]["value"] == pytest.approx(right.mean() - before.mean())
    by_class = [right[truth == n].mean() - before[truth == n].mean() for n in range(3)]
    assert found["balanced_accuracy"]["value"] == pytest.approx(np.mean(by_class))
    assert found["per_class"]["c"]["value"] == pytest.approx(by_class[2])
    assert found["verdict"] == "helped"
    assert found["lost"][0]["slice"] == "c"
    assert found["lost"][0]["by"] == "class"
    assert found["lost"][0]["beyond_doubt"]
    assert found["per_tone"]["dark"]["value"] is None  # a dozen photos tell nothing


def test_gains_of_several_seeds_are_means_over_them(frame):
    one, other, third = (
        predictions(frame, shares, seed) for seed, shares in enumerate(([0.9] * 3, [0.6] * 3, [0.7] * 3))
    )
    single = paired_gain(MANIFEST, frame, one, other, resamples=200)
    assert paired_gain(MANIFEST, frame, np.stack([one, one]), np.stack([other, other]), resamples=200) == single
    both = paired_gain(MANIFEST, frame, np.stack([one, third]), np.stack([other, other]), resamples=200)
    second = paired_gain(MANIFEST, frame, third, other, resamples=200)
    for name in ("accuracy", "balanced_accuracy"):
        assert both[name]["value"] == pytest.approx((single[name]["value"] + second[name]["value"]) / 2)
    swapped = paired_gain(MANIFEST, frame, np.stack([one, other]), np.stack([other, one]), resamples=200)
    assert swapped["accuracy"]["value"] == swapped["balanced_accuracy"]["value"] == 0
    assert swapped["lost"] == []


def test_a_teacher_that_hurts_or_does_nothing_is_said_to(frame):
    good, bad = predictions(frame, [0.9] * 3, 1), predictions(frame, [0.5] * 3, 2)
    assert paired_gain(MANIFEST, frame, bad, good, resamples=200)["verdict"] == "hurt"
    same = paired_gain(MANIFEST, frame, good, good, resamples=200)
    assert same["verdict"] == "no difference shown"
    assert same["lost"] == []


def test_agreement_counts_and_measures(frame):
    teacher, student = predictions(frame, [0.9] * 3, 1), predictions(frame, [0.7] * 3, 2)
    found = agreement_with_teacher(MANIFEST, frame, teacher, student, resamples=50)
    assert found["all"]["top1"]["value"] == pytest.approx(np.mean(teacher.argmax(1) == student.argmax(1)))
    plain = np.mean(
        [sum(p * np.log(p / q) for p, q in zip(t, s, strict=True)) for t, s in zip(teacher, student, strict=True)]
    )
    assert found["all"]["kl"]["value"] == pytest.approx(plain)
    assert agreement_with_teacher(MANIFEST, frame, teacher, teacher, resamples=5)["all"]["kl"]["value"] == 0
