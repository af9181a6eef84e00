"""How long the search for near-duplicates takes, and how it grows, on hashes alone and on pictures.

    python -m benchmarks.near_duplicates [LARGEST]

Hashes: random ones of whole photos with planted neighbours, and what multi-index hashing makes of them. Pictures: dark
blobs on a texture with the spectrum of photographs (amplitude 1/f; Field 1987), so that their hashes crowd as those of
lesions do, with planted copies; their windows are hashed and searched as `prepare` does. Pairs that look alike grow
with the square of the photos, whatever the search. Reading and laying on each other the photos of the candidates comes
on top, about 1.3 ms a pair and core. Each row is a process of its own, so that the peak is its own.
"""

import argparse
import math
import multiprocessing
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from benchmarks.peak_memory import peak_of_this_process
from skin_data.duplicates import LARGEST_DISTANCE, near_duplicates
from skin_data.hash_search import neighbours
from skin_data.perceptual_hash import OUTLINE_SIDE, turned_hashes

LARGEST = 100_000
HALVINGS = 3
PLANTED = 0.01
"""Share of photos that have a copy."""


def random_hashes(count: int) -> tuple[float, int]:
    """Seconds to find the near pairs of random hashes, and how many there are."""
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**64, count, np.uint64)
    copies = int(count * PLANTED)
    hashes[:copies] = hashes[-copies:] ^ (np.uint64(1) << generator.integers(0, 64, copies, np.uint64))
    begun = time.perf_counter()
    found = neighbours(hashes[:, None], turned_hashes(hashes), LARGEST_DISTANCE)
    return time.perf_counter() - begun, len(found.indexed)


def pictures(count: int) -> tuple[float, int]:
    """Seconds to hash and search the windows of blobs on texture, and how many candidates there are."""
    outlines = lesion_like(count)
    begun = time.perf_counter()
    found = near_duplicates(outlines)
    return time.perf_counter() - begun, len(found.first)


def lesion_like(count: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Draw dark blobs on texture of amplitude 1/f, uint8 [count, 32, 32]; `PLANTED` are noisy copies of others."""
    generator = np.random.default_rng(seed)
    rows, columns = np.fft.fftfreq(OUTLINE_SIDE)[:, None], np.fft.rfftfreq(OUTLINE_SIDE)
    amplitude = 1 / np.maximum(np.hypot(rows, columns), 1 / OUTLINE_SIDE)
    places = (np.arange(OUTLINE_SIDE) + 0.5) / OUTLINE_SIDE
    drawn = np.empty((count, OUTLINE_SIDE, OUTLINE_SIDE), np.uint8)
    for start in range(0, count, 4096):
        size = min(4096, count - start)
        noise = generator.standard_normal((size, OUTLINE_SIDE, OUTLINE_SIDE), np.float32)
        levels = np.fft.irfft2(np.fft.rfft2(noise) * amplitude, noise.shape[1:])
        levels *= TEXTURE / levels.std(axis=(1, 2), keepdims=True)
        across, down = generator.normal(0.5, 0.06, (2, size, 1, 1))
        widths = generator.uniform(0.1, 0.4, (2, size, 1, 1))
        radius = ((places - across) / widths[0]) ** 2 + ((places[:, None] - down) / widths[1]) ** 2
        drawn[start : start + size] = np.clip(levels + 180 - 100 / (1 + radius**3), 0, 255)
    copies = int(count * PLANTED)
    noisy = drawn[-copies:] + generator.normal(0, 2, drawn[-copies:].shape)
    drawn[:copies] = np.clip(noisy, 0, 255)
    return drawn


TEXTURE = 10
"""Grey levels: spread of the texture, beside a blob 100 darker. 7,158 such pictures have 22,000 candidates; as many
real photos laid out like the Kaggle set have 17,612."""
MEASURED: dict[str, Callable[[int], tuple[float, int]]] = {"hashes": random_hashes, "pictures": pictures}


def _measure(name: str, count: int, answers: "multiprocessing.Queue[tuple[float, int, float]]") -> None:
    seconds, pairs = MEASURED[name](count)
    answers.put((seconds, pairs, peak_of_this_process()))


def main(largest: int = LARGEST) -> None:
    """Print seconds, the growth exponent since the row above (1 is linear, 2 quadratic), pairs and peak memory."""
    context = multiprocessing.get_context("spawn")
    print(f"{'what':10}{'photos':>9}{'seconds':>9}{'exponent':>10}{'pairs':>9}{'peak MB':>9}")
    for name in MEASURED:
        before = math.nan
        for halving in range(HALVINGS, -1, -1):
            count = largest >> halving
            answers = context.Queue()
            process = context.Process(target=_measure, args=(name, count, answers))
            process.start()
            seconds, pairs, peak = answers.get()
            process.join()
            print(f"{name:10}{count:9}{seconds:9.2f}{math.log2(seconds / before):10.2f}{pairs:9}{peak:9.0f}")
            before = seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("largest", nargs="?", type=int, default=LARGEST, help="most photos; by default %(default)s")
    main(parser.parse_args().largest)
