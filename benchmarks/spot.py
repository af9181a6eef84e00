"""Measure the output `spot` of release files against boxes.

    python -m benchmarks.spot MODEL.tflite ... [--data META.csv] [--phantoms COUNT]
        [--by-eye CSV --photos DIR --tones CSV ...] [--json FILE]

`--data` measures the photos of the test split that have a box, and how sure the file is of those without one, by
class. `--phantoms` renders so many, none of which a head is fitted to. `--by-eye` is a table of boxes that two readers
marked in per cent of the photo's sides (`photo`, `left_a` ... `bottom_b`, `kind_a`, `kind_b`), on photos below
`--photos`. Counted are those where both see one thing (single or group) in boxes with an IoU of at least 0.5: a
prediction has the right place if its centre lies in both boxes, and the right size if its IoU with each is at least
0.5. `--tones` are tables of their `fitzpatrick` type by `photo` or `image_path`, such as a meta.csv.

Boxes are compared in the photo, and "in view" in the part that the model sees, at which a larger lesion is cut.
Intervals are of 95 %: Wilson's of fractions, and by bootstrap over groups of the median. Beside the files stands the
middle third of each side.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from benchmarks.console import run_script
from skin_data.boxes import boxes_in_view, boxes_of, overlap
from skin_data.csv_table import read_csv
from skin_data.manifest import Manifest, read_manifest
from skin_data.phantom import PhantomTruth, render_phantom
from skin_training.spot import corners_of
from triage import Triage
from triage.atomic import write_json
from triage.crop import WHOLE, Crop
from triage.errors import UnusableInput
from triage.photo import Photo, read_photo
from triage.spot import SURE_FROM

SIDES = ("left", "top", "right", "bottom")
ONE_THING = ("single", "group")
AGREED = 0.5
MIDDLE = (0.5, 0.5, 1 / 3, 1 / 3, 1.0)
"""The box that needs no model."""
PHANTOM_SEED, PHANTOM_SIDE = 30, 320
"""Series and side in pixels of the phantoms that are measured."""
DRAWS = 1000


class Found(NamedTuple):
    """Spots in photos, float [n, 5] in fractions of the photo, and what the model saw, [n, 4], a `View` each."""

    spots: np.ndarray
    views: np.ndarray


class Finder:
    """Finds spots by a release file; without one, always in the middle.

    Raises:
        UnusableInput: the file has no such output.
    """

    def __init__(self, model: Path | None) -> None:
        self._triage = Triage.load(model, threads=2) if model else None
        if self._triage and not self._triage.finds_spots:
            raise UnusableInput(f"The file has no output spot. Received: {model}. Its student's photos had no boxes.")

    def __call__(self, photos: Iterable[Photo]) -> Found:
        """Find the spots of photos, uint8 [height, width, 3] each."""
        spots, views = [], []
        for photo in photos:
            spot = self._triage.find_spot(photo) if self._triage else None
            spots.append([spot.x, spot.y, spot.width, spot.height, spot.confidence] if spot else MIDDLE)
            crop = Crop.recorded(self._triage.card["input"]) if self._triage else None
            views.append(crop.view(photo.shape[1], photo.shape[0]) if crop else WHOLE)
        return Found(np.array(spots), np.array(views))


def with_limits(right: np.ndarray) -> dict[str, float]:
    """Return the fraction of True in bool [n], its Wilson interval of 95 %, and n; empty for n of 0."""
    if not len(right):
        return {}
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
    return {"value": float(right.mean()), "low": interval.low, "high": interval.high, "n": len(right)}


def median_with_limits(values: np.ndarray, groups: np.ndarray) -> dict[str, float]:
    """Return the median of float [n], its percentile interval of 95 % over draws of whole groups [n], and n."""
    names, numbers = np.unique(groups, return_inverse=True)
    members = [values[numbers == number] for number in range(len(names))]
    generator = np.random.default_rng(0)
    draws = (generator.integers(len(members), size=len(members)) for _ in range(DRAWS))
    medians = [np.median(np.concatenate([members[number] for number in draw])) for draw in draws]
    low, high = np.quantile(medians, [0.025, 0.975])
    return {"value": float(np.median(values)), "low": float(low), "high": float(high), "n": len(values)}


def measure_boxes(found: Found, boxes: np.ndarray, groups: np.ndarray, parts: Mapping[str, np.ndarray]) -> Any:
    """Measure spots against boxes, float [n, 4], by part of the photos, bool [n] each: IoU in the photo and in view."""
    corners = corners_of(found.spots)
    seen = overlap(boxes_in_view(corners, found.views), boxes_in_view(boxes, found.views))
    return {
        name: {
            f"IoU {where}": {
                "median": median_with_limits(ious[rows], groups[rows]),
                "at least 0.5": with_limits(ious[rows] >= AGREED),
            }
            for where, ious in (("in view", seen), ("in the photo", overlap(corners, boxes)))
        }
        for name, rows in parts.items()
        if rows.any()
    }


def measure_split(found: Found, frame: pd.DataFrame, diffuse: Sequence[str] = ()) -> dict[str, Any]:
    """Measure spots against the boxes of a table's rows; photos without a box tell how sure the file is.

    Args:
        found: in the photos.
        frame: rows of meta.csv.
        diffuse: ids of the classes that have no single spot.
    """
    boxes = boxes_of(frame)
    known, sure = np.isfinite(boxes[:, 0]), found.spots[:, 4] >= SURE_FROM
    tones, diagnoses = frame["tone_bucket"].to_numpy(), frame["diagnosis"].to_numpy()
    parts = {"all": known, **{f"tone {tone}": known & (tones == tone) for tone in sorted(set(tones[known]))}}
    without = {d: ~known & (diagnoses == d) for d in sorted(set(diagnoses[~known]))}
    return {
        "box": measure_boxes(found, boxes, frame["group"].to_numpy(), parts),
        "sure": {
            "with a box": with_limits(sure[known]),
            "diffuse without": with_limits(sure[~known & np.isin(diagnoses, diffuse)]),
            **{f"{name} without": with_limits(sure[rows]) for name, rows in without.items()},
        },
    }


def measure_phantoms(find: Finder, count: int) -> dict[str, Any]:
    """Measure spots in phantoms, at least one."""
    photos, truths = _phantoms(count)
    found, boxes = find(photos), np.array([truth.lesion_box for truth in truths]) / PHANTOM_SIDE
    good = np.array([truth.lighting_ok for truth in truths])
    parts = {"all": np.ones(count, bool), "good light": good, "poor light": ~good}
    return {"box": measure_boxes(found, boxes, np.arange(count), parts)}


@cache
def _phantoms(count: int) -> tuple[tuple[Photo, ...], tuple[PhantomTruth, ...]]:
    photos, truths = zip(*(render_phantom(PHANTOM_SEED, index, PHANTOM_SIDE) for index in range(count)), strict=True)
    return photos, truths


def measure_by_eye(spots: np.ndarray, table: pd.DataFrame, tones: Mapping[str, str]) -> dict[str, Any]:
    """Measure spots, float [n, 5], against the boxes of two readers."""
    a, b = (table[[f"{side}_{reader}" for side in SIDES]].to_numpy(float) / 100 for reader in "ab")
    one_thing = table["kind_a"].isin(ONE_THING).to_numpy() & table["kind_b"].isin(ONE_THING).to_numpy()
    counted = one_thing & (overlap(a, b) >= AGREED)
    found = corners_of(spots)
    inside = np.all([(spots[:, :2] > box[:, :2]).all(1) & (spots[:, :2] < box[:, 2:]).all(1) for box in (a, b)], axis=0)
    ious = (overlap(found, a) + overlap(found, b)) / 2
    sized = (overlap(found, a) >= AGREED) & (overlap(found, b) >= AGREED)
    types = np.array([tones.get(Path(photo).name, "") or "unknown" for photo in table["photo"]])
    groups = {"all": counted, **{f"Fitzpatrick {kind}": counted & (types == kind) for kind in sorted(set(types))}}
    sure = spots[:, 4] >= SURE_FROM
    return {
        "place and size": {
            name: {
                "centre in both": with_limits(inside[rows]),
                "IoU at least 0.5": with_limits(sized[rows]),
                "mean IoU of both, median": median_with_limits(ious[rows], np.arange(rows.sum())),
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


def read_tones(paths: Iterable[Path]) -> dict[str, str]:
    """Return Fitzpatrick types by the photo's file name.

    Raises:
        UnusableInput: a table has no such column.
    """
    tones: dict[str, str] = {}
    for path in paths:
        table = read_csv(path, ["fitzpatrick"], "It gives the photos' Fitzpatrick types.")
        column = next((name for name in ("photo", "image_path") if name in table), None)
        if column is None:
            raise UnusableInput(f"--tones needs a column photo or image_path. Received: {path}: {list(table)}.")
        tones |= {Path(photo).name: str(kind) for photo, kind in zip(table[column], table["fitzpatrick"], strict=True)}
    return tones


def main() -> None:
    """Measure, print the tables and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--phantoms", type=int, default=0, metavar="COUNT")
    parser.add_argument("--by-eye", type=Path)
    parser.add_argument("--photos", type=Path, default=Path())
    parser.add_argument("--tones", type=Path, action="append", default=[])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.phantoms < 0:
        raise UnusableInput(f"--phantoms must be at least 0. Received: {options.phantoms}.")
    manifest = read_manifest(options.data) if options.data else None
    by_eye, tones = read_by_eye(options.by_eye) if options.by_eye else None, read_tones(options.tones)
    report: dict[str, Any] = {}
    for name, model in [*((model.name, model) for model in options.models), ("middle third, no model", None)]:
        find, sections = Finder(model), {}
        if manifest:
            sections["test"] = _measure_test(find, manifest)
        if options.phantoms:
            sections["phantoms"] = measure_phantoms(find, options.phantoms)
        if by_eye is not None:
            found = find(read_photo(options.photos / photo) for photo in by_eye["photo"])
            sections["by eye"] = measure_by_eye(found.spots, by_eye, tones)
        report[name] = sections
        _show(name, sections)
    if options.json:
        write_json(options.json, report)


def _measure_test(find: Finder, manifest: Manifest) -> dict[str, Any]:
    frame = manifest.split("test")
    diffuse = manifest.taxonomy.diffuse_ids
    return measure_split(find(map(read_photo, manifest.photo_paths(frame))), frame, diffuse)


def _show(name: str, sections: Mapping[str, Any]) -> None:
    for section, parts in sections.items():
        print(f"\n{name}: {section}")
        for part, rows in parts.items():
            for row, value in rows.items():
                print(f"  {part}, {row}: {_text(value)}")


def _text(value: Mapping[str, Any]) -> str:
    if "low" in value:
        return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f}, n = {value['n']})"
    return "; ".join(f"{name} {_text(each)}" for name, each in value.items()) or "none"


if __name__ == "__main__":
    run_script(main)
