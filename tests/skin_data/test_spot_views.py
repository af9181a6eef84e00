"""Views with a lesion: the box stays true wherever the lesion goes."""

import numpy as np
import pytest

from skin_data import spot_views
from skin_data.spot_views import Lesion, plain_skin, view_of_lesion, view_of_photo, view_of_skin

SIZE = 96
SKIN, MARK = (200, 150, 130), (20, 60, 220)


def marked_photo(box, shape=(150, 200)):
    """Skin with a blue rectangle in a box of fractions."""
    photo = np.full((*shape, 3), SKIN, np.uint8)
    left, top, right, bottom = (round(v * n) for v, n in zip(box, (*shape[::-1], *shape[::-1]), strict=True))
    photo[top:bottom, left:right] = MARK
    return Lesion(photo, np.array(box))


def box_of_mark(pixels):
    blue = pixels[..., 2].astype(int) - pixels[..., 0] > 20
    rows, columns = (np.flatnonzero(blue.any(axis=axis)) for axis in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / len(pixels)


@pytest.fixture(autouse=True)
def only_moved(monkeypatch):
    """Leave the mark's colour alone, by which these tests find it."""
    for name in ("RECOLOURED", "PEN"):
        monkeypatch.setattr(spot_views, name, 0.0)


@pytest.mark.parametrize("pasted", [0.0, 1.0])
@pytest.mark.parametrize("shape", [(150, 200), (400, 225), (64, 64)])
def test_the_box_stays_true(monkeypatch, pasted, shape):
    monkeypatch.setattr(spot_views, "PASTED", pasted)
    monkeypatch.setattr(spot_views, "LEAST_PIXELS", 24)
    generator, lesion = np.random.default_rng(0), marked_photo((0.3, 0.25, 0.6, 0.7), shape)
    skins = [np.full((80, 80, 3), color, np.uint8) for color in ((210, 170, 150), (110, 75, 60))]
    boxes = []
    for _ in range(60):
        view = view_of_lesion(generator, lesion, skins, SIZE)
        assert view.pixels.shape == (SIZE, SIZE, 3) and view.pixels.dtype == np.uint8
        np.testing.assert_allclose(box_of_mark(view.pixels), np.clip(view.box, 0, 1), atol=3.5 / SIZE)
        boxes.append(view.box)
    sides = (np.array(boxes)[:, 2:] - np.array(boxes)[:, :2]).max(axis=1)
    centers = (np.array(boxes)[:, 2:] + np.array(boxes)[:, :2]) / 2
    assert sides.max() > 1.5 * sides.min() and (centers.std(axis=0) > 0.05).all()
    assert np.median(np.abs(centers - 0.5)) < 0.2, "most lesions lie near the middle"


def test_a_box_reaches_beyond_the_view_that_cuts_it(monkeypatch):
    monkeypatch.setattr(spot_views, "_varied", lambda generator, view: view)
    skins, lesion = [np.full((80, 80, 3), SKIN, np.uint8)], marked_photo((0.3, 0.3, 0.6, 0.6))
    for pasted in (0.0, 1.0):
        monkeypatch.setattr(spot_views, "PASTED", pasted)
        views = [view_of_lesion(np.random.default_rng(seed), lesion, skins, SIZE) for seed in range(60)]
        boxes = np.array([view.box for view in views])
        shown = np.clip(boxes, 0, 1)
        visible = (shown[:, 2:] - shown[:, :2]).prod(axis=1) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        assert visible.min() >= 0.59 and (visible < 0.95).any() and (visible > 0.99).any()


def test_pasted_lesions_take_the_tone_of_the_other_skin(monkeypatch):
    monkeypatch.setattr(spot_views, "PASTED", 1.0)
    monkeypatch.setattr(spot_views, "_varied", lambda generator, view: view)
    generator, dark = np.random.default_rng(0), np.full((80, 80, 3), (100, 70, 55), np.uint8)
    for _ in range(20):
        view = view_of_lesion(generator, marked_photo((0.35, 0.35, 0.65, 0.65)), [dark], SIZE)
        blue = view.pixels[..., 2].astype(int) > view.pixels[..., 0]
        skin = view.pixels[~blue].astype(float)
        # At the border the two mix.
        assert np.median(np.abs(skin - (100, 70, 55))) < 3


def test_views_without_a_lesion_have_no_box_and_plain_skin_is_looked_for_outside_of_it():
    generator, lesion = np.random.default_rng(0), marked_photo((0.0, 0.0, 0.5, 1.0))
    windows = [plain_skin(generator, lesion.photo, lesion.box) for _ in range(10)]
    found = [window for window in windows if window is not None]
    assert found and all((window == SKIN).all() for window in found)
    assert plain_skin(generator, np.random.default_rng(1).integers(0, 256, (120, 120, 3)).astype(np.uint8)) is None
    for view in (view_of_skin(generator, found[0], SIZE), view_of_photo(generator, lesion.photo, SIZE)):
        assert np.isnan(view.box).all() and view.pixels.shape == (SIZE, SIZE, 3)


def test_other_colours_and_pens_leave_the_box_as_it_is(monkeypatch):
    monkeypatch.setattr(spot_views, "PASTED", 1.0)
    monkeypatch.setattr(spot_views, "_varied", lambda generator, view: view)
    lesion, skin = marked_photo((0.3, 0.3, 0.6, 0.6)), np.full((80, 80, 3), SKIN, np.uint8)
    views = []
    for changes in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)):
        for name, fraction in zip(("RECOLOURED", "PEN"), changes, strict=True):
            monkeypatch.setattr(spot_views, name, fraction)
        # Each is drawn after place and size.
        views.append(view_of_lesion(np.random.default_rng(5), lesion, [skin], SIZE))
    for view in views[1:]:
        np.testing.assert_array_equal(view.box, views[0].box)
        assert (view.pixels != views[0].pixels).any()


def test_the_same_generator_gives_the_same_views():
    lesion, skins = marked_photo((0.3, 0.3, 0.6, 0.6)), [np.full((80, 80, 3), SKIN, np.uint8)]
    a, b = ([view_of_lesion(g, lesion, skins, SIZE) for _ in range(5)] for g in map(np.random.default_rng, (3, 3)))
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
