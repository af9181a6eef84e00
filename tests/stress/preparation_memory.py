"""Peak memory and duration of `prepare` on many rows, without as many photos.

    python -m tests.stress.preparation_memory [--rows 100000] [--json FILE]

All photos are links to one tiny image, and the ledger holds their measurements: what remains is everything that grows
with the number of rows (listing, ledger, near-duplicates, splits, meta.csv, data card). It runs in a process of its
own, whose peak of resident memory counts. Measuring takes the memory of one photo per process.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from benchmarks.console import run_script, run_worker
from benchmarks.latency.peak_memory import MEBIBYTE, peak_of_this_process
from triage.atomic import write_json

ROWS, CLASSES = 100_000, 10
SEED = 1


def measure(rows: int = ROWS) -> dict[str, Any]:
    """Prepare a synthetic data set of `rows` photos, at least some hundred, in a fresh process.

    Returns:
        `rows`, `seconds`, `peak_mib` of resident memory, `imports_mib` (before `prepare`), `stages` (seconds until the
        last progress of each) and `meta_mib`, the size of the table.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        write_photos_and_ledger(folder, rows)
        return {"rows": rows, **json.loads(run_worker("tests.stress.preparation_memory", "--worker", folder))}


def write_photos_and_ledger(folder: Path, rows: int) -> None:
    """Write `photos/<class>/photo-<row>.jpg` and a ledger with a measurement of each."""
    from skin_data.measurement import measurement_keys
    from skin_data.perceptual_hash import OUTLINE_SIDE, outline_text
    from skin_data.photo_frame import frame_signature
    from triage.lighting import FEATURE_NAMES, REASONS
    from triage.photo import MIN_SIDE
    from triage.skin_tone import tone_bucket

    generator = np.random.default_rng(SEED)
    (folder / "out").mkdir()
    _, tiny = cv2.imencode(".jpg", np.full((MIN_SIDE, MIN_SIDE, 3), 128, np.uint8))
    # Random outlines: hardly any two photos are near duplicates.
    outlines = generator.integers(0, 256, (rows, OUTLINE_SIDE, OUTLINE_SIDE), np.uint8)
    frame = frame_signature(generator.integers(0, 256, (64, 64, 3), np.uint8))
    features = generator.random((rows, len(FEATURE_NAMES))).round(5)
    angles = generator.normal(35, 30, rows).round(2)
    with open(folder / "out" / ".measurements.jsonl", "w", encoding="utf-8") as ledger:
        for row in range(rows):
            photo = folder / "photos" / f"{row % CLASSES + 1}. class of synthetic photos" / f"photo-{row:07d}.jpg"
            if row < CLASSES:
                photo.parent.mkdir(parents=True)
                photo.write_bytes(tiny.tobytes())
            else:  # one file of each class: file systems limit the links to one
                photo.hardlink_to(photo.with_name(f"photo-{row % CLASSES:07d}.jpg"))
            well_lit = row % 5 > 0
            result = {
                "lighting_label": int(well_lit),
                "lighting_reason": "" if well_lit else REASONS[row % len(REASONS)],
                "ita": float(angles[row]),
                "tone_bucket": tone_bucket(float(angles[row])),
                "mask_share": 0.5,
                "width": 600 + row % 3,
                "height": 450,
                "phash": f"{row:016x}",
                "outline": outline_text(outlines[row]),
                "frame": frame,
                "warnings": [],
                **{f"light_{name}": float(v) for name, v in zip(FEATURE_NAMES, features[row], strict=True)},
            }
            ledger.write(json.dumps({"key": measurement_keys([photo])[0], "result": result}) + "\n")


def prepare_photos(folder: Path) -> dict[str, Any]:
    """Prepare what `write_photos_and_ledger` wrote, in this process; returns the values of `measure`."""
    from skin_data.prepare import prepare

    imports = peak_of_this_process()
    stages: dict[str, float] = {}
    begun = time.perf_counter()

    def note(stage: str, done: int, total: int) -> None:
        if stage == "measure photos":
            raise AssertionError("The photos were measured again despite the ledger.")
        stages[stage] = round(time.perf_counter() - begun, 2)

    result = prepare("folder", folder / "photos", folder / "out", workers=1, progress=note)
    return {
        "seconds": round(time.perf_counter() - begun, 2),
        "peak_mib": round(peak_of_this_process(), 1),
        "imports_mib": round(imports, 1),
        "stages": stages,
        "meta_mib": round(result.meta_path.stat().st_size / MEBIBYTE, 1),
        "used": result.used,
    }


@click.command()
@click.option("--rows", default=ROWS, show_default=True, type=click.IntRange(min=1000))
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
@click.option("--worker", type=click.Path(exists=True, file_okay=False, path_type=Path), hidden=True)
def main(rows: int, json_path: Path | None, worker: Path | None) -> None:
    """Measure peak memory and duration of `prepare` on many rows with stored measurements."""
    if worker:
        print(json.dumps(prepare_photos(worker)))
        return
    found = measure(rows)
    print(
        f"{found['rows']} rows: peak {found['peak_mib']:.0f} MiB ({found['imports_mib']:.0f} MiB of it imports), "
        f"{found['seconds']:.1f} s; meta.csv has {found['meta_mib']:.0f} MiB"
    )
    if json_path:
        write_json(json_path, found)


if __name__ == "__main__":
    run_script(main)
