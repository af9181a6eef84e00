"""Whether a JPEG decoder's own scaling would change answers, and whether halving before interpolating does.

    python -m benchmarks.scaled_decoding MODEL.tflite [FOLDER] [--photos N] [--json FILE]

Photos are enlarged to 12 megapixels, given sensor noise and encoded as a phone would. An answer is what a person is
told: the tips, the first diagnosis, the urgency, whether the model abstains. Each photo is answered as `Triage` does
it, and then with the photo decoded at a half and a quarter of its size, and with the crop averaged by area in one step.
Without a folder phantoms are rendered: synthetic, but anyone has them.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from benchmarks.console import run_script
from benchmarks.lighting_and_tone import wilson_interval
from benchmarks.preparation import choose, render
from benchmarks.scenes import encoded, with_noise
from triage import Assessment, Triage
from triage.lighting import judge_lighting, measure_lighting
from triage.photo import Photo, center_crop, prepare_pixels, read_photo

PHOTOS = 100
WIDTH, HEIGHT = 4000, 3000
WAYS = ("decoded at a half", "decoded at a quarter", "area in one step")
_REDUCED = {WAYS[0]: cv2.IMREAD_REDUCED_COLOR_2, WAYS[1]: cv2.IMREAD_REDUCED_COLOR_4}


def compare(model: Path, photos: list[Path], progress: Callable[[int], None] = lambda done: None) -> dict[str, Any]:
    """Answer all photos in all ways.

    Returns:
        `photos`, and for each way how many `answers` changed, with a 95 % interval of their share, how many `tips` and
        `diagnosis` (first one) did, the `largest_change` and `median_change` of a probability, and `pixel_change`, the
        mean absolute change of the model's input in 8-bit steps.
    """
    triage = Triage.load(model)
    size, crop = triage.interpreter.input_size, triage.card["input"]["crop_fraction"]
    rows: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for number, path in enumerate(photos):
        data = _large(read_photo(path), number)
        plain = read_photo(data)
        prepared = prepare_pixels(plain, size, crop)
        answer = triage.assess(plain)
        for way in WAYS:
            if way in _REDUCED:
                decoded = cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[way])
                other = np.ascontiguousarray(decoded[..., ::-1])
                pixels, found = prepare_pixels(other, size, crop), triage.assess(other)
            else:
                pixels = _by_area(plain, size, crop)
                verdict = judge_lighting(measure_lighting(plain, crop))
                found = triage.answer(verdict, triage.interpreter.run(pixels))
            rows[way].append({**_change(answer, found), "pixels": float(np.abs(pixels - prepared.astype(int)).mean())})
        progress(number + 1)
    return {"photos": len(photos), **{way: _summary(changes) for way, changes in rows.items()}}


def _large(photo: Photo, number: int) -> bytes:
    turned = photo if photo.shape[1] >= photo.shape[0] else np.ascontiguousarray(photo.transpose(1, 0, 2))
    large = cv2.resize(turned, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return encoded(with_noise(np.asarray(large, np.uint8), number))


def _by_area(photo: Photo, size: int, crop_fraction: float) -> Photo:
    crop = np.ascontiguousarray(center_crop(photo, crop_fraction))
    return np.asarray(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _change(one: Assessment, other: Assessment) -> dict[str, Any]:
    first, second = ({d.label: d.probability for d in answer.diagnosis} for answer in (one, other))
    changes = [abs(first[label] - second[label]) for label in first]
    changes.append(abs(one.lighting.probability - other.lighting.probability))
    tips = one.lighting.tips != other.lighting.tips
    diagnosis = one.diagnosis[0].label != other.diagnosis[0].label
    decision = (one.urgency, one.abstained) != (other.urgency, other.abstained)
    return {"tips": tips, "diagnosis": diagnosis, "answer": tips or diagnosis or decision, "probability": max(changes)}


def _summary(changes: list[dict[str, Any]]) -> dict[str, Any]:
    changed = sum(change["answer"] for change in changes)
    low, high = wilson_interval(changed, len(changes))
    return {
        "answers": changed,
        "share": {"value": changed / len(changes), "low": low, "high": high},
        "tips": sum(change["tips"] for change in changes),
        "diagnosis": sum(change["diagnosis"] for change in changes),
        "largest_change": max(change["probability"] for change in changes),
        "median_change": float(np.median([change["probability"] for change in changes])),
        "pixel_change": float(np.mean([change["pixels"] for change in changes])),
    }


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--photos", default=PHOTOS, show_default=True, type=click.IntRange(min=4), help="How many are drawn.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures.")
def main(model: Path, folder: Path | None, photos: int, json_path: Path | None) -> None:
    """Print how many answers other ways of decoding and shrinking would change."""
    with tempfile.TemporaryDirectory() as rendered:
        chosen = choose(folder, photos) if folder else render(Path(rendered), photos)
        found = {"synthetic": folder is None, **compare(model, chosen)}
    print(
        f"{found['photos']} {'synthetic ' if found['synthetic'] else ''}photos, enlarged to {WIDTH} x {HEIGHT} pixels"
    )
    for way in WAYS:
        row = found[way]
        share = row["share"]
        print(
            f"{way:21} {row['answers']} answers change ({100 * share['low']:.1f} to {100 * share['high']:.1f} %): "
            f"tips of {row['tips']}, first diagnosis of {row['diagnosis']}; probabilities by "
            f"{row['median_change']:.4f} (median) to {row['largest_change']:.4f}; "
            f"input by {row['pixel_change']:.2f} of 255"
        )
    if json_path:
        json_path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
