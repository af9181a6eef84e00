"""What a model sees of a photo."""

import numpy as np
import pytest

from triage.crop import Crop, square_around
from triage.errors import UnusableInput
from triage.photo import BAR_GREY, prepare_pixels


@pytest.mark.parametrize(
    ("crop", "box"),
    [
        (Crop("squashed", 0.8), (20, 10, 160, 80)),
        (Crop("square", 1.0), (50, 0, 100, 100)),
        (Crop("square", 0.8), (60, 10, 80, 80)),
        (Crop("letterbox", 1.0), (0, 0, 200, 100)),
    ],
)
def test_a_crop_keeps_its_part_of_the_middle(crop, box):
    assert crop.box(200, 100) == box


def test_only_squashing_changes_shapes():
    photo = np.zeros((120, 200, 3), np.uint8)
    photo[40:80, 80:120] = 255
    for crop, same in ((Crop("squashed"), False), (Crop("square"), True), (Crop("letterbox", 1.0), True)):
        white = prepare_pixels(photo, 96, crop)[..., 0] > 250
        rows, columns = white.any(axis=1).sum(), white.any(axis=0).sum()
        assert (abs(int(rows) - int(columns)) <= 1) is same, crop


def test_bars_are_grey_and_the_view_counts_them():
    pixels = prepare_pixels(np.full((90, 160, 3), 255, np.uint8), 96, Crop("letterbox", 1.0))
    assert (pixels[:21] == BAR_GREY).all() and (pixels[-21:] == BAR_GREY).all() and (pixels[21:75] == 255).all()
    assert Crop("letterbox", 1.0).view(160, 90) == pytest.approx((0, -35 / 90, 1, 160 / 90))
    assert Crop("square", 0.8).view(160, 90) == pytest.approx((44 / 160, 0.1, 0.45, 0.8))


def test_files_without_a_shape_were_squashed():
    assert Crop.recorded({"crop_fraction": 0.5}) == Crop("squashed", 0.5)
    assert Crop.recorded({}) == Crop("squashed", 0.8)
    assert Crop.recorded({"crop": "square", "crop_fraction": 1.0}) == Crop("square", 1.0)


@pytest.mark.parametrize(
    ("values", "named"), [(("round", 1.0), "round"), (("square", 1.2), "1.2"), (("square", 0), "0")]
)
def test_another_shape_or_fraction_is_refused(values, named):
    with pytest.raises(UnusableInput, match=named):
        Crop(*values)


def test_a_second_look_stays_inside_the_photo_and_square():
    assert square_around((50, 50), 40, 200, 100) == (30, 30, 40, 40)
    assert square_around((195, 2), 40, 200, 100) == (160, 0, 40, 40)
    assert square_around((50, 50), 500, 200, 100) == (0, 0, 100, 100)
    assert square_around((100, 50), 3, 200, 100)[2:] == (25, 25)
