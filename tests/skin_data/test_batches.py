import dataclasses
import types
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from skin_data.batches import (
    diagnosis_targets,
    draw_photos,
    epoch_batches,
    make_training_set,
    show_photos,
    steps_per_epoch,
)
from skin_data.mixup import mix_targets, own_fractions, partner_rows
from skin_data.oversampling import draws_of_epoch, photo_repeats
from skin_data.views import ViewRecipe
from skin_training.recipe import Phase
from triage.errors import UnusableInput

IDS = ["a", "b"]


def manifest():
    classes = [types.SimpleNamespace(id=name) for name in IDS]
    return types.SimpleNamespace(taxonomy=types.SimpleNamespace(classes=classes), path="meta.csv")


def frame(diagnosis, lighting, soft=None, tones=None):
    count = len(diagnosis)
    return pd.DataFrame(
        {
            "image_path": [f"{n}.jpg" for n in range(count)],
            "diagnosis": diagnosis,
            "soft_label": soft or [None] * count,
            "lighting_label": lighting,
            "tone_bucket": tones or ["light"] * count,
        }
    )


def pixels(count, size=8):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


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
    with pytest.raises(UnusableInput, match=": b"):
        make_training_set(manifest(), frame(["a", "a"], [1, 1]), pixels(2), "none", 0)


def epoch(training, number, **changes):
    arguments = {"recipe": ViewRecipe(), "batch_size": 4, "seed": 1}
    return list(epoch_batches(training, epoch=number, **{**arguments, **changes}))


def test_an_epoch_depends_on_its_number_alone():
    table = frame(["a", "b"] * 5, [1] * 10)
    training = make_training_set(manifest(), table, pixels(10), "none", 0)
    first, again, other = epoch(training, 3), epoch(training, 3), epoch(training, 4)
    assert len(first) == steps_per_epoch(training, 4) == 2
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one["image"], two["image"])
    assert any(not np.array_equal(a["image_ids"], b["image_ids"]) for a, b in zip(first, other, strict=True))
    ids = np.concatenate([b["image_ids"] for b in first])
    assert len(set(ids.tolist())) == len(ids)


def test_targets_stay_with_their_photo():
    table = frame(["a", "b"] * 5, [1, 0] * 5)
    training = make_training_set(manifest(), table, pixels(10), "none", 0)
    for batch in epoch(training, 0, extra=lambda rows, views: {"row": rows}):
        np.testing.assert_array_equal(batch["row"], batch["image_ids"])
        np.testing.assert_array_equal(batch["diagnosis"][:, 1], batch["image_ids"] % 2)
        assert 0 <= batch["image"].numpy().min() <= batch["image"].numpy().max() <= 1


def test_rare_tones_of_a_class_are_repeated_up_to_the_cap():
    diagnoses = ["a"] * 12 + ["b"] * 6 + [None]
    tones = ["light"] * 8 + ["dark"] * 2 + ["unknown"] * 2 + ["light"] * 5 + ["dark"] + ["dark"]
    repeats = photo_repeats(diagnoses, tones, 5).tolist()
    # Largest cell 8, largest class 12: dark a 8/2, unknown a 12/12, light b 8/5, dark b 8/1 capped.
    assert repeats == [1] * 8 + [4] * 2 + [1] * 2 + [2] * 5 + [5] + [1]
    assert photo_repeats(diagnoses, tones, 1).tolist() == [1] * 19


def test_repeats_have_different_views_and_classes_stay_balanced():
    table = frame(["a", "a", "a", "b"], [1] * 4)
    training = make_training_set(manifest(), table, pixels(4), "balanced", 0.0, most_repeats=3)
    assert training.repeats.tolist() == [1, 1, 1, 3]
    shown = []
    for number in range(2):
        for batch in epoch(training, number, batch_size=2):
            weights = batch["diagnosis_weight"].numpy()
            assert weights == pytest.approx(np.ones(2))
            images = batch["image"].numpy()
            shown += [images[i].tobytes() for i in np.flatnonzero(batch["image_ids"] == 3)]
    assert len(set(shown)) == len(shown) == 6


def test_all_views_of_a_photo_appear_equally_often():
    repeats, count = np.array([1, 3, 4, 2]), 4
    seen = [Counter() for _ in repeats]
    for number in range(8):
        photos, views = draws_of_epoch(repeats, 7, number)
        assert Counter(photos) == Counter(dict(enumerate(repeats)))
        for photo, view in zip(photos, views, strict=True):
            seen[photo][view % count] += 1
    assert [set(views.values()) for views in seen] == [{2}, {6}, {8}, {4}]
    assert [len(views) for views in seen] == [count] * 4


def test_bad_lighting_changes_only_the_lighting_label():
    table = frame(["a", "b"] * 20, [1, None] * 20)
    training = make_training_set(manifest(), table, pixels(40, 48), "none", 0.1)
    training = dataclasses.replace(training, measures_weight=np.ones(40, np.float32))
    plain = epoch(training, 0, batch_size=40)[0]
    poor = epoch(training, 0, batch_size=40, recipe=ViewRecipe(bad_light=0.5))[0]
    changed = np.array([not np.array_equal(a, b) for a, b in zip(plain["image"], poor["image"], strict=True)])
    assert 8 < changed.sum() < 32
    np.testing.assert_allclose(poor["lighting"].numpy()[changed], 0.05)
    assert poor["lighting_weight"].numpy()[changed].min() == 1
    np.testing.assert_array_equal(poor["lighting"].numpy()[~changed], plain["lighting"].numpy()[~changed])
    np.testing.assert_array_equal(poor["lighting_weight"].numpy()[~changed], plain["lighting_weight"].numpy()[~changed])
    np.testing.assert_array_equal(poor["measures_weight"], np.where(changed, 0, 1))
    np.testing.assert_array_equal(poor["diagnosis"], plain["diagnosis"])


def test_mixup_blends_photos_and_weights():
    """Against plain sums: the loss of a mixed photo is the blend of both photos' weighted losses."""
    generator = np.random.default_rng(0)
    own = {
        "diagnosis": np.eye(3, dtype=np.float32)[[0, 1, 2, 1]],
        "diagnosis_weight": np.array([1.0, 3.0, 0.5, 0.0], np.float32),  # the last has no diagnosis
        "lighting": np.array([1.0, 0.0, 1.0, 0.0], np.float32),
        "lighting_weight": np.array([1.0, 0.0, 0.0, 1.0], np.float32),
        "measures": generator.normal(size=(4, 14)).astype(np.float32),
        "measures_weight": np.array([1.0, 1.0, 1.0, 0.0], np.float32),
    }
    partner = {name: value[::-1] for name, value in own.items()}
    share = np.array([0.9, 0.6, 0.5, 0.8], np.float32)
    mixed = mix_targets(own, partner, share)
    log_probabilities = np.log(generator.dirichlet(np.ones(3), 4))

    def loss(targets, row):
        return -targets["diagnosis_weight"][row] * (targets["diagnosis"][row] * log_probabilities[row]).sum()

    for row in range(4):
        blended = share[row] * loss(own, row) + (1 - share[row]) * loss(partner, row)
        assert loss(mixed, row) == pytest.approx(blended, rel=1e-5)
    # Rows 1 and 2 have no lighting label, nor have their partners: they stay out.
    np.testing.assert_allclose(mixed["lighting_weight"], [1, 0, 0, 1])
    np.testing.assert_allclose(mixed["lighting"], [0.9, 0, 0, 0.2], rtol=1e-6)
    # Half a photo's light cannot be measured.
    np.testing.assert_array_equal(mixed["measures"], own["measures"])
    np.testing.assert_allclose(mixed["measures_weight"], [0.8, 0.2, 0, 0], rtol=1e-6)


def test_photo_weights_apply_to_their_part_of_a_blend():
    training = make_training_set(manifest(), frame(["a", "b"], [1, 0]), pixels(2), "none", 0.0)
    plain = training.targets_of(np.arange(2), np.zeros(2, bool))
    weighted = dataclasses.replace(training, photo_weight=np.array([3.0, 0.5], np.float32))
    own, partner = (weighted.targets_of(rows, np.zeros(2, bool)) for rows in (np.array([0, 1]), np.array([1, 0])))
    for name in ("diagnosis_weight", "lighting_weight", "measures_weight"):
        np.testing.assert_allclose(own[name], plain[name] * [3.0, 0.5])
    mixed = mix_targets(own, partner, np.array([0.6, 1.0], np.float32))
    np.testing.assert_allclose(mixed["photo_weight"], [0.6 * 3 + 0.4 * 0.5, 0.5])
    # Of the label's share: 0.6 of a photo that counts three times, and 0.4 of one that counts half.
    np.testing.assert_allclose(mixed["diagnosis"][0] * mixed["diagnosis_weight"][0], [1.8, 0.2], rtol=1e-6)
    np.testing.assert_array_equal(mixed["own_diagnosis"], own["diagnosis"])


def test_a_mixed_view_is_the_weighted_sum_of_two_views():
    training = make_training_set(manifest(), frame(["a", "b"] * 4, [1, 0] * 4), pixels(8), "none", 0.0)
    rows, views = np.array([3, 0, 6]), np.array([1, 1, 4])
    image = show_photos(draw_photos(training, ViewRecipe(), 5, rows, views, 0.4)[0])
    partners, share = partner_rows(rows, views, 8, 5), own_fractions(0.4, 5, rows, views)[:, None, None, None]
    own, other = (show_photos(draw_photos(training, ViewRecipe(), 5, who, views)[0]) for who in (rows, partners))
    np.testing.assert_allclose(image, share * own + (1 - share) * other, atol=1e-6)


def test_mixup_partners_derive_from_the_view_number():
    rows = np.arange(50)
    first, second = (partner_rows(rows, np.full(50, view), 50, 1) for view in (0, 1))
    assert sorted(first) == sorted(second) == list(rows)
    assert (first != second).any()
    views = np.where(rows < 25, 0, 1)
    np.testing.assert_array_equal(partner_rows(rows, views, 50, 1), np.where(rows < 25, first, second))
    shares = own_fractions(0.4, 1, rows, views)
    assert 0.5 <= shares.min() < shares.max() <= 1
    np.testing.assert_array_equal(own_fractions(0.4, 1, rows[10:20], views[10:20]), shares[10:20])


def test_cutmix_puts_a_square_of_the_partner_into_the_photo():
    table = frame(["a", "b"] * 3, [1] * 6)
    training = make_training_set(manifest(), table, pixels(6, 64), "none", 0.0)
    rows, still = np.arange(6), ViewRecipe(False, False, 0.0, (1.0, 1.0), 0.0, 0.0, 0.0, 0.0)
    shown, targets = draw_photos(training, still, 1, rows, rows, cutmix=1.0)
    images = np.asarray(show_photos(shown))
    partners = partner_rows(rows, rows, 6, 1)
    assert (partners != rows).any()
    for row in rows[partners != rows]:
        own, other = (training.pixels[n].astype(np.float32) / 255 for n in (row, partners[row]))
        of_other = np.isclose(images[row], other, atol=1e-3).all(axis=-1)
        assert np.isclose(images[row], np.where(of_other[..., None], other, own), atol=1e-3).all()
        fraction = own_fractions(1.0, 1, rows, rows)[row]
        assert of_other.mean() == pytest.approx(1 - fraction, abs=0.04)
        label = IDS.index(table["diagnosis"][row])
        assert targets["diagnosis"][row, label] >= fraction - 1e-6
    with pytest.raises(UnusableInput, match="mixup or cutmix"):
        Phase("D all", "all", 1, 1e-3, mixup=0.2, cutmix=1.0)


def test_class_balanced_photos_appear_equally_often_by_class():
    table = frame(["a"] * 12 + ["b"] * 3 + [None], [1] * 16)
    training = make_training_set(manifest(), table, pixels(16), "balanced", 0.0).class_balanced()
    assert training.repeats.tolist() == [1] * 12 + [4] * 3 + [1]
    assert training.diagnosis_weight.tolist() == [1] * 15 + [0]


def test_mixup_repeats_itself_epoch_for_epoch():
    training = make_training_set(manifest(), frame(["a", "b"] * 4, [1, 0] * 4), pixels(8), "none", 0.0)

    def images(epoch, mixup=0.4):
        return np.concatenate([b["image"] for b in epoch_batches(training, ViewRecipe(), 4, 1, epoch, mixup=mixup)])

    np.testing.assert_array_equal(images(0), images(0))
    assert not np.array_equal(images(0), images(1))
    assert not np.array_equal(images(0), images(0, mixup=0.0))
