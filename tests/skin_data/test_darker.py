"""Darker copies of photos."""

import numpy as np

from skin_data.darker import LIGHTNESS, darker


def test_copies_are_darker_and_keep_what_they_show():
    generator = np.random.default_rng(0)
    photos = (np.array([200, 160, 140]) - generator.integers(0, 60, (5, 16, 16, 1))).astype(np.uint8)
    copies = darker(photos)
    assert copies.shape == photos.shape and copies.dtype == np.uint8
    np.testing.assert_array_equal(copies, darker(photos))
    for photo, copy in zip(photos.astype(float), copies.astype(float), strict=True):
        assert LIGHTNESS[0] - 0.2 < copy.mean() / photo.mean() < LIGHTNESS[1] + 0.05
        assert np.corrcoef(photo.ravel(), copy.ravel())[0, 1] > 0.9
