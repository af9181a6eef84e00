import numpy as np
import pytest

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
