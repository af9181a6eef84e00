"""Near-duplicates: photos that show the same picture, whole or cropped, in any orientation.

Three steps, each with fewer pairs at a higher price: hashes of windows of each photo near those of other whole photos;
the finer frequencies of such pairs; and the photos themselves, aligned.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from skin_data.hash_search import HashPairs, neighbours
from skin_data.perceptual_hash import photo_hashes, turned_hashes, window_hashes
from skin_data.registration import detail_copy, detail_correlation, fine_correlation
from triage.photo import read_photo

LARGEST_DISTANCE = 7
"""Pairs whose hashes differ in at most this many of 64 bits are candidates."""
SURE_DISTANCE = 3
"""Candidates this near, 1 in 20, are read whatever their outlines: a white border spoils those."""
SAME_OUTLINE = 0.4
"""`fine_correlation` from which the photos of a candidate are read: 6 of 10. In HAM10000 this keeps 260 of the 266
candidates of one lesion; 0.5 would keep 250."""
SAME_DETAIL = 0.5
"""Correlation of fine detail from which a pair is one group. Of the pairs above, 243 of 250 among 3,499 photos of
HAM10000 show one lesion; of those between 0.4 and 0.5 about 1 in 80 does."""
COPY_DETAIL = 0.7
"""Correlation from which a pair certainly shows one picture. In HAM10000 two pairs of two lesions are above; both show
one lesion to the eye, and the next is at 0.60."""
CROWD = 8
"""Of more photos with one and the same hash only the first is searched for; the others are chained to it."""
_PHOTO_BANDS, _WINDOW_BANDS = 4, 3
_AT_ONCE = 1 << 16  # pairs whose outlines are compared: 100 MB

Integers = npt.NDArray[np.int32]


class Duplicate(NamedTuple):
    """Two photos, by position, that show the same picture: bits of 64 in which their hashes differ, and the correlation
    of the fine detail, at most 1.
    """

    first: int
    second: int
    distance: int
    correlation: float


def near_duplicates(outlines: npt.NDArray[np.uint8]) -> HashPairs:
    """Find pairs of photos that may show the same picture, in any orientation, one perhaps cropped from the other.

    All pairs of whole photos up to 7 bits apart are found; of a photo and a window of another all up to 5 bits, 88 % at
    6 and 71 % at 7 if the bits are independent. Windows overlap, so most crops have several chances.

    From uint8 [n, 32, 32] of `perceptual_hash.outline`; each pair comes once, in the nearest window (0 is the whole
    photo) and orientation, numbered as in `perceptual_hash`.
    """
    hashes = photo_hashes(outlines)
    searched, chained = _crowds(hashes)
    asked = turned_hashes(outlines[searched])
    found = [
        neighbours(hashes[searched, None], asked, LARGEST_DISTANCE, _PHOTO_BANDS),
        neighbours(window_hashes(outlines[searched]), asked, LARGEST_DISTANCE, _WINDOW_BANDS),
    ]
    # Chained photos are pairs of whole photos at distance 0.
    first, window, second, orientation, distance = map(np.concatenate, zip(*found, strict=True))
    links = np.zeros(len(chained[0]), np.int32)
    pairs = HashPairs(
        np.concatenate([searched[first], chained[0]]),
        np.concatenate([window, links]),
        np.concatenate([searched[second], chained[1]]),
        np.concatenate([orientation, links]),
        np.concatenate([distance, links]),
    )
    table = pd.DataFrame(pairs._asdict())
    table["low"], table["high"] = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
    table = table.sort_values(["low", "high", "distance", "window", "first", "orientation"])
    table = table.drop_duplicates(["low", "high"])
    return HashPairs(*(table[name].to_numpy() for name in HashPairs._fields))


def _crowds(hashes: npt.NDArray[np.uint64]) -> tuple[Integers, tuple[Integers, Integers]]:
    """Return the photos to search for, and chained pairs of photos that share a hash with more than `CROWD` others.

    Thousands of black photos have one hash and would give millions of pairs.
    """
    photos = pd.Series(np.arange(len(hashes), dtype=np.int32))
    same = photos.groupby(hashes)
    later = ((same.transform("size") > CROWD) & (same.cumcount() > 0)).to_numpy()
    previous = same.shift(fill_value=0)
    return photos[~later].to_numpy(), (previous[later].to_numpy(), photos[later].to_numpy())


def same_pictures(
    outlines: npt.NDArray[np.uint8],
    paths: Sequence[Path],
    progress: Callable[[int, int], None],
    same_detail: float = SAME_DETAIL,
    workers: int | None = None,
) -> list[Duplicate]:
    """Find pairs of photos that show the same picture: near by hash, with correlated outline and detail.

    Args:
        outlines: uint8 [n, 32, 32] of `perceptual_hash.outline`.
        paths: of the n photos; only those of candidates are read, each once.
        progress: called as `progress(done, total)`.
        same_detail: least correlation of the fine detail.
        workers: threads; all cores if None.

    Returns:
        Pairs with first < second, sorted.
    """
    pairs = near_duplicates(outlines)
    alike = np.zeros(len(pairs.first), bool)
    for start in range(0, len(alike), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        alike[some] = fine_correlation(outlines, *(field[some] for field in pairs[:4])) >= SAME_OUTLINE
    # Includes photos without any detail, whose outlines do not correlate.
    alike |= pairs.distance <= SURE_DISTANCE
    pairs = HashPairs(*(field[alike] for field in pairs))
    photos = np.unique([pairs.first, pairs.second]).tolist()
    total, kept = len(photos) + len(pairs.first), []
    # Threads, because OpenCV releases the interpreter lock.
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        details = {}
        copies = pool.map(lambda photo: detail_copy(read_photo(paths[photo])), photos)
        for number, (photo, detail) in enumerate(zip(photos, copies, strict=True)):
            details[photo] = detail
            progress(number + 1, total)
        rows = np.stack(pairs, axis=1).tolist()
        correlations = pool.map(lambda row: detail_correlation(details[row[0]], details[row[2]], row[1], row[3]), rows)
        for number, (row, correlation) in enumerate(zip(rows, correlations, strict=True)):
            if correlation >= same_detail:
                kept.append(Duplicate(min(row[0], row[2]), max(row[0], row[2]), row[4], round(correlation, 4)))
            progress(len(photos) + number + 1, total)
    return sorted(kept)
