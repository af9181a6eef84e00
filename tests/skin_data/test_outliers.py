"""Pictures that are not of skin."""

import numpy as np
import pytest

from skin_data.dead_leaves import dead_leaves
from skin_data.outliers import FITTING_SEED, drawn_pictures, outliers_to_fit, shuffled


def test_shuffled_photos_have_the_same_pixels_in_another_order():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    mixed = shuffled(pixels, seed=0)
    assert mixed.shape == pixels.shape and (mixed != pixels).any()
    np.testing.assert_array_equal(np.sort(mixed.ravel()), np.sort(pixels.ravel()))


@pytest.mark.parametrize("size", [16, 96])
def test_drawn_pictures_depend_on_the_seed_alone(size):
    first, again, other = (drawn_pictures(3, size, seed) for seed in (1, 1, 2))
    for kind, pictures in first.items():
        assert pictures.dtype == np.uint8 and pictures.shape == (3, size, size, 3)
        np.testing.assert_array_equal(pictures, again[kind])
        assert (pictures != other[kind]).any() and (pictures[0] != pictures[1]).any()


def test_dead_leaves_have_edges_and_colours():
    pictures = dead_leaves(20, 64, 0).astype(float)
    neighbours = np.abs(np.diff(pictures, axis=2)).max(axis=(1, 2, 3))
    assert np.mean(neighbours > 20) > 0.7  # occluding edges
    assert pictures.mean(axis=(1, 2)).std(axis=0).min() > 20  # from picture to picture


def test_outliers_to_fit_are_of_every_kind():
    photos = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    found = outliers_to_fit(photos, leaves=5, others=3)
    assert found.shape == (5 + 3 * 3 + 2, 32, 32, 3)
    np.testing.assert_array_equal(found[9:14], dead_leaves(5, 32, FITTING_SEED))
