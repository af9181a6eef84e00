import dataclasses

import numpy as np
import pandas as pd
import pytest

from benchmarks.learning_curve import for_as_many_steps, part_of_training
from skin_data.manifest import Manifest
from skin_data.taxonomy import load_taxonomy
from skin_training.recipe import Phase, TeacherRecipe

RECIPE = TeacherRecipe(
    (
        Phase("A heads", "heads", 2, 1e-3, fixed_views=2),
        Phase("B CCM", "ccm", 2, 1e-3),
        Phase("C top", "top", 2, 1e-3),
        Phase("D all", "all", 2, 1e-3),
    ),
    "resnet10",
    "none",
    32,
)


@pytest.fixture
def manifest(tmp_path):
    """400 training photos in groups of two, and 40 of each other split."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "split": ["train"] * 400 + ["val"] * 40 + ["test"] * 40,
            "group": [str(n // 2) for n in range(480)],
            "diagnosis": np.repeat(random.choice(["eczema", "psoriasis"], 240, p=[0.8, 0.2]), 2),
            "tone_bucket": np.repeat(random.choice(["light", "dark"], 240), 2),
        }
    )
    return Manifest(frame, load_taxonomy("kaggle10"), "0" * 64, tmp_path / "meta.csv")


def test_a_part_keeps_whole_groups_classes_and_what_is_measured_on(manifest):
    whole, half = manifest.frame, part_of_training(manifest, 0.5, 1)
    training = half.split("train")
    assert len(training) == pytest.approx(200, abs=8)
    assert training.groupby("group").size().eq(2).all()
    share = (training["diagnosis"] == "psoriasis").mean()
    assert share == pytest.approx((manifest.split("train")["diagnosis"] == "psoriasis").mean(), abs=0.02)
    for split in ("val", "test"):
        pd.testing.assert_frame_equal(half.split(split), manifest.split(split))
    assert half.sha256 == part_of_training(manifest, 0.5, 1).sha256 != part_of_training(manifest, 0.5, 2).sha256
    assert part_of_training(manifest, 1, 1).frame is whole


def test_a_part_is_trained_on_for_as_many_steps():
    recipe = dataclasses.replace(RECIPE, phases=tuple(dataclasses.replace(p, patience=3) for p in RECIPE.phases))
    quarter = for_as_many_steps(recipe, 0.25)
    assert [p.epochs for p in quarter.phases] == [4 * p.epochs for p in recipe.phases]
    assert {p.patience for p in quarter.phases} == {12}
