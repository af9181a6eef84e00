"""The parts and variants of a recipe that are trained and compared."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from benchmarks.ablations import AS_THEY_ARE, VARIANTS, lights, variant_of
from benchmarks.learning_curve import part_of_training
from benchmarks.recipe_comparison import for_as_many_steps, with_fewer_epochs_if_oversampled
from benchmarks.student_options import BASE, OPTIONS
from distill.recipe import DistillRecipe
from skin_data.manifest import Manifest
from skin_data.oversampling import photo_repeats
from skin_data.taxonomy import load_taxonomy
from skin_training.color_calibration import CCM_LAYER_NAME
from skin_training.recipe import Phase, TeacherRecipe
from teacher.model import build_teacher, set_trainable

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


def test_without_ccm_nothing_moves_it():
    model = build_teacher(RECIPE, 3)

    def moves(recipe):
        return [bool(_trained(model, phase)) for phase in recipe.phases]

    def _trained(model, phase):
        set_trainable(model, phase.trains, phase.frozen_ccm)
        return model.get_layer(CCM_LAYER_NAME).trainable_variables

    assert moves(RECIPE) == [False, True, True, True]
    assert moves(VARIANTS["without-ccm"](RECIPE)) == [False] * 4


def test_variants_have_about_as_many_steps(manifest):
    recipe = dataclasses.replace(RECIPE, phases=tuple(dataclasses.replace(p, epochs=8) for p in RECIPE.phases))
    rows = manifest.split("train")

    def steps(name):
        variant = variant_of(recipe, name, manifest)
        photos = photo_repeats(rows["diagnosis"], rows["tone_bucket"], variant.most_repeats).sum()
        return sum(phase.epochs for phase in variant.phases if not phase.fixed_views) * photos / len(rows)

    assert photo_repeats(rows["diagnosis"], rows["tone_bucket"], 4).mean() > 1.3
    assert [steps(name) for name in VARIANTS] == pytest.approx([24] * len(VARIANTS), rel=0.1)


def test_lights_change_every_photo_and_keep_the_first():
    photos = np.random.default_rng(0).integers(40, 200, (6, 48, 48, 3), np.uint8)
    shown = lights(photos)
    assert shown[AS_THEY_ARE] is photos
    red, blue = ({name: float(pixels[..., channel].mean()) for name, pixels in shown.items()} for channel in (0, 2))
    assert red["warm light"] > red[AS_THEY_ARE] > red["cool light"]
    assert blue["warm light"] < blue[AS_THEY_ARE] < blue["cool light"]
    assert all((shown["bad light"][number] != photos[number]).any() for number in range(6))


def test_options_of_a_student_change_one_thing_each():
    base = DistillRecipe((Phase("distill", "all", 3, 1e-3),), weighted_answers=True, mixup=0.4)
    changed = {
        name: {field for field, value in vars(option(base)).items() if value != vars(base)[field]}
        for name, option in OPTIONS.items()
    }
    assert changed.pop(BASE) == set()
    assert changed.pop("dkd") == {"loss", "loss_weights"}
    assert changed.pop("dist") == {"loss", "weighted_answers"}
    oversampled = {"class_weights", "weighted_answers", "most_repeats"}
    assert changed.pop("oversampling") == oversampled
    assert changed.pop("oversampling-labels-alone") == oversampled | {"hard_share"}
    assert changed.pop("oversampling-dist") == oversampled | {"loss"}
    assert changed.pop("oversampling-heads-first") == oversampled | {"mixup", "phases"}
    assert {len(fields) for fields in changed.values()} == {1}


def test_an_oversampled_student_has_fewer_epochs(manifest):
    base = DistillRecipe((Phase("distill", "all", 12, 1e-3),))
    assert with_fewer_epochs_if_oversampled(base, manifest) == base
    assert with_fewer_epochs_if_oversampled(OPTIONS["oversampling"](base), manifest).phases[0].epochs < 10
