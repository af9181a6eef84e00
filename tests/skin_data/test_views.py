import cv2
import numpy as np
import pytest
import tensorflow as tf

from skin_data.views import ViewRecipe, apply_views, plain_parameters, view_parameters
from triage.errors import UnusableInput


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


def turned(quarter_turns=0, flip=0):
    parameters = plain_parameters(3)
    parameters[:, 0], parameters[:, 1] = flip, quarter_turns
    return parameters


def test_a_plain_view_is_the_photo(pixels):
    assert np.abs(apply_views(pixels, plain_parameters(3)).numpy() - pixels / 255.0).max() < 1e-5


def test_quarter_turns_and_flips_equal_numpy(pixels):
    turns = apply_views(pixels, turned(quarter_turns=1)).numpy()
    expected = [np.rot90(pixels / 255.0, k, axes=(1, 2)) for k in (1, 3)]
    assert min(np.abs(turns - e).max() for e in expected) < 1e-3
    flipped = apply_views(pixels, turned(flip=1)).numpy()
    assert np.abs(flipped - pixels[:, :, ::-1] / 255.0).max() < 1e-3


def test_views_equal_tensorflows_projective_transform_and_the_colours_one_by_one():
    coarse = np.random.default_rng(1).integers(0, 256, (4, 6, 6, 3), np.uint8)
    pixels = np.stack([cv2.resize(photo, (48, 48), interpolation=cv2.INTER_CUBIC) for photo in coarse])
    recipe = ViewRecipe(zoom=(0.7, 1.4), brightness=0.2, contrast=0.2, saturation=0.3)
    table = view_parameters(recipe, 3, np.arange(4), np.arange(4))
    flip, turn, angle, zoom, shift_x, shift_y, brightness, contrast, saturation = table.T
    theta, centre, zero = np.radians(turn * 90 + angle), 47 / 2, np.zeros(4)
    a, b, c, d = np.cos(theta) / zoom * (1 - 2 * flip), -np.sin(theta) / zoom, 0, np.cos(theta) / zoom
    c = np.sin(theta) / zoom * (1 - 2 * flip)
    x0, y0 = centre - (a + b) * centre + shift_x * 48, centre - (c + d) * centre + shift_y * 48
    images = tf.raw_ops.ImageProjectiveTransformV3(
        images=pixels.astype(np.float32) / 255,
        transforms=np.stack([a, b, x0, c, d, y0, zero, zero], axis=1).astype(np.float32),
        output_shape=(48, 48), interpolation="BILINEAR", fill_mode="REFLECT", fill_value=0.0,
    ).numpy()  # fmt: skip
    grey = images.mean(axis=-1, keepdims=True)
    gains = (gain[:, None, None, None] for gain in (saturation, contrast, brightness))
    images = grey + (images - grey) * next(gains)
    images = np.clip((0.5 + (images - 0.5) * next(gains)) * next(gains), 0, 1)
    # OpenCV before version 5 rounds places to 1/32 of a pixel.
    np.testing.assert_allclose(apply_views(pixels, table), images, atol=0.02)


def test_views_depend_on_their_numbers_alone():
    recipe = ViewRecipe()
    together = view_parameters(recipe, 7, np.array([5, 9]), np.array([0, 3]))
    alone = view_parameters(recipe, 7, np.array([9]), np.array([3]))
    assert np.array_equal(together[1:], alone)
    assert not np.array_equal(alone, view_parameters(recipe, 8, np.array([9]), np.array([3])))
    assert not np.array_equal(alone, view_parameters(recipe, 7, np.array([9]), np.array([4])))


def test_parameters_stay_in_their_ranges():
    recipe = ViewRecipe(degrees=10, zoom=(0.8, 1.5), shift=0.1)
    table = view_parameters(recipe, 1, np.arange(500), np.zeros(500, int))
    assert set(np.unique(table[:, 0])) == {0, 1}
    assert set(np.unique(table[:, 1])) == {0, 1, 2, 3}
    assert np.abs(table[:, 2]).max() <= 10
    assert table[:, 3].min() >= 0.8 - 1e-6
    assert table[:, 3].max() <= 1.5 + 1e-6


def test_an_inverted_zoom_range_is_refused():
    with pytest.raises(UnusableInput, match="zoom"):
        ViewRecipe(zoom=(1.2, 0.9))
