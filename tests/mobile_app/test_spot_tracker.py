"""The ring around the spot stays where it is and does not flicker."""

import numpy as np
import pytest

from mobile_app.spot_tracker import SpotTracker, overlap
from triage.spot import Spot

HZ = 10


def followed(spots):
    tracker = SpotTracker()
    return [tracker.follow(spot, 100 + number / HZ) for number, spot in enumerate(spots)]


def noisy(count, confidence, rng, x=0.5, noise=0.02):
    return [
        Spot(*(np.array([x, 0.5, 0.2, 0.3]) + rng.normal(0, noise, 4)).tolist(), float(np.clip(c, 0, 1)))
        for c in np.broadcast_to(confidence, count)
    ]


def test_a_sure_spot_appears_within_a_second_and_is_steadier_than_what_is_found():
    rng = np.random.default_rng(0)
    spots = noisy(60, 0.95, rng)
    rings = followed(spots)
    first = next(number for number, ring in enumerate(rings) if ring)
    assert first <= HZ and all(rings[first:])
    moved, jumped = (np.abs(np.diff([s.x for s in part[20:]])).mean() for part in (rings, spots))
    assert moved < 0.4 * jumped
    assert rings[-1].x == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("middle", [0.35, 0.5, 0.6])
def test_a_confidence_that_flickers_does_not_make_the_ring_flicker(middle):
    rng = np.random.default_rng(1)
    rings = followed(noisy(200, rng.choice([middle - 0.25, middle + 0.25], 200), rng))
    assert np.count_nonzero(np.diff([ring is not None for ring in rings])) <= 1


def test_the_ring_goes_where_the_spot_goes_and_jumps_to_another_one():
    rng = np.random.default_rng(2)
    slow = [Spot(0.3 + 0.005 * number, 0.5, 0.2, 0.2, 0.9) for number in range(60)]
    rings = followed(slow)
    assert all(rings[15:]) and abs(rings[-1].x - slow[-1].x) < 0.04
    rings = followed([*noisy(30, 0.9, rng, x=0.2, noise=0), *noisy(30, 0.9, rng, x=0.8, noise=0)])
    places = {round(ring.x, 2) for ring in rings if ring}
    assert places == {0.2, 0.8}  # and nowhere between


def test_without_a_spot_there_is_no_ring():
    rng = np.random.default_rng(3)
    rings = followed([*noisy(20, 0.9, rng), None, *noisy(2, 0.9, rng)])
    assert rings[19] and not any(rings[20:])
    assert not any(followed(noisy(100, 0.2, rng)))


def test_overlap_is_intersection_over_union():
    one = Spot(0.5, 0.5, 0.2, 0.2, 1)
    assert overlap(one, one) == pytest.approx(1)
    assert overlap(one, Spot(0.6, 0.5, 0.2, 0.2, 1)) == pytest.approx(1 / 3)
    assert overlap(one, Spot(0.9, 0.5, 0.2, 0.2, 1)) == 0
    assert overlap(Spot(0.5, 0.5, 0, 0, 1), Spot(0.5, 0.5, 0, 0, 1)) == 0
