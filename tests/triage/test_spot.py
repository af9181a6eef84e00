import numpy as np
import pytest

from triage.crop import Crop
from triage.spot import SURE_FROM, Spot, second_look, spot_in_photo


def output(*values):
    return np.array([values], np.float32)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ((0.0, 0.0, 1.0, 1.0), (0.5, 0.25, 0.5, 0.25)),
        ((0.1, 0.1, 0.8, 0.8), (0.5, 0.3, 0.4, 0.2)),
        ((0.25, 0.0, 0.5, 1.0), (0.5, 0.25, 0.25, 0.25)),  # a square within a wide photo
        ((0.0, -0.5, 1.0, 2.0), (0.5, 0.125, 0.5, 0.25)),  # a letterbox: the box is cut at the photo's top
    ],
)
def test_a_spot_is_mapped_from_the_view_to_the_photo(view, expected):
    spot = spot_in_photo(output(0.5, 0.25, 0.5, 0.25, 0.75), view)
    assert (spot.x, spot.y, spot.width, spot.height) == pytest.approx(expected)
    assert spot.confidence == 0.75 and spot.sure


def test_the_spot_of_a_marked_pixel_is_where_the_pixel_is():
    photo_width, photo_height = 400, 100
    left, top, width, height = Crop("squashed", 0.8).view(photo_width, photo_height)
    # The photo's pixel (250, 30) lies at these fractions of the crop.
    x, y = (250 / photo_width - left) / width, (30 / photo_height - top) / height
    spot = spot_in_photo(output(x, y, 0.1, 0.1, 1), (left, top, width, height))
    assert (spot.x * photo_width, spot.y * photo_height) == pytest.approx((250, 30), abs=1e-4)
    assert (spot.width, spot.height) == pytest.approx((0.08, 0.08))


def test_values_beyond_the_range_are_clipped_and_low_confidence_is_not_sure():
    spot = spot_in_photo(output(1.2, 0.5, 0.4, 2.0, -0.1), (0.0, 0.0, 1.0, 1.0))
    assert spot == Spot(pytest.approx(0.9), 0.5, pytest.approx(0.2), 1.0, 0.0)
    assert not Spot(0.5, 0.5, 0.1, 0.1, SURE_FROM - 0.01).sure


def test_a_second_look_is_a_square_with_a_margin_inside_the_photo():
    assert second_look(Spot(0.5, 0.5, 0.1, 0.3, 0.9), 200, 100) == (70, 20, 60, 60)
    assert second_look(Spot(0.95, 0.9, 0.1, 0.3, 0.9), 200, 100) == (140, 40, 60, 60)
