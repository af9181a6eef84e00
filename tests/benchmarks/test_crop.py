"""What the comparison of crops shows its models; nothing is trained."""

import cv2
import numpy as np
import pytest

from benchmarks.crop import SPOT, TESTS, mask_boxes, parse_crop, prepared, view_of_photo
from triage.crop import Crop
from triage.errors import UnusableInput
from triage.photo import cut, prepare_pixels


@pytest.fixture
def photo():
    """A grey photo with a white lesion of 20 x 10 pixels right of the middle."""
    pixels = np.full((100, 200, 3), 90, np.uint8)
    pixels[45:55, 120:140] = 255
    return pixels


LESION = (0.6, 0.45, 0.7, 0.55)


def test_masks_give_boxes_by_the_photos_name(tmp_path, photo):
    cv2.imwrite(str(tmp_path / "ISIC_1_segmentation.png"), (photo[..., 0] > 200).astype(np.uint8) * 255)
    cv2.imwrite(str(tmp_path / "empty.png"), np.zeros((10, 10), np.uint8))
    assert mask_boxes(tmp_path) == {"ISIC_1": pytest.approx(LESION)}
    with pytest.raises(UnusableInput, match="nowhere"):
        mask_boxes(tmp_path / "nowhere")


def test_the_second_look_is_a_square_around_the_lesion(photo):
    seen = prepared(view_of_photo(photo, (0, 0, 200, 100), LESION), SPOT, 40)
    np.testing.assert_array_equal(seen, prepare_pixels(cut(photo, (110, 30, 40, 40)), 40, Crop("square", 1.0)))
    unknown = prepared(view_of_photo(photo, (0, 0, 200, 100), None), SPOT, 40)
    np.testing.assert_array_equal(unknown, prepare_pixels(photo, 40, Crop("square", 1.0)))


@pytest.mark.parametrize("number", range(4))
def test_parts_lie_inside_the_photo_and_the_lesion_moves_with_them(photo, number):
    for name, part in TESTS.items():
        box = part(photo, number)
        view = view_of_photo(photo, box, LESION)
        assert view.pixels.shape == (box[3], box[2], 3)
        if view.lesion:
            inside = cut(view.pixels, view.lesion)
            assert (inside == 255).all() and inside.size == 3 * (view.pixels == 255).all(axis=2).sum(), name


def test_a_crop_is_read_from_its_text():
    assert parse_crop("square-0.8") == Crop("square", 0.8)
    for text in ("square-much", "round-1"):
        with pytest.raises(UnusableInput, match=text.partition("-")[0]):
            parse_crop(text)
