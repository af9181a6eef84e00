import math

import numpy as np
import pytest

from triage.skin_color import individual_typology_angle, to_lab
from triage.skin_tone import TONE_BUCKETS, measure_skin_tone, skin_mask, tone_bucket

MAX_ITA_ERROR = 5.0


def test_lab_is_that_of_scikit_image():
    color = pytest.importorskip("skimage.color", reason="the independent reference needs scikit-image")
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    pixels[0] = np.arange(64)[:, np.newaxis]  # greys and near-black, where the formula changes
    np.testing.assert_allclose(to_lab(pixels), color.rgb2lab(pixels), atol=2e-3)


def test_ita_by_hand():
    lab = np.array([[70.0, 10.0, 20.0], [50.0, 10.0, 20.0], [30.0, 10.0, 20.0], [60.0, 5.0, 0.0]], np.float32)
    np.testing.assert_allclose(individual_typology_angle(lab[:, 0], lab[:, 2]), [45.0, 0.0, -45.0, 90.0], atol=1e-4)


@pytest.mark.parametrize(
    ("ita", "bucket"),
    [(80, "light"), (41.1, "light"), (41, "medium"), (10.1, "medium"), (10, "dark"), (-80, "dark")],
)
def test_buckets(ita, bucket):
    assert tone_bucket(ita) == bucket
    assert bucket in TONE_BUCKETS


def test_no_number_has_no_bucket():
    assert tone_bucket(math.nan) == "unknown"


@pytest.mark.parametrize("monk", range(1, 11))
def test_every_monk_tone_is_recognised_and_measured(monk, monk_tones, photograph_skin, ita_of_patch):
    swatch = monk_tones[monk]
    truth = ita_of_patch(swatch)
    for seed in range(3):
        tone = measure_skin_tone(photograph_skin(swatch, seed))
        assert tone.ita == pytest.approx(truth, abs=MAX_ITA_ERROR)
        assert tone.bucket == tone_bucket(truth)
        assert tone.mask_share > 0.6


@pytest.mark.parametrize("monk", [2, 5, 7])
def test_lesion_and_glare_stay_out_of_the_mask(monk, monk_tones, photograph_skin):
    swatch = monk_tones[monk]
    mask = skin_mask(photograph_skin(swatch))
    assert mask.shape == (256, 256)
    assert mask[:40].mean() > 0.8
    assert mask[110:146, 125:155].mean() < 0.1  # the middle of the lesion
    lit, glaring = (photograph_skin(swatch, glare=glare) for glare in (False, True))
    if monk > 2:  # on very light skin glare hardly differs from skin
        spot = (glaring.min(axis=-1) > 200) & (lit.min(axis=-1) < 200)
        assert skin_mask(glaring)[spot].mean() < 0.1


@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (40, 90, 200), (60, 160, 60), (8, 8, 8), (150, 60, 200)])
def test_what_is_not_skin_gives_no_tone(color):
    tone = measure_skin_tone(np.full((100, 120, 3), color, np.uint8))
    assert math.isnan(tone.ita)
    assert (tone.bucket, tone.mask_share) == ("unknown", 0.0)


def test_skin_of_one_colour_has_a_tone(monk_tones):
    tone = measure_skin_tone(np.full((100, 120, 3), monk_tones[6], np.uint8))
    assert (tone.bucket, tone.mask_share) == ("medium", 1.0)


def test_background_does_not_change_the_tone(monk_tones, photograph_skin):
    for monk in (2, 6, 9):
        photo = photograph_skin(monk_tones[monk]).copy()
        whole = measure_skin_tone(photo).ita
        photo[:, :60] = (30, 70, 160)
        assert measure_skin_tone(photo).ita == pytest.approx(whole, abs=2.0)


@pytest.mark.parametrize("monk", [7, 8])
def test_a_pale_wall_behind_a_dark_arm_is_not_its_tone(monk, monk_tones, photograph_skin, ita_of_patch):
    photo = photograph_skin(monk_tones[monk]).copy()
    noise = np.random.default_rng(monk).normal(0, 2, photo.shape)
    wall = np.clip(np.array([214, 200, 182]) + noise, 0, 255).astype(np.uint8)
    photo[:70], photo[-70:] = wall[:70], wall[-70:]
    assert measure_skin_tone(photo).ita == pytest.approx(ita_of_patch(monk_tones[monk]), abs=MAX_ITA_ERROR)


def test_under_purple_light_the_tone_is_unknown(monk_tones, photograph_skin):
    red, green, blue = monk_tones[6]
    photo = photograph_skin((red, green, blue)) * np.array([0.95, 0.8, 0.98 * green / blue])
    assert measure_skin_tone(np.clip(photo, 0, 255).astype(np.uint8)).bucket == "unknown"


def test_size_does_not_change_the_tone(monk_tones, photograph_skin):
    photo = photograph_skin(monk_tones[6])
    large = np.repeat(np.repeat(photo, 6, axis=0), 6, axis=1)
    assert measure_skin_tone(large).ita == pytest.approx(measure_skin_tone(photo).ita, abs=1.0)
    assert skin_mask(large).shape == large.shape[:2]
