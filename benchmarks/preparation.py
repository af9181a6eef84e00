"""Throughput of `prepare` against bare JPEG decoding of the same files.

    python -m benchmarks.preparation [PHOTOS_FOLDER] [--photos N] [--rounds N] [--json FILE]

`prepare` reads and decodes each photo and measures lighting, skin tone, hash and frame. Decoding is reading and
`cv2.imdecode`. Both alternate (A B A B ...) in one process and in two running processes, so that a drift of the machine
affects all alike; results are medians and quartiles of the rounds. Compare ratios only. Without a folder phantoms are
rendered and saved as JPEG.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from benchmarks.console import run_script
from skin_data.ledger import CHUNK
from skin_data.measurement import measure_photo
from skin_data.perceptual_hash import outline, photo_hashes, quick_copy
from skin_data.photo_frame import frame_signature
from triage.atomic import write_json
from triage.lighting import judge_lighting, measure_lighting
from triage.photo import Photo, read_photo
from triage.skin_tone import measure_skin_tone

PHOTOS, ROUNDS, PROCESSES = 96, 7, 2
SEED = 0
WIDTH, HEIGHT, QUALITY = 600, 450, 95  # of the phantoms: the size of HAM10000 and most of the Kaggle set


def benchmark(photos: Sequence[Path], rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure all steps on all photos, round by round.

    Args:
        photos: JPEG files, read once beforehand so that the disk does not count.
        rounds: number of rounds; one more warms up.

    Returns:
        `photos`, `size` (median width and height in pixels and kB), `milliseconds` a photo of `decode`, `prepare` and
        its parts `light`, `tone` and `hash and frame`, and `speed`: `prepare` in one process relative to decoding, two
        processes relative to one, and the same for decoding, the machine's limit. Each value is the median, lower and
        upper quartile of the rounds.
    """
    cv2.setNumThreads(1)
    names = [str(photo) for photo in photos]
    decoded = [read_photo(name) for name in names]
    steps: dict[str, Callable[[], object]] = {
        "decode": lambda: [_decode(name) for name in names],  # drops the pixels: allocating memory would count
        "prepare": lambda: [measure_photo(name) for name in names],
        "light": lambda: [judge_lighting(measure_lighting(photo)) for photo in decoded],
        "tone": lambda: [measure_skin_tone(photo) for photo in decoded],
        "hash and frame": lambda: [_hash_and_frame(photo) for photo in decoded],
    }
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        chunk = min(CHUNK, len(names) // 4)
        steps["prepare, two processes"] = lambda: list(pool.map(measure_photo, names, chunksize=chunk))
        steps["decode, two processes"] = lambda: list(pool.map(_decode, names, chunksize=chunk))
        seconds = _alternate(steps, rounds)
    return {
        "photos": len(names),
        "size": {
            "width": float(np.median([p.shape[1] for p in decoded])),
            "height": float(np.median([p.shape[0] for p in decoded])),
            "kilobytes": float(np.median([photo.stat().st_size for photo in photos])) / 1000,
        },
        "milliseconds": {step: _quartiles(1000 * s / len(names)) for step, s in seconds.items()},
        "speed": {
            "prepare to decode": _quartiles(seconds["decode"] / seconds["prepare"]),
            "two processes to one": _quartiles(seconds["prepare"] / seconds["prepare, two processes"]),
            "decode, two to one": _quartiles(seconds["decode"] / seconds["decode, two processes"]),
        },
    }


def _decode(name: str) -> bool:
    cv2.setNumThreads(1)
    return cv2.imdecode(np.frombuffer(Path(name).read_bytes(), np.uint8), cv2.IMREAD_COLOR) is not None


def _hash_and_frame(photo: Photo) -> object:
    copy = quick_copy(photo)
    return photo_hashes(outline(copy)[None]), frame_signature(copy)


def _alternate(steps: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Return the seconds of each step in each round; the first round warms up and is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, step in steps.items():
            begun = time.perf_counter()
            step()
            if number:
                seconds[name].append(time.perf_counter() - begun)
    return {name: np.array(values) for name, values in seconds.items()}


def _quartiles(values: np.ndarray) -> dict[str, float]:
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    return {"median": round(float(median), 3), "low": round(float(low), 3), "high": round(float(high), 3)}


def choose(folder: Path, count: int) -> list[Path]:
    """Draw JPEG files at random from a folder and its subfolders.

    Raises:
        click.UsageError: it holds none.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not found:
        raise click.UsageError(f"The folder holds no JPEG file. Received: {folder}.")
    drawn = np.random.default_rng(SEED).choice(len(found), min(count, len(found)), replace=False)
    return [found[number] for number in drawn]


def render(folder: Path, count: int) -> list[Path]:
    """Save phantoms as JPEG files of 600 x 450 pixels and return their paths."""
    from skin_data.phantom import render_phantom

    photos = [folder / f"phantom-{number:04d}.jpg" for number in range(count)]
    top = (WIDTH - HEIGHT) // 2
    for number, photo in enumerate(photos):
        phantom, _ = render_phantom(SEED, number, WIDTH)
        pixels = cv2.cvtColor(phantom[top : top + HEIGHT], cv2.COLOR_RGB2BGR)
        _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        photo.write_bytes(encoded.tobytes())
    return photos


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--photos", default=PHOTOS, show_default=True, type=click.IntRange(min=4), help="How many are drawn.")
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(min=1))
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
def main(folder: Path | None, photos: int, rounds: int, json_path: Path | None) -> None:
    """Measure the throughput of `prepare` against bare JPEG decoding."""
    with tempfile.TemporaryDirectory() as rendered:
        chosen = choose(folder, photos) if folder else render(Path(rendered), photos)
        found = {"synthetic": folder is None, **benchmark(chosen, rounds)}
    size = found["size"]
    print(
        f"{found['photos']} {'synthetic ' if found['synthetic'] else ''}photos, median size {size['width']:.0f} x "
        f"{size['height']:.0f} pixels and {size['kilobytes']:.0f} kB; {rounds} rounds, median (quartiles)"
    )
    for kind, unit in (("milliseconds", "ms a photo"), ("speed", "times as fast")):
        for name, q in found[kind].items():
            print(f"{name:26} {q['median']:8.2f} ({q['low']:.2f} to {q['high']:.2f}) {unit}")
    if json_path:
        write_json(json_path, found)


if __name__ == "__main__":
    run_script(main)
