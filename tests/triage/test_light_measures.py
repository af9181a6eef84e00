"""The fast forms of the measures against plain ones that follow their definitions."""

import cv2
import numpy as np
import pytest

from triage.counting import counts_of, quantile, quantile_on_scale
from triage.light_measures import (
    SHARPNESS_SCALES,
    highlight_core,
    sharpness,
    specular_share,
    unevenness_stops,
)
from triage.lighting import ANALYSIS_SIDE, measure_lighting
from triage.photo import samples, small_copy, thinned
from triage.skin_region import find_skin, sorted_channels
from triage.skin_tone import looks_like_skin


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (60, 71, 3), np.uint8)


def test_quantiles_by_counting_are_those_of_sorting(pixels):
    plane = pixels[..., 0]
    assert counts_of(plane).tolist() == np.bincount(plane.ravel(), minlength=256).tolist()
    for share in (0.01, 0.5, 0.8, 0.997, 1.0):
        assert quantile(plane, share) == np.quantile(plane, share, method="inverted_cdf")
    numbers = np.random.default_rng(1).normal(-3, 2, 5001).astype(np.float32)
    for share in (0.01, 0.5, 0.997):
        expected = np.quantile(numbers, share, method="inverted_cdf")
        assert quantile_on_scale(numbers, 512, share) == pytest.approx(expected, abs=1 / 512)
    assert quantile_on_scale(np.full(7, 2.5, np.float32), 50, 0.5) == pytest.approx(2.5, abs=0.02)


def test_channels_are_sorted(pixels):
    for number, plane in enumerate(sorted_channels(pixels)):
        np.testing.assert_array_equal(plane, np.sort(pixels, axis=-1)[..., number])


def test_the_colours_of_skin_are_those_of_the_inequalities():
    values = np.arange(0, 256, 5, dtype=np.uint8)
    every = np.stack(np.meshgrid(values, values, values), axis=-1).reshape(-1, len(values), 3)
    red, green, blue = (every[..., channel].astype(int) for channel in range(3))
    expected = (red >= green - 3) & (red >= blue - 3) & (4 * blue <= 5 * green + 32) & (2 * red <= 5 * green + 16)
    expected &= (red >= 20) & (np.minimum(green, blue) < 250)
    np.testing.assert_array_equal(looks_like_skin(every), expected)


def test_sharpness_is_the_least_ratio_of_curvatures():
    plane = cv2.GaussianBlur(np.random.default_rng(2).integers(0, 256, (50, 64), np.uint8), (0, 0), 1.0)

    def curvatures(deviation):
        p = cv2.GaussianBlur(plane.astype(np.float64), (0, 0), deviation)
        middle = p[1:-1, 1:-1]
        pairs = ((p[1:-1, 2:], p[1:-1, :-2]), (p[2:, 1:-1], p[:-2, 1:-1]), (p[2:, 2:], p[:-2, :-2]),
                 (p[2:, :-2], p[:-2, 2:]))  # fmt: skip
        return np.array([np.sqrt(np.mean((one - 2 * middle + other) ** 2)) for one, other in pairs])

    narrow, wide = (curvatures(deviation) for deviation in SHARPNESS_SCALES)
    assert sharpness(plane) == pytest.approx((narrow / wide).min(), rel=0.005)


def fall(linear: np.ndarray) -> float:
    return unevenness_stops(np.asarray(linear, np.float32))


def test_unevenness_is_the_fall_of_the_light_in_stops():
    rows, columns = np.mgrid[:96, :120].astype(np.float32)
    light = np.exp2(-1.5 * rows / 96 + 0.5 * columns / 120)[..., np.newaxis]
    skin = np.array([0.4, 0.2, 0.12])
    assert fall(skin * light) == pytest.approx(2.0, abs=0.03)
    lesion = np.where(((rows - 40) ** 2 + (columns - 50) ** 2 < 400)[..., np.newaxis], 0.3, 1.0)
    assert fall(skin * lesion * light) == pytest.approx(2.0, abs=0.2)
    assert fall(np.zeros((96, 120, 3))) == 0
    assert fall(np.ones((96, 120, 3))) == 0  # nothing is left of the light where all is clipped


def test_a_change_of_colour_is_no_fall_of_the_light():
    across = np.linspace(0, 1, 120)[np.newaxis, :, np.newaxis]
    arm, wall = np.array([0.12, 0.05, 0.03]), np.array([0.5, 0.47, 0.43])
    # From the arm to the wall in one step, and out of focus.
    for width in (0.001, 0.3):
        mixed = np.clip((across - 0.5) / width + 0.5, 0, 1)
        scene = np.broadcast_to(arm + mixed * (wall - arm), (96, 120, 3))
        assert fall(scene) < 0.5
    # A limb is darker at both of its sides.
    assert fall(np.broadcast_to(arm * np.sin(np.pi * across) ** 2 + 0.01, (96, 120, 3))) < 0.3


def test_highlights_are_bright_colourless_and_compact():
    photo = np.full((100, 100, 3), (180, 130, 110), np.uint8)
    photo[20:40, 20:40] = 250
    photo[60:80, 60:80] = (255, 255, 180)  # bright, and yellow
    photo[:, 5] = 250  # a hair
    lowest, _, value = sorted_channels(photo)
    assert highlight_core(lowest, value).sum() == 400 + 100
    assert specular_share(photo, find_skin(photo).own) == pytest.approx(0.04, abs=0.004)  # corners have less around
    assert measure_lighting(photo).specular == pytest.approx(0.0625, abs=0.005)  # of the centre crop


def test_a_white_sheet_behind_an_arm_is_no_highlight():
    photo = np.full((100, 100, 3), 250, np.uint8)
    photo[15:] = (110, 75, 55)
    assert specular_share(photo, find_skin(photo).own) == 0
    # But a highlight on that arm is one.
    photo[45:55, 40:60] = 250
    assert specular_share(photo, find_skin(photo).own) == pytest.approx(0.02, abs=0.004)


def test_a_highlight_in_pieces_counts_only_where_the_skin_around_it_shines():
    rows, columns = np.mgrid[:200, :200]
    shine = np.exp(-((rows - 100) ** 2 + (columns - 100) ** 2) / 2000)[..., np.newaxis]
    pieces = (rows % 4 < 2) & (columns % 4 < 2) & (shine[..., 0] > 0.5)
    for strength, found in ((0.0, False), (90.0, True)):
        photo = np.asarray((110, 75, 55) + strength * shine, np.uint8)
        photo[pieces] = 250
        assert (specular_share(photo, find_skin(photo).own) > 0.003) == found


@pytest.mark.parametrize("shape", [(150, 200), (240, 320), (450, 600), (960, 1280)])
def test_samples_are_every_second_pixel_of_the_small_copy(shape):
    smooth = cv2.resize(np.random.default_rng(3).integers(40, 200, (4, 5, 3), np.uint8), shape[::-1])
    copy, taken = small_copy(smooth, ANALYSIS_SIDE), samples(smooth, ANALYSIS_SIDE)
    expected = copy[::2, ::2]
    assert taken.shape == expected.shape
    np.testing.assert_allclose(taken.astype(int), expected.astype(int), atol=8)
    assert np.abs(taken.astype(int) - expected).mean() < 1


@pytest.mark.parametrize("shape", [(100, 120), (450, 600), (960, 1280), (900, 901)])
def test_the_copy_of_a_channel_is_the_channel_of_the_copy(shape):
    photo = np.random.default_rng(4).integers(0, 256, (*shape, 3), np.uint8)
    green = small_copy(cv2.extractChannel(thinned(photo, ANALYSIS_SIDE), 1), ANALYSIS_SIDE)
    np.testing.assert_array_equal(green, small_copy(photo, ANALYSIS_SIDE)[..., 1])
