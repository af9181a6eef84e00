"""Find near pairs among many 64-bit hashes by multi-index hashing, without comparing all.

Norouzi, Punjani and Fleet 2012, "Fast search in Hamming space with multi-index hashing": split the hashes into m bands.
Two hashes that differ in fewer than 2m bits differ by at most one bit in at least one band, so looking up each band and
its one-bit neighbours finds every such pair, and little else.

A band takes every m-th bit: the lowest frequencies of lesions are much alike, and a band of adjacent bits would put
thousands in one bucket.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

BITS = 64
CROWD = 64
"""Neighbours kept per query, the nearest first, when there are too many to hold. Thousands of hashes within a few bits
of each other form one cluster through the nearest alone."""
_COMPARED_AT_ONCE = 1 << 22  # pairs, about 150 MB
_HELD_AT_ONCE = 1 << 23  # pairs found, before they are reduced to CROWD per query


class HashPairs(NamedTuple):
    """Near pairs of hashes of different photos; every field is an array int32 [pairs].

    `first` and `window` say which photo's which indexed hash, `second` and `orientation` which photo's which query
    hash, and `distance` is in bits.
    """

    first: npt.NDArray[np.int32]
    window: npt.NDArray[np.int32]
    second: npt.NDArray[np.int32]
    orientation: npt.NDArray[np.int32]
    distance: npt.NDArray[np.int32]


def neighbours(
    indexed: npt.NDArray[np.uint64], asked: npt.NDArray[np.uint64], largest_distance: int, bands: int = 4
) -> HashPairs:
    """Find photos that have a hash near another photo's hash.

    All pairs up to 2 * bands - 1 bits apart are found, and beyond that those that differ by at most one bit in a band.
    Fewer, wider bands are faster but guarantee less: 2**(64 / bands) should be about the number of indexed hashes.

    From uint64 [n, i], hashes of n photos, and uint64 [n, a], query hashes of the same photos. Each pair up to
    `largest_distance` bits apart comes once, sorted by query, distance and indexed hash.
    """
    found: list[npt.NDArray[np.int32]] = [np.empty((3, 0), np.int32)]
    held, limit = 0, _HELD_AT_ONCE
    index, questions = indexed.reshape(-1), asked.reshape(-1)
    for band in range(bands):
        bits = range(band, BITS, bands)
        for pairs in _of_band(index, questions, largest_distance, bits):
            found.append(pairs[:, pairs[0] // asked.shape[1] != pairs[2] // indexed.shape[1]])
            held += found[-1].shape[1]
            if held > limit:
                found = [_thinned(np.concatenate(found, axis=1), crowd=CROWD)]
                held = found[0].shape[1]
                limit = max(limit, 2 * held)  # thinning often would be slow
    asking, distance, place = _thinned(np.concatenate(found, axis=1))
    first, window = np.divmod(place, indexed.shape[1])
    second, orientation = np.divmod(asking, asked.shape[1])
    return HashPairs(first, window, second, orientation, distance)


def _keys(hashes: npt.NDArray[np.uint64], bits: range) -> npt.NDArray[np.int32]:
    """Read some bits of hashes, counted from the highest, as numbers."""
    keys = np.zeros(len(hashes), np.int32)
    for bit in bits:
        keys = 2 * keys + (hashes >> np.uint64(BITS - 1 - bit) & np.uint64(1)).astype(np.int32)
    return keys


def _of_band(
    indexed: npt.NDArray[np.uint64], asked: npt.NDArray[np.uint64], largest_distance: int, bits: range
) -> Iterator[npt.NDArray[np.int32]]:
    """Yield pairs within one bit in a band: int32 [3, pairs] of query row, distance and indexed row."""
    keys, bucket = _keys(indexed, bits), _keys(asked, bits)
    order = np.argsort(keys, kind="stable").astype(np.int32)
    starts = np.zeros((1 << len(bits)) + 1, np.int32)
    np.cumsum(np.bincount(keys, minlength=1 << len(bits)), out=starts[1:])
    indexed = indexed[order]
    # In the order of the buckets, so that memory is read sequentially.
    asking = np.argsort(bucket, kind="stable")
    bucket, asked = bucket[asking], asked[asking]
    for probe in (0, *(1 << bit for bit in range(len(bits)))):
        first = starts[bucket ^ probe]
        size = starts[(bucket ^ probe) + 1] - first
        queries = np.flatnonzero(size)
        portion = np.cumsum(size[queries], dtype=np.int64) // _COMPARED_AT_ONCE
        for some in np.split(queries, np.flatnonzero(np.diff(portion)) + 1):
            counts = size[some]
            rows = np.repeat(some, counts)
            places = first[rows] + np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
            distance = np.bitwise_count(asked[rows] ^ indexed[places])
            near = np.flatnonzero(distance <= largest_distance)
            yield np.stack([asking[rows[near]].astype(np.int32), distance[near].astype(np.int32), order[places[near]]])


def _thinned(pairs: npt.NDArray[np.int32], crowd: int | None = None) -> npt.NDArray[np.int32]:
    """Sort pairs, drop duplicates from several bands, and keep the nearest `crowd` of each query."""
    table = pd.DataFrame(pairs.T).sort_values([0, 1, 2]).drop_duplicates()
    return (table if crowd is None else table.groupby(0).head(crowd)).to_numpy().T
