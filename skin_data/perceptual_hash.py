"""Perceptual hashes of a photo, of windows cut from it, and of both mirrored and turned.

pHash (Zauner 2010, "Implementation and benchmarking of perceptual image hash functions") keeps the low frequencies of a
small grey copy's cosine transform, one bit each. Here a bit is the sign of its coefficient, where Zauner compares with
the median: mirroring a picture then only changes the signs of the odd frequencies and a quarter turn also transposes
them, so that the hashes of all eight orientations follow from one by bit operations, and distances between
orientations are exact. The transform is separable: the frequencies of all windows made of some intervals of rows and
some of columns are two matrix products.
"""

import base64
import itertools
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from triage.photo import Photo, small_copy

COPY_SIDE = 320
"""Pixels: larger photos are shrunk to this longer side first, quickly."""
OUTLINE_SIDE = 32
"""Of the small grey copy that everything is computed from, as in Zauner 2010."""
FREQUENCIES = 8
"""Kept in each direction, as in Zauner 2010."""
CUTS = (0.0, 0.05, 0.1)
"""Shares that a window leaves out on each of the four sides. A hash bears 2% and more, so that steps of 5% reach every
crop up to 10% a side, off-centre and of other proportions."""
INTERVALS = tuple((near, 1 - far) for near, far in itertools.product(CUTS, CUTS))
"""Of rows and of columns, as shares of the side; the first is the whole side."""
WINDOWS = tuple(itertools.product(INTERVALS, INTERVALS))
"""(rows, columns) of each window; the first is the whole photo."""
ORIENTATIONS = 8
_BLOCK = 4096  # photos hashed at once: 60 MB of coefficients

Outline = npt.NDArray[np.uint8]
"""uint8 [32, 32], grey: what a photo looks like from afar."""


def quick_copy(photo: Photo) -> Photo:
    """Shrink a photo to a longer side of at most `COPY_SIDE`; uint8 [height, width, 3], smaller ones as they are."""
    height, width = photo.shape[:2]
    scale = COPY_SIDE / max(height, width)
    if 0.5 < scale < 1:
        # Down to half no pixel is passed over, and averaging areas takes ten times as long.
        shape = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(cv2.resize(photo, shape, interpolation=cv2.INTER_LINEAR), np.uint8)
    return small_copy(photo, COPY_SIDE)


def outline(photo: Photo) -> Outline:
    """Shrink a photo to the small grey copy that all hashes are computed from.

    Args:
        photo: uint8 [height, width, 3]; its proportions are not kept.

    Returns:
        uint8 [32, 32].
    """
    photo = quick_copy(photo)
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)  # first: to shrink one channel takes less than half as long as three
    return np.asarray(cv2.resize(grey, (OUTLINE_SIDE, OUTLINE_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def outline_text(pixels: Outline) -> str:
    """Write an outline as 1,368 characters (base64), for files of text."""
    return base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode("ascii")


def read_outlines(texts: list[str]) -> npt.NDArray[np.uint8]:
    """Read outlines written by `outline_text`: uint8 [n, 32, 32]."""
    whole = b"".join(map(base64.b64decode, texts))
    return np.frombuffer(whole, np.uint8).reshape(-1, OUTLINE_SIDE, OUTLINE_SIDE)


def frequencies(
    outlines: npt.NDArray[np.uint8],
    rows: tuple[tuple[float, float], ...],
    columns: tuple[tuple[float, float], ...],
    count: int = FREQUENCIES,
) -> npt.NDArray[np.float32]:
    """Low frequencies (discrete cosine transform, type 2) of windows of photos.

    Args:
        outlines: uint8 [n, 32, 32].
        rows: intervals of rows, as shares of the height.
        columns: intervals of columns, as shares of the width.
        count: frequencies kept in each direction.

    Returns:
        float32 [n, rows, columns, count, count]; the first of the latter two is the vertical frequency. A constant
        picture gives zeros.
    """
    down = _cosines(rows, count).reshape(-1, OUTLINE_SIDE)
    across = _cosines(columns, count).reshape(-1, OUTLINE_SIDE)
    levels = outlines.astype(np.float32) - outlines.mean(axis=(1, 2), dtype=np.float32)[:, None, None]
    block = down @ levels @ across.T
    return block.reshape(len(outlines), len(rows), count, len(columns), count).transpose(0, 1, 3, 2, 4)


@cache
def _cosines(intervals: tuple[tuple[float, float], ...], count: int) -> npt.NDArray[np.float32]:
    """Cosines over each interval, weighted by each pixel's share in it: float32 [intervals, count, side]."""
    edges = np.arange(OUTLINE_SIDE + 1) / OUTLINE_SIDE
    middles = (edges[1:] + edges[:-1]) / 2
    waves = []
    for start, end in intervals:
        share = np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None) * OUTLINE_SIDE
        phase = (np.clip(middles, start, end) - start) / (end - start)
        wave = np.cos(np.pi * np.arange(count)[:, None] * phase) * share
        # Where an interval ends inside a pixel the sum is not quite zero, and brightness would leak in.
        wave[1:] -= share * (wave[1:].sum(axis=1, keepdims=True) / share.sum())
        waves.append(wave)
    return np.asarray(waves, np.float32)


def photo_hashes(outlines: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """64-bit hashes of whole photos.

    Args:
        outlines: uint8 [n, 32, 32].

    Returns:
        uint64 [n].
    """
    return window_hashes(outlines, INTERVALS[:1])[:, 0]


def window_hashes(
    outlines: npt.NDArray[np.uint8], intervals: tuple[tuple[float, float], ...] = INTERVALS
) -> npt.NDArray[np.uint64]:
    """64-bit hashes of all windows of photos.

    Args:
        outlines: uint8 [n, 32, 32].
        intervals: of rows and of columns; each of the first with each of the second makes a window.

    Returns:
        uint64 [n, windows], in the order of `WINDOWS`.
    """
    hashes = np.empty((len(outlines), len(intervals) ** 2), np.uint64)
    size = max(1, _BLOCK // len(intervals))
    for start in range(0, len(outlines), size):
        block = frequencies(outlines[start : start + size], intervals, intervals)
        bits = (block > 0).reshape(*hashes[start : start + size].shape, FREQUENCIES**2)
        bits[..., 0] = False  # brightness alone
        hashes[start : start + size] = np.packbits(bits, axis=-1).view(">u8")[..., 0]
    return hashes


_EVERY_OTHER_ROW = np.uint64(0x00FF00FF00FF00FF)  # bits of the odd vertical frequencies, eight bits a row
_EVERY_OTHER_COLUMN = np.uint64(0x5555555555555555)


def turned_hashes(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Hashes of the same pictures in eight orientations, as `turned` numbers them.

    Args:
        hashes: uint64 [n].

    Returns:
        uint64 [n, 8]; the first column is the given one.
    """
    columns = []
    for words in (hashes, _transposed(hashes)):
        for down in (np.uint64(0), _EVERY_OTHER_ROW):
            for across in (np.uint64(0), _EVERY_OTHER_COLUMN):
                columns.append(words ^ down ^ across)
    return np.stack(columns, axis=1)


def _transposed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Transpose words as 8 x 8 bits, by swaps of ever larger blocks (Warren 2013, "Hacker's Delight", 7-3)."""
    for mask, shift in ((0x00AA00AA00AA00AA, 7), (0x0000CCCC0000CCCC, 14), (0x00000000F0F0F0F0, 28)):
        swap = (words ^ (words >> np.uint64(shift))) & np.uint64(mask)
        words = words ^ swap ^ (swap << np.uint64(shift))
    return words


def turned(picture: npt.NDArray, orientation: int) -> npt.NDArray:
    """Mirror and turn a picture, [height, width, ...], into one of the eight orientations; 0 leaves it as it is."""
    if orientation & 4:
        picture = picture.swapaxes(0, 1)
    if orientation & 2:
        picture = picture[::-1]
    if orientation & 1:
        picture = picture[:, ::-1]
    return picture
