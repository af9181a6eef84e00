"""Read damaged photo files as `prepare`, `classify` and the app do: each gives a photo or a reason, and never a crash.

    python -m tests.stress.malformed_photos [--files 10000] [--seed 0] [--json FILE]

Phantom photos are written in every format that is read, with and without a colour profile, and damaged in one of six
ways. Each batch is read in a process of its own, so that a crash of a decoder is counted and does not end the sweep.
"""

import io
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import click
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image

from benchmarks.console import run_script
from skin_data.phantom import render_phantom
from tests.triage.profiled_photos import cmyk_profile, rgb_profile
from triage.atomic import write_json
from triage.errors import UnreadablePhoto
from triage.photo import read_photo

PROFILE = {"icc_profile": rgb_profile("Display P3")}
SAVED_AS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpg": ("JPEG", {}),
    "progressive.jpg": ("JPEG", {"progressive": True}),
    "restarts.jpg": ("JPEG", {"restart_marker_blocks": 2}),
    "p3.jpg": ("JPEG", PROFILE),
    "cmyk.jpg": ("JPEG", {"icc_profile": cmyk_profile(5)}),
    "png": ("PNG", PROFILE),
    "webp": ("WEBP", PROFILE),
    "tiff": ("TIFF", PROFILE),
    "bmp": ("BMP", {}),
    "heic": ("HEIF", PROFILE),
    "avif": ("AVIF", PROFILE),
}
"""Ending of the file -> Pillow's name of the format, and options."""
DAMAGES = ("bits flipped", "cut short", "bytes lost", "bytes repeated", "tail of noise", "header of noise")
BATCH = 500
ALLOWED = {"a photo", "a reason"}
OTHER, CRASHED = "another error", "crashed"


def damaged(data: bytes, damage: str, generator: np.random.Generator) -> bytes:
    """Damage the bytes of a file in one of the ways of `DAMAGES`."""
    place = int(generator.integers(1, len(data)))
    length = int(generator.integers(1, 200))
    noise = generator.bytes(length)
    if damage == "bits flipped":
        changed = bytearray(data)
        for position in generator.integers(0, len(data), int(generator.integers(1, 20))):
            changed[position] ^= 1 << int(generator.integers(8))
        return bytes(changed)
    return {
        "cut short": data[:place],
        "bytes lost": data[:place] + data[place + length :],
        "bytes repeated": data[:place] + data[max(0, place - length) : place] + data[place:],
        "tail of noise": data[:place] + generator.bytes(len(data) - place),
        "header of noise": noise[: len(data)] + data[length:],
    }[damage]


def write_batch(folder: Path, number: int, seed: int, files: int) -> list[tuple[Path, str]]:
    """Write batch `number` of damaged files; return each file with its damage."""
    generator = np.random.default_rng([seed, number])
    photo = render_phantom(seed, number, 96)[0]
    whole = {ending: _saved(photo, ending) for ending in SAVED_AS}
    written = []
    for index in range(files):
        kind, damage = (names[int(generator.integers(len(names)))] for names in (tuple(SAVED_AS), DAMAGES))
        path = folder / f"{number:04d}-{index:04d}.{kind}"
        path.write_bytes(damaged(whole[kind], damage, generator))
        written.append((path, damage))
    return written


def _saved(photo: npt.NDArray[np.uint8], ending: str) -> bytes:
    pillow_heif.register_heif_opener()
    kind, options = SAVED_AS[ending]
    buffer = io.BytesIO()
    image = Image.fromarray(photo)
    (image.convert("CMYK") if ending.startswith("cmyk") else image).save(buffer, kind, **options)
    return buffer.getvalue()


def read_each(paths: list[Path]) -> None:
    """Read photos and print the outcome of each as a line."""
    for path in paths:
        try:
            photo = read_photo(path)
            outcome = "a photo" if photo.dtype == np.uint8 and photo.ndim == 3 and photo.shape[2] == 3 else OTHER
        except UnreadablePhoto:
            outcome = "a reason"
        except Exception as error:  # what must not happen is what is counted
            outcome = f"{OTHER}: {type(error).__name__}"
        print(outcome, flush=True)


def measure(files: int, seed: int, progress: Callable[[int], None] = lambda done: None) -> dict[str, Any]:
    """Damage and read files; return `files`, `seed`, and counts of each outcome by damage and by ending."""
    outcomes: dict[str, Counter[str]] = {damage: Counter() for damage in DAMAGES}
    by_ending: dict[str, Counter[str]] = {ending: Counter() for ending in SAVED_AS}
    done = 0
    while done < files:
        with tempfile.TemporaryDirectory() as folder:
            left = write_batch(Path(folder), done // BATCH, seed, min(BATCH, files - done))
            done += len(left)
            while left:
                command = [sys.executable, "-m", "tests.stress.malformed_photos", "--read", "-"]
                names = "\n".join(str(path) for path, _ in left)
                lines = subprocess.run(command, input=names, capture_output=True, text=True).stdout.splitlines()
                if len(lines) < len(left):
                    lines.append(CRASHED)
                for (path, damage), outcome in zip(left, lines, strict=False):
                    outcomes[damage][outcome] += 1
                    by_ending[path.name.partition(".")[2]][outcome] += 1
                left = left[len(lines) :]
            progress(done)
    return {"files": files, "seed": seed, "outcomes": outcomes, "by_ending": by_ending}


@click.command()
@click.option("--files", default=10_000, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
@click.option("--read", hidden=True, type=click.File("r"), help="Read the photos named there, one a line.")
def main(files: int, seed: int, json_path: Path | None, read: IO[str] | None) -> None:
    """Read damaged photo files; exit with 1 if one gave neither a photo nor a reason."""
    if read:
        read_each([Path(line) for line in read.read().splitlines()])
        return
    with click.progressbar(length=files, label="files") as bar:
        found = measure(files, seed, lambda done: bar.update(done - bar.pos))
    bad = 0
    for name, outcomes in (found["by_ending"] | found["outcomes"]).items():
        print(f"{name:16} {', '.join(f'{outcome} {count}' for outcome, count in sorted(outcomes.items()))}")
    for outcomes in found["outcomes"].values():
        bad += sum(count for outcome, count in outcomes.items() if outcome not in ALLOWED)
    print(f"{files} files, seed {seed}: {bad} unexpected errors or crashes")
    if json_path:
        write_json(json_path, found)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    run_script(main)
