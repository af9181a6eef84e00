"""Near-duplicates by perceptual hash, found without comparing every pair.

pHash (Zauner 2010, "Implementation and benchmarking of perceptual image hash functions"): the signs of the low
frequencies of a photo's cosine transform against their median. Flips and quarter turns only change signs and transpose
that block, so all eight orientations cost one transform.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from triage.photo import Photo, read_photo

SIDE = 32  # of the shrunk photo, as in Zauner 2010
LOW = 8  # frequencies kept in each direction
LARGEST_DISTANCE = 7
"""Photos whose hashes differ in at most this many of 64 bits are looked at more closely."""
DETAIL_SIDE = 64
SAME_DETAIL = 0.6
"""Pairs whose fine detail correlates at least this much are kept in one group. A hash sees a dark blob in the middle of
every dermoscopic photo; hairs, texture and outlines it does not see tell most of them apart. The limit leans to
joining: strangers in one group cost nothing but a slightly coarser split; twins in two groups are a leak. By the lesion
names of 3,499 photos of HAM10000, 30 of the 65 pairs from 0.6 on show one lesion, and 7 of the 335 candidates below."""
COPY_DETAIL = 0.9
"""From here on a pair is a copy, whoever grouped the photos. In HAM10000 all 10 such pairs show one lesion, and no pair
of two lesions is above 0.87; those nearest have the dark corners of the dermatoscope in common. Of 300 photos
copied at half size, mirrored, turned, recoloured or as JPEG of quality 20, at least 94% reach it. Copies that were cut
do not: at 2% off each side 73% are still joined by `SAME_DETAIL`, at 5% 4%."""
_BANDS = 8  # of 8 bits: two hashes that differ in fewer than 8 bits agree in at least one band


def perceptual_hashes(photo: Photo) -> list[int]:
    """64-bit hashes of a photo in its eight orientations (four quarter turns, each also mirrored).

    Args:
        photo: uint8 [height, width, 3].

    Returns:
        Eight integers; the first is that of the photo as it is.
    """
    grey = cv2.cvtColor(cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    low = cv2.dct(grey.astype(np.float32))[:LOW, :LOW].copy()
    low[0, 0] = 0  # brightness alone
    odd = np.where(np.arange(LOW) % 2, -1, 1).astype(np.float32)
    hashes = []
    for block in (low, low.T):
        for rows in (1, odd[:, None]):
            for columns in (1, odd[None]):
                hashes.append(_bits(block * rows * columns))
    return hashes


def _bits(block: npt.NDArray[np.float32]) -> int:
    bits = block > np.median(block)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def detail_correlation(one: Photo, other: Photo) -> float:
    """Correlation of the fine detail of two photos, in the orientation that fits best.

    Args:
        one: uint8 [height, width, 3].
        other: uint8 [height, width, 3], of any shape.

    Returns:
        Pearson's correlation in [-1, 1] of both at 64 x 64 pixels less their blurred selves; 1 for the same picture.
    """
    first, second = _detail(one), _detail(other)
    return max(
        float((first * np.rot90(side, turns)).mean()) for side in (second, second[:, ::-1]) for turns in range(4)
    )


def _detail(photo: Photo) -> npt.NDArray[np.float32]:
    small = cv2.resize(photo, (DETAIL_SIDE, DETAIL_SIDE), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 3)
    return np.asarray((detail - detail.mean()) / max(float(detail.std()), 1e-6), np.float32)


def near_duplicates(
    hashes: npt.NDArray[np.uint64], largest_distance: int = LARGEST_DISTANCE
) -> list[tuple[int, int, int]]:
    """Find pairs of photos that may show the same picture, in whatever orientation.

    Args:
        hashes: uint64 [n, 8] of `perceptual_hashes`.
        largest_distance: in bits, at most 7.

    Returns:
        (first, second, distance) with first < second, each pair once, sorted.
    """
    if largest_distance >= _BANDS:
        raise ValueError(f"largest_distance is at most {_BANDS - 1}. Received: {largest_distance}")
    upright = hashes[:, 0]
    best: dict[tuple[int, int], int] = {}
    for band in range(_BANDS):
        shift = np.uint64(8 * band)
        own = ((upright >> shift) & np.uint64(255)).astype(np.int64)
        order = np.argsort(own, kind="stable")
        starts = np.searchsorted(own[order], np.arange(257))
        for orientation in range(hashes.shape[1]):
            turned = hashes[:, orientation]
            theirs = ((turned >> shift) & np.uint64(255)).astype(np.int64)
            for value in np.unique(theirs):
                bucket = order[starts[value] : starts[value + 1]]
                if not len(bucket):
                    continue
                asking = np.flatnonzero(theirs == value)
                for block in np.array_split(asking, max(1, len(asking) * len(bucket) // 4_000_000)):
                    distance = np.bitwise_count(turned[block][:, None] ^ upright[bucket][None])
                    for row, column in np.argwhere(distance <= largest_distance):
                        pair = (int(block[row]), int(bucket[column]))
                        if pair[0] != pair[1]:
                            key = (min(pair), max(pair))
                            best[key] = min(best.get(key, 64), int(distance[row, column]))
    return sorted((a, b, d) for (a, b), d in best.items())


def same_pictures(
    hashes: npt.NDArray[np.uint64],
    paths: Sequence[Path],
    progress: Callable[[int, int], None],
    same_detail: float = SAME_DETAIL,
) -> list[tuple[int, int, int]]:
    """Find pairs of photos that show the same picture: near by hash, and alike in detail.

    Args:
        hashes: uint64 [n, 8] of `perceptual_hashes`.
        paths: of the n photos; only those of near pairs are read.
        progress: called as `progress(done, total)`.
        same_detail: correlation of the fine detail from which a pair counts.

    Returns:
        As `near_duplicates`.
    """
    pairs = near_duplicates(hashes)
    kept = []
    for number, (first, second, distance) in enumerate(pairs):
        if detail_correlation(read_photo(paths[first]), read_photo(paths[second])) >= same_detail:
            kept.append((first, second, distance))
        progress(number + 1, len(pairs))
    return kept


def cluster_names(paths: Sequence[Path], members: Sequence[int]) -> list[str]:
    """Name the clusters of photos after their first photo, not after a position that another photo would shift.

    Args:
        paths: of the photos, all different.
        members: of `clusters`.

    Returns:
        Name of each photo's cluster: `picture-` and the stem of the first photo's name or, where other clusters would
        be called the same, as many of the folders above it as tell them apart.
    """
    name_of = {}
    unnamed = {first: paths[first].stem for first in members}
    depth = 1
    while unnamed:
        times = Counter(unnamed.values())
        name_of.update({first: f"picture-{name}" for first, name in unnamed.items() if times[name] == 1})
        depth += 1
        unnamed = {first: "/".join(paths[first].parts[-depth:]) for first, name in unnamed.items() if times[name] > 1}
    return [name_of[first] for first in members]


def clusters(count: int, pairs: Iterable[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """Join pairs into clusters (union-find).

    Returns:
        int64 [count], the smallest member of each one's cluster.
    """
    parent = list(range(count))

    def find(member: int) -> int:
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    for one, other in pairs:
        a, b = find(one), find(other)
        parent[max(a, b)] = min(a, b)
    return np.array([find(member) for member in range(count)], np.int64)
