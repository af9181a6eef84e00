import numpy as np
import pytest

from skin_data import hash_search
from skin_data.hash_search import neighbours

MASKS = np.random.default_rng(9).integers(0, 2**64, 8, np.uint64)
MASKS[0] = 0


def turned_hashes(hashes):
    """Eight query hashes of each photo; the first is its own."""
    return hashes[:, None] ^ MASKS


def planted(count, seed=0):
    """Random hashes, some of them 0 to 9 bits from another in some orientation."""
    generator = np.random.default_rng(seed)
    hashes = generator.integers(0, 2**64, count, np.uint64)
    for row in range(count // 3):
        word = turned_hashes(hashes[[row + count // 2]])[0, row % 8]
        for bit in generator.choice(64, row % 10, replace=False):
            word ^= np.uint64(1) << np.uint64(bit)
        hashes[row] = word
    return hashes


def by_comparing_all(indexed, asked, largest):
    found = {}
    for a, words in enumerate(indexed):
        for b, questions in enumerate(asked):
            for which, word in enumerate(words):
                for orientation, question in enumerate(questions):
                    distance = int(word ^ question).bit_count()
                    if a != b and distance <= largest:
                        found[a, which, b, orientation] = distance
    return found


def as_dict(pairs):
    rows = [tuple(map(int, row)) for row in zip(*pairs, strict=True)]
    assert len({row[:4] for row in rows}) == len(rows)
    return {row[:4]: row[4] for row in rows}


def test_four_bands_find_every_pair_up_to_seven_bits_that_comparing_all_finds():
    hashes = planted(300)
    indexed, asked = hashes[:, None], turned_hashes(hashes)
    expected = by_comparing_all(indexed, asked, 7)
    assert as_dict(neighbours(indexed, asked, 7)) == expected
    assert sum(distance == 7 for distance in expected.values()) >= 10


def test_three_bands_find_every_pair_up_to_five_bits_and_none_that_is_not_there():
    hashes = planted(240)
    indexed, asked = hashes.reshape(80, 3), turned_hashes(hashes[:80])
    expected = by_comparing_all(indexed, asked, 7)
    found = as_dict(neighbours(indexed, asked, 7, bands=3))
    sure = {pair for pair, distance in expected.items() if distance <= 5}
    assert found.items() <= expected.items()
    assert sure <= found.keys()
    assert len(sure) >= 10


def test_comparing_in_small_portions_changes_nothing(monkeypatch):
    hashes = planted(300)
    whole = neighbours(hashes[:, None], turned_hashes(hashes), 7)
    monkeypatch.setattr(hash_search, "_COMPARED_AT_ONCE", 5)
    parts = neighbours(hashes[:, None], turned_hashes(hashes), 7)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_a_crowd_that_does_not_fit_keeps_its_nearest(monkeypatch):
    monkeypatch.setattr(hash_search, "_HELD_AT_ONCE", 1000)
    monkeypatch.setattr(hash_search, "CROWD", 8)
    crowd = np.uint64(1) << np.arange(64, dtype=np.uint64)  # all two bits apart
    found = neighbours(crowd[:, None], crowd[:, None], 7)
    assert 64 * 8 <= len(found.first) < 64 * 63
    assert set(found.second.tolist()) == set(range(64))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_photos_have_no_false_neighbours(count):
    hashes = np.array([0, 2**64 - 1], np.uint64)[:count]
    assert len(neighbours(hashes[:, None], hashes[:, None], 7).first) == 0
