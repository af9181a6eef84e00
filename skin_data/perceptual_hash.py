"""Perceptual hashes of a photo and of windows cropped from it, in eight orientations.

pHash (Zauner 2010, "Implementation and benchmarking of perceptual image hash functions") keeps one bit for each low
frequency of a small grey copy's cosine transform. Here the bit is the coefficient's sign, where Zauner compares with
the median. The transform is separable: the frequencies of all windows are two matrix products.
"""

import base64
import itertools
from functools import cache
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from triage.photo import Photo, small_copy

COPY_SIDE = 320
"""Pixels: larger photos are first shrunk to this longer side by a fast method."""
OUTLINE_SIDE = 32
"""Pixels, of the small grey copy that is hashed, as in Zauner 2010."""
FREQUENCIES = 8
"""Kept in each direction, as in Zauner 2010."""
CUTS = (0.0, 0.05, 0.1)
"""Fractions that a window omits on each of the four sides. A hash tolerates 2 % and more, so that steps of 5 % reach
every crop up to 10 % per side."""
INTERVALS = tuple((near, 1 - far) for near, far in itertools.product(CUTS, CUTS))
"""Of rows and of columns, as fractions of the side; the first is the whole side."""
WINDOWS = tuple(itertools.product(INTERVALS, INTERVALS))
"""(rows, columns) of each window; the first is the whole photo."""
ORIENTATIONS = 8
_BLOCK = 4096  # photos hashed at once: 60 MB of coefficients

Pixel = TypeVar("Pixel", bound=np.generic)
Outline = npt.NDArray[np.uint8]
"""uint8 [32, 32], grey."""


def quick_copy(photo: Photo) -> Photo:
    """Shrink a photo to a longer side of at most `COPY_SIDE`; uint8 [height, width, 3], smaller ones as they are."""
    height, width = photo.shape[:2]
    scale = COPY_SIDE / max(height, width)
    if 0.5 < scale < 1:
        # Down to half size this uses every pixel, and area averaging takes ten times as long.
        shape = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(cv2.resize(photo, shape, interpolation=cv2.INTER_LINEAR), np.uint8)
    return small_copy(photo, COPY_SIDE)


def outline(photo: Photo) -> Outline:
    """Shrink a photo to the small grey copy, uint8 [32, 32], that all hashes are computed from; its aspect ratio is
    lost.
    """
    photo = quick_copy(photo)
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)  # first: shrinking one channel is faster than three
    return np.asarray(cv2.resize(grey, (OUTLINE_SIDE, OUTLINE_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def outline_text(pixels: Outline) -> str:
    """Encode an outline as 1,368 characters (base64), for text files."""
    return base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode("ascii")


def read_outlines(texts: list[str]) -> npt.NDArray[np.uint8]:
    """Decode outlines of `outline_text`: uint8 [n, 32, 32]."""
    whole = b"".join(map(base64.b64decode, texts))
    return np.frombuffer(whole, np.uint8).reshape(-1, OUTLINE_SIDE, OUTLINE_SIDE)


def frequencies(
    outlines: npt.NDArray[np.uint8],
    rows: tuple[tuple[float, float], ...],
    columns: tuple[tuple[float, float], ...],
    count: int = FREQUENCIES,
) -> npt.NDArray[np.float32]:
    """Compute the low frequencies (discrete cosine transform, type 2) of windows of photos.

    From outlines uint8 [n, 32, 32] and intervals of rows and columns, as fractions of the sides, to float32
    [n, rows, columns, count, count]; the vertical frequency comes first. A constant picture gives zeros.
    """
    down = _cosines(rows, count).reshape(-1, OUTLINE_SIDE)
    across = _cosines(columns, count).reshape(-1, OUTLINE_SIDE)
    levels = outlines.astype(np.float32) - outlines.mean(axis=(1, 2), dtype=np.float32)[:, None, None]
    block = down @ levels @ across.T
    blocks = block.reshape(len(outlines), len(rows), count, len(columns), count)
    return np.asarray(blocks.transpose(0, 1, 3, 2, 4), np.float32)


@cache
def _cosines(intervals: tuple[tuple[float, float], ...], count: int) -> npt.NDArray[np.float32]:
    """Cosines over each interval, weighted by each pixel's overlap with it: float32 [intervals, count, side]."""
    edges = np.arange(OUTLINE_SIDE + 1) / OUTLINE_SIDE
    middles = (edges[1:] + edges[:-1]) / 2
    waves = []
    for start, end in intervals:
        overlap = np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None) * OUTLINE_SIDE
        phase = (np.clip(middles, start, end) - start) / (end - start)
        wave = np.cos(np.pi * np.arange(count)[:, None] * phase) * overlap
        # Where an interval ends inside a pixel the sum is not exactly zero, and brightness would leak in.
        wave[1:] -= overlap * (wave[1:].sum(axis=1, keepdims=True) / overlap.sum())
        waves.append(wave)
    return np.asarray(waves, np.float32)


def photo_hashes(outlines: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Hash whole photos: uint8 [n, 32, 32] to uint64 [n]."""
    return window_hashes(outlines, INTERVALS[:1])[:, 0]


def window_hashes(
    outlines: npt.NDArray[np.uint8], intervals: tuple[tuple[float, float], ...] = INTERVALS
) -> npt.NDArray[np.uint64]:
    """Hash windows of photos, each interval of rows with each of columns: uint8 [n, 32, 32] to uint64 [n, windows]."""
    hashes = np.empty((len(outlines), len(intervals) ** 2), np.uint64)
    size = max(1, _BLOCK // len(intervals))
    for start in range(0, len(outlines), size):
        block = frequencies(outlines[start : start + size], intervals, intervals)
        bits = (block > 0).reshape(*hashes[start : start + size].shape, FREQUENCIES**2)
        bits[..., 0] = False  # brightness alone
        hashes[start : start + size] = np.packbits(bits, axis=-1).view(">u8")[..., 0]
    return hashes


def turned_hashes(outlines: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Hash whole photos in the eight orientations of `turned`: uint8 [n, 32, 32] to uint64 [n, 8]."""
    pictures = outlines.transpose(1, 2, 0)
    return np.stack([photo_hashes(turned(pictures, n).transpose(2, 0, 1)) for n in range(ORIENTATIONS)], axis=1)


def turned(picture: npt.NDArray[Pixel], orientation: int) -> npt.NDArray[Pixel]:
    """Mirror and rotate a picture, [height, width, ...], into one of the eight orientations; 0 is the identity."""
    if orientation & 4:
        picture = picture.swapaxes(0, 1)
    if orientation & 2:
        picture = picture[::-1]
    if orientation & 1:
        picture = picture[:, ::-1]
    return picture
