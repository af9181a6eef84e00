"""Pseudo-boxes: found where contrast and GrabCut agree, and nowhere else."""

import cv2
import numpy as np
import pytest

from skin_data import pseudo_boxes
from skin_data.boxes import overlap
from skin_data.phantom import render_phantom
from skin_data.pseudo_boxes import pseudo_box

SKIN = (200, 150, 130)


def skin(shape=(150, 200)):
    """Skin that is lit from one side, with noise."""
    light = np.linspace(0.75, 1.1, shape[1])[None, :, None]
    noise = np.random.default_rng(0).normal(0, 3, (*shape, 3))
    return np.clip(np.full((*shape, 3), SKIN) * light + noise, 0, 255).astype(np.uint8)


def with_ellipse(box, color):
    photo = skin()
    left, top, right, bottom = (round(v * n) for v, n in zip(box, photo.shape[1::-1] * 2, strict=True))
    center, axes = ((left + right) // 2, (top + bottom) // 2), ((right - left) // 2, (bottom - top) // 2)
    return np.asarray(cv2.ellipse(photo, center, axes, 0, 0, 360, color, -1), np.uint8)


@pytest.mark.parametrize("color", [(90, 50, 40), (210, 90, 90), (245, 235, 225)])
@pytest.mark.parametrize("box", [(0.4, 0.4, 0.55, 0.6), (0.25, 0.3, 0.7, 0.75)])
def test_a_brown_a_red_and_a_pale_lesion_are_found_in_uneven_light(color, box):
    np.testing.assert_allclose(pseudo_box(with_ellipse(box, color)), box, atol=0.05)


@pytest.mark.parametrize(
    "photo",
    [
        skin(),
        np.full((100, 150, 3), 128, np.uint8),
        np.zeros((40, 300, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8),
    ],
    ids=["skin", "grey", "black", "noise"],
)
def test_a_photo_without_a_lesion_has_none(photo):
    assert pseudo_box(photo) is None


def test_a_box_that_only_one_method_finds_is_not_taken(monkeypatch):
    photo = with_ellipse((0.4, 0.4, 0.6, 0.6), (90, 50, 40))
    aside = np.zeros((90, 120), np.uint8)
    aside[:20, :20] = 1
    for method in ("_by_contrast", "_by_grabcut"):
        for mask in (aside, aside * 0):
            with monkeypatch.context() as patch:
                patch.setattr(pseudo_boxes, method, lambda pixels, mask=mask: mask)
                assert pseudo_box(photo) is None
    assert pseudo_box(photo) is not None


def test_phantoms_boxes_are_mostly_right():
    phantoms = [render_phantom(7, number, 120) for number in range(40)]
    pairs = [(pseudo_box(pixels), np.array(truth.lesion_box) / 120) for pixels, truth in phantoms]
    ious = overlap(*(np.stack(boxes) for boxes in zip(*(pair for pair in pairs if pair[0] is not None), strict=True)))
    assert len(ious) >= 10 and np.mean(ious >= 0.5) >= 0.8, ious
