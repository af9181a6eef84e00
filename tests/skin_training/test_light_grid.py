import numpy as np
import pytest
import tf_keras as keras

from skin_training.heads import after_features, before_heads, heads_alone, trained_model
from skin_training.light_grid import LightGrid
from skin_training.recipe import TeacherRecipe
from teacher.model import build_teacher


def by_hand(photo):
    """The grid of one photo, cell by cell."""
    side = photo.shape[0]
    sample = max(1, side // 56)
    count = side // sample
    samples = np.array(
        [
            [photo[y * sample : (y + 1) * sample, x * sample : (x + 1) * sample].mean((0, 1)) for x in range(count)]
            for y in range(count)
        ]
    )
    cell = count // 8
    grid = np.empty((count // cell, count // cell, 33))
    for y, x in np.ndindex(grid.shape[:2]):
        values = samples[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell].reshape(-1, 3)
        colors = values * 2 - 1
        ramps = [np.clip(8 * values[:, color] - step, 0, 1).mean() for color in range(3) for step in range(8)]
        grid[y, x] = [*colors.max(0), *-colors.min(0), *colors.mean(0), *ramps]
    return grid


@pytest.mark.parametrize("side", [8, 32, 39, 64, 224, 260])
def test_the_grid_equals_largest_smallest_mean_and_ramps_cell_by_cell(side):
    photos = np.random.default_rng(side).random((2, side, side, 3)).astype(np.float32)
    grid = LightGrid()(photos).numpy()
    np.testing.assert_allclose(grid, [by_hand(photo) for photo in photos], atol=1e-5)
    assert grid.shape[1] == (9 if side == 39 else 8)


def test_a_photo_too_small_or_of_no_fixed_size_is_refused():
    with pytest.raises(ValueError, match=r"at least 8 px.*4, 4"):
        LightGrid()(np.zeros((1, 4, 4, 3), np.float32))
    with pytest.raises(ValueError, match="fixed size"):
        LightGrid()(keras.Input((None, None, 3)))


def test_the_model_in_two_parts_is_the_model():
    keras.utils.set_random_seed(0)
    model = build_teacher(TeacherRecipe((), "resnet10", "none", 32), 3)
    photos = np.random.default_rng(0).random((4, 32, 32, 3)).astype(np.float32)
    whole = trained_model(model)(photos)
    for one, other in zip(heads_alone(model)(before_heads(model)(photos)), whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    seen = keras.Model(model.input, [model.get_layer(name).output for name in ("features", "light_grid")])(photos)
    for one, other in zip(after_features(model)(seen), whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_lighting_head_alone_sees_the_grid():
    keras.utils.set_random_seed(0)
    model = build_teacher(TeacherRecipe((), "resnet10", "none", 32), 3)
    heads = after_features(model)
    features, grid = np.ones((1, *heads.input_shape[0][1:]), np.float32), np.zeros((1, 8, 8, 33), np.float32)
    corner = grid.copy()
    corner[0, 0, 0] = 1
    diagnosis, lighting, measures = (
        np.abs(a - b).max() for a, b in zip(heads([features, grid]), heads([features, corner]), strict=True)
    )
    assert diagnosis == 0
    assert lighting > 1e-6
    assert measures > 1e-6
