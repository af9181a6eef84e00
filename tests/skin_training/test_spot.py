"""The head of the output `spot`."""

import numpy as np
import pytest

from skin_data.boxes import overlap
from skin_training.spot import SpotHead, _depthwise, corners_of, fit_head, spots_of
from triage.errors import UnusableInput

CELLS = 8


def maps_with_boxes(count, seed, empty=0.2):
    """Maps of three channels, one of which is raised in a box; a part of them shows none."""
    generator = np.random.default_rng(seed)
    center, half = generator.uniform(0.3, 0.7, (count, 2)), generator.uniform(0.12, 0.3, (count, 2))
    boxes = np.concatenate([center - half, center + half], axis=1).astype(np.float32)
    boxes[generator.random(count) < empty] = np.nan
    edges = np.arange(CELLS + 1) / CELLS

    def covered(low, high):
        shown = np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1])
        return np.clip(np.nan_to_num(shown) * CELLS, 0, 1)

    lesion = covered(boxes[:, 1], boxes[:, 3])[:, :, None] * covered(boxes[:, 0], boxes[:, 2])[:, None]
    maps = generator.normal(0, 0.1, (count, CELLS, CELLS, 3)) + lesion[..., None] * [1, -2, 0] + [0, 5, 1]
    return maps.astype(np.float16), boxes


@pytest.fixture(scope="module")
def head():
    return fit_head(*maps_with_boxes(600, 0), epochs=12)


def test_a_fitted_head_finds_the_box_and_is_sure_only_where_there_is_one(head):
    maps, boxes = maps_with_boxes(200, 1)
    found, known = head.predict(maps), np.isfinite(boxes[:, 0])
    assert found.shape == (200, 5) and (found >= 0).all() and (found <= 1).all()
    assert np.median(overlap(corners_of(found), boxes)[known]) > 0.6
    assert (found[known, 4] > 0.5).mean() > 0.9 and (found[~known, 4] < 0.5).mean() > 0.9


def test_a_lesion_that_the_view_cuts_is_taken_to_reach_beyond_it():
    mean = np.array([[-0.1, 0.2, 0.3, 0.6, 0], [-0.4, 0.2, 1.2, 0.6, 0], [0.6, 0.6, 0.4, 0.4, 0]])
    found = spots_of(mean)
    np.testing.assert_allclose(corners_of(found[:1]), [[-0.1, 0.2, 0.3, 0.6]], atol=1e-6)
    np.testing.assert_allclose(found[1:], [[0.4, 0.4, 1, 0.4, 0.5], [0.5, 0.5, 0, 0, 0.5]], atol=1e-6)


def test_the_box_of_a_diffuse_condition_is_found_without_being_sure_of_it():
    maps, boxes = maps_with_boxes(600, 0, empty=0)
    diffuse = np.arange(600) % 2 == 1
    maps[diffuse, ..., 2] += 2  # what tells it from a spot
    fitted = fit_head(maps, boxes, epochs=12, diffuse=diffuse)
    maps, boxes = maps_with_boxes(100, 1, empty=0)
    spots, others = fitted.predict(maps), fitted.predict(maps + np.array([0, 0, 2], np.float16))
    for found in (spots, others):
        assert np.median(overlap(corners_of(found), boxes)) > 0.6
    assert (spots[:, 4] > 0.5).mean() > 0.9 and (others[:, 4] < 0.5).mean() > 0.9


def test_the_same_seed_gives_the_same_head_and_a_file_gives_it_back(tmp_path):
    maps, boxes = maps_with_boxes(128, 0)
    first, second = (fit_head(maps, boxes, epochs=1) for _ in range(2))
    np.testing.assert_allclose(first.predict(maps), second.predict(maps), atol=1e-5)
    first.save(tmp_path / "spot.npz")
    np.testing.assert_array_equal(SpotHead.load(tmp_path / "spot.npz").predict(maps), first.predict(maps))
    stored = dict(np.load(tmp_path / "spot.npz"))
    np.savez(tmp_path / "earlier.npz", **{name: stored[name] for name in stored if name != "context"})
    (tmp_path / "damaged.npz").write_bytes(b"damaged")
    for name, wrong in (("earlier", "context"), ("damaged", "damaged")):
        with pytest.raises(UnusableInput, match=wrong):
            SpotHead.load(tmp_path / f"{name}.npz")


def test_overlap_is_that_of_the_boxes():
    a, b = np.array([[0, 0, 1, 1.0]] * 3), np.array([[0, 0, 1, 1], [0.5, 0, 1.5, 1], [2, 2, 3, 3.0]])
    assert overlap(a, b) == pytest.approx([1, 1 / 3, 0])
    assert np.isnan(overlap(a, a * np.nan)).all()
    np.testing.assert_allclose(corners_of(np.array([[0.5, 0.4, 0.2, 0.6, 0.9]])), [[0.4, 0.1, 0.6, 0.7]])


def test_the_depthwise_convolution_is_tensorflows():
    import tensorflow as tf

    generator = np.random.default_rng(0)
    x, kernel = (generator.normal(size=shape).astype(np.float32) for shape in ((2, 6, 7, 3), (5, 5, 3)))
    theirs = tf.nn.depthwise_conv2d(x, kernel[..., None], (1, 1, 1, 1), "SAME")
    np.testing.assert_allclose(_depthwise(x, kernel), theirs, atol=1e-5)
