"""Near-duplicates: photos that show the same picture, whole or cropped, in whatever orientation.

Three steps, each of fewer pairs at a higher price: hashes of windows of each photo near those of other whole photos;
the finer frequencies of the outlines of such pairs; and the photos themselves, laid on each other.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from skin_data.hash_search import Neighbours, neighbours
from skin_data.perceptual_hash import photo_hashes, turned_hashes, window_hashes
from skin_data.registration import detail_copy, detail_correlation, fine_correlation
from triage.photo import read_photo

LARGEST_DISTANCE = 7
"""Pairs whose hashes differ in at most this many of 64 bits are looked at more closely."""
SURE_DISTANCE = 3
"""Pairs this near, 1 in 20, are read whatever their outlines say: a white border spoils those."""
SAME_OUTLINE = 0.4
"""Of `fine_correlation`, from which the photos of a pair are read: 6 of 10 candidates. In HAM10000 this keeps 260 of
the 266 candidates of one lesion; 0.5 would keep 250."""
SAME_DETAIL = 0.5
"""Pairs whose fine detail correlates at least this much are kept in one group. Here the strangers begin: of the pairs
above, 243 of 250 among 3,499 photos of HAM10000 show one lesion; of those between 0.4 and 0.5 about 1 in 80 does."""
COPY_DETAIL = 0.7
"""From here on a pair shows one picture, whoever grouped the photos. In HAM10000 two pairs of two lesions are above;
both show one lesion to the eye, and the next is at 0.60."""
CROWD = 8
"""Photos of one and the same hash beyond which only the first is searched for and the others are joined in a chain."""
_PHOTO_BANDS, _WINDOW_BANDS = 4, 3
_AT_ONCE = 1 << 16  # pairs whose outlines are compared: 100 MB


class Candidates(NamedTuple):
    """Pairs that may show the same picture; every field is an array int32 [pairs]."""

    first: npt.NDArray[np.int32]
    """Photo that the window is cut from."""
    window: npt.NDArray[np.int32]
    """Number in `perceptual_hash.WINDOWS`; 0 is the whole photo."""
    second: npt.NDArray[np.int32]
    """Photo that looks like the window."""
    orientation: npt.NDArray[np.int32]
    """In which the second does so, as `perceptual_hash.turned` numbers them."""
    distance: npt.NDArray[np.int32]
    """Of the hashes, in bits."""


class Duplicate(NamedTuple):
    """Two photos that show the same picture."""

    first: int
    second: int
    distance: int
    """Of the hashes, in bits of 64."""
    correlation: float
    """Of the fine detail, at most 1."""


def near_duplicates(outlines: npt.NDArray[np.uint8]) -> Candidates:
    """Find pairs of photos that may show the same picture, in whatever orientation, one perhaps cut from the other.

    Whole photos at most 7 bits apart are all found. Of those at most 7 bits from a window of another all are found up
    to 5 bits, 88 % at 6 and 71 % at 7 if the bits are independent; the windows overlap, so that most crops have several
    chances. Photos of a hash that more than `CROWD` have are pairs of neighbours in a chain.

    Args:
        outlines: uint8 [n, 32, 32] of `perceptual_hash.outline`.

    Returns:
        Each pair once, in the window and orientation that are nearest.
    """
    hashes = photo_hashes(outlines)
    searched, chained = _crowds(hashes)
    asked = turned_hashes(hashes[searched])
    found = [
        neighbours(hashes[searched, None], asked, LARGEST_DISTANCE, _PHOTO_BANDS),
        neighbours(window_hashes(outlines[searched]), asked, LARGEST_DISTANCE, _WINDOW_BANDS),
    ]
    joined = Neighbours(*map(np.concatenate, zip(*found, strict=True)))
    links = np.zeros(len(chained[0]), np.int32)
    pairs = Candidates(
        np.concatenate([searched[joined.indexed], chained[0]]),
        np.concatenate([joined.which, links]),
        np.concatenate([searched[joined.asked], chained[1]]),
        np.concatenate([joined.orientation, links]),
        np.concatenate([joined.distance, links]),
    )
    low, high = np.minimum(pairs.first, pairs.second), np.maximum(pairs.first, pairs.second)
    order = np.lexsort((pairs.orientation, pairs.first, pairs.window, pairs.distance, high, low))
    low, high = low[order], high[order]
    nearest = np.ones(len(order), bool)
    nearest[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return Candidates(*(field[order[nearest]] for field in pairs))


def _crowds(
    hashes: npt.NDArray[np.uint64],
) -> tuple[npt.NDArray[np.int32], tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]]:
    """Tell photos to search for from those joined in a chain to one of the same hash.

    Thousands of black photos have one hash and would make millions of pairs.
    """
    order = np.argsort(hashes, kind="stable").astype(np.int32)
    ordered = hashes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))[: len(order)]
    sizes = np.diff([*starts, len(order)])
    crowded = np.repeat(sizes > CROWD, sizes)
    later = crowded.copy()
    later[starts] = False
    links = np.flatnonzero(later)
    return np.sort(order[~later]), (order[links - 1], order[links])


def same_pictures(
    outlines: npt.NDArray[np.uint8],
    paths: Sequence[Path],
    progress: Callable[[int, int], None],
    same_detail: float = SAME_DETAIL,
    workers: int | None = None,
) -> list[Duplicate]:
    """Find pairs of photos that show the same picture: near by hash, alike in outline and alike in detail.

    Args:
        outlines: uint8 [n, 32, 32] of `perceptual_hash.outline`.
        paths: of the n photos; only those of near pairs are read, each once.
        progress: called as `progress(done, total)`.
        same_detail: correlation of the fine detail from which a pair counts.
        workers: threads; all cores if None.

    Returns:
        Pairs with first < second, sorted.

    Raises:
        UnreadablePhoto: a photo cannot be read any more.
    """
    pairs = near_duplicates(outlines)
    alike = np.zeros(len(pairs.first), bool)
    for start in range(0, len(alike), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        alike[some] = fine_correlation(outlines, *(field[some] for field in pairs[:4])) >= SAME_OUTLINE
    # Among them photos without any detail, whose outlines do not correlate.
    alike |= pairs.distance <= SURE_DISTANCE
    pairs = Candidates(*(field[alike] for field in pairs))
    photos = np.unique([pairs.first, pairs.second]).tolist()
    total, kept = len(photos) + len(pairs.first), []
    # Threads, because OpenCV lets go of the interpreter while it works.
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
