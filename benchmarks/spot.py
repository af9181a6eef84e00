"""Measure the output `spot` of release files against boxes.

    python -m benchmarks.spot MODEL.tflite ... --data META.csv [--by-eye CSV --photos DIR --tones CSV] [--json FILE]

`--data` measures the photos of the test split that have a box, and how sure the file is of those without one, by
class. `--by-eye` is a table of boxes that two readers marked in per cent of the photo's sides (`photo`, `left_a` ...
`bottom_b`, `kind_a`, `kind_b`), on photos below `--photos`. Counted are those where both see one thing (single or
group) in boxes with an IoU of at least 0.5: a prediction has the right place if its centre lies in both boxes, and the
right size if its IoU with each is at least 0.5. `--tones` is a table of their `photo` and `fitzpatrick`. Boxes are
compared in the photo; intervals are Wilson's, 95 %. Beside the files stands the middle third of each side.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from benchmarks.console import run_script
from skin_data.boxes import boxes_of
from skin_data.csv_table import read_csv
from skin_data.manifest import Manifest, read_manifest
from skin_training.spot import corners_of, overlap
from triage import Triage
from triage.atomic import write_json
from triage.errors import UnusableInput
from triage.spot import SURE_FROM

SIDES = ("left", "top", "right", "bottom")
ONE_THING = ("single", "group")
AGREED = 0.5
MIDDLE = (0.5, 0.5, 1 / 3, 1 / 3, 1.0)
"""The box that needs no model."""


def spots_of_photos(model: Path, photos: Sequence[Path]) -> np.ndarray:
    """Return a file's spots in photos, float [n, 5], in fractions of the whole photo.

    Raises:
        UnusableInput: the file has no such output.
    """
    triage, found = Triage.load(model, threads=2), []
    for photo in photos:
        spot = triage.assess(photo).spot
        if spot is None:
            raise UnusableInput(f"The file has no output spot. Received: {model}. Its student's photos had no boxes.")
        found.append([spot.x, spot.y, spot.width, spot.height, spot.confidence])
    return np.array(found)


def with_limits(right: np.ndarray) -> dict[str, float]:
    """Return the fraction of True in bool [n], its Wilson interval of 95 %, and n; empty for n of 0."""
    if not len(right):
        return {}
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return {"value": float(right.mean()), "low": interval.low, "high": interval.high, "n": len(right)}


def measure_split(spots: np.ndarray, boxes: np.ndarray, frame: pd.DataFrame) -> dict[str, Any]:
    """Measure spots, float [n, 5], against the boxes of a table's rows, float [n, 4] with NaN where there is none."""
    known, sure = np.isfinite(boxes[:, 0]), spots[:, 4] >= SURE_FROM
    ious, tones = overlap(corners_of(spots), boxes), frame["tone_bucket"].to_numpy()
    diagnoses = frame["diagnosis"].to_numpy()
    groups = {"all": known, **{f"tone {tone}": known & (tones == tone) for tone in sorted(set(tones[known]))}}
    return {
        "iou": {
            name: {"n": int(rows.sum()), "median": float(np.median(ious[rows])), **_halves(ious[rows])}
            for name, rows in groups.items()
            if rows.any()
        },
        "sure": {
            "with a box": with_limits(sure[known]),
            **{f"{d} without": with_limits(sure[~known & (diagnoses == d)]) for d in sorted(set(diagnoses[~known]))},
        },
    }


def _halves(ious: np.ndarray) -> dict[str, Any]:
    return {"at least 0.5": with_limits(ious >= AGREED)}


def measure_by_eye(spots: np.ndarray, table: pd.DataFrame, tones: Mapping[str, str]) -> dict[str, Any]:
    """Measure spots, float [n, 5], against the boxes of two readers."""
    a, b = (table[[f"{side}_{reader}" for side in SIDES]].to_numpy(float) / 100 for reader in "ab")
    one_thing = table["kind_a"].isin(ONE_THING).to_numpy() & table["kind_b"].isin(ONE_THING).to_numpy()
    counted = one_thing & (overlap(a, b) >= AGREED)
    found = corners_of(spots)
    inside = np.all([(spots[:, :2] > box[:, :2]).all(1) & (spots[:, :2] < box[:, 2:]).all(1) for box in (a, b)], axis=0)
    sized = (overlap(found, a) >= AGREED) & (overlap(found, b) >= AGREED)
    types = np.array([tones.get(Path(photo).name, "") or "unknown" for photo in table["photo"]])
    groups = {"all": counted, **{f"Fitzpatrick {kind}": counted & (types == kind) for kind in sorted(set(types))}}
    sure = spots[:, 4] >= SURE_FROM
    return {
        "place and size": {
            name: {
                "centre in both": with_limits(inside[rows]),
                "IoU at least 0.5": with_limits(sized[rows]),
                "median IoU": float(np.median((overlap(found, a) + overlap(found, b))[rows] / 2)),
            }
            for name, rows in groups.items()
            if rows.any()
        },
        "sure": {"one thing": with_limits(sure[counted]), "diffuse": with_limits(sure[~one_thing])},
    }


def read_by_eye(path: Path) -> pd.DataFrame:
    """Read the readers' table; empty cells of a box become NaN."""
    numbers = [f"{side}_{reader}" for side in SIDES for reader in "ab"]
    table = read_csv(path, ["photo", "kind_a", "kind_b", *numbers], "See `python -m benchmarks.spot --help`.")
    return table.assign(**{column: pd.to_numeric(table[column], errors="coerce") for column in numbers})


def measure(models: Sequence[Path], manifest: Manifest | None, by_eye: Any, photos: Path, tones: Any) -> dict[str, Any]:
    """Measure files; returns, by file's name and for the middle third, the measurements that were asked for."""
    report: dict[str, Any] = {}
    for name, model in [*((model.name, model) for model in models), ("middle third, no model", None)]:

        def spots(paths: Sequence[Path], model: Path | None = model) -> np.ndarray:
            return spots_of_photos(model, paths) if model else np.tile(MIDDLE, (len(paths), 1))

        report[name] = {}
        if manifest:
            frame = manifest.split("test")
            report[name]["test"] = measure_split(spots(manifest.photo_paths(frame)), boxes_of(frame), frame)
        if by_eye is not None:
            report[name]["by eye"] = measure_by_eye(spots([photos / p for p in by_eye["photo"]]), by_eye, tones)
    return report


def main() -> None:
    """Measure, print the tables and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--by-eye", type=Path)
    parser.add_argument("--photos", type=Path, default=Path())
    parser.add_argument("--tones", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    tones = {}
    if options.tones:
        table = read_csv(options.tones, ["photo", "fitzpatrick"], "It gives the photos' Fitzpatrick types.")
        tones = {Path(row.photo).name: str(row.fitzpatrick) for row in table.itertuples()}
    report = measure(
        options.models,
        read_manifest(options.data) if options.data else None,
        read_by_eye(options.by_eye) if options.by_eye else None,
        options.photos,
        tones,
    )
    for name, sections in report.items():
        for section, parts in sections.items():
            print(f"\n{name}: {section}")
            for part, rows in parts.items():
                for row, value in rows.items():
                    print(f"  {part}, {row}: {_text(value)}")
    if options.json:
        write_json(options.json, report)


def _text(value: Any) -> str:
    if isinstance(value, Mapping) and "low" in value:
        return f"{value['value']:.1%} ({value['low']:.1%} to {value['high']:.1%}, n = {value['n']})"
    if isinstance(value, Mapping):
        return "; ".join(f"{name} {_text(each)}" for name, each in value.items())
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    run_script(main)
