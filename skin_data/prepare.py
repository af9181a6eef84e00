"""From a data set as people have it on disk to one meta.csv: list, measure, group, split, describe."""

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skin_data.confounding import trivial_guesses
from skin_data.csv_text import csv_text
from skin_data.datacard import DataFindings, write_datacard
from skin_data.duplicate_sheets import write_duplicate_sheets
from skin_data.duplicates import same_pictures
from skin_data.groups import group_photos, read_groups
from skin_data.ledger import run_resumable
from skin_data.manifest import read_manifest, write_manifest
from skin_data.measurement import measure_photo, measurement_key
from skin_data.perceptual_hash import read_outlines
from skin_data.progress import Progress, no_progress
from skin_data.sources.combined import read_combined
from skin_data.sources.folder import read_folder
from skin_data.sources.ham10000 import read_ham10000
from skin_data.sources.kaggle import read_kaggle
from skin_data.sources.listed import read_listed
from skin_data.sources.pad_ufes import read_pad_ufes
from skin_data.sources.phantom import read_phantom
from skin_data.sources.record import ConditionCoverage, Doubt, Listing, Record, Rejection
from skin_data.sources.scin import read_scin
from skin_data.splits import split_by_group
from triage.atomic import remove_abandoned, write_text
from triage.errors import UnusableInput

KINDS = ("kaggle", "scin", "ham10000", "pad-ufes", "folder", "combined", "phantom")
OWN_CLASSES = ("scin", "ham10000", "pad-ufes", "folder")
"""Kinds that take a taxonomy of one's own."""
LARGEST_SEED = 2**32 - 1
"""That scikit-learn takes."""


@dataclass(frozen=True)
class PrepareResult:
    """What `prepare` made.

    Attributes:
        meta_path: the table.
        used: photos in it.
        rejected: photos and rows that could not be used, listed in `rejected.csv`.
        doubtful: photos and rows that are used with a question mark, listed in `doubtful.csv`.
        seconds: wall time.
    """

    meta_path: Path
    used: int
    rejected: int
    doubtful: int
    seconds: float


def prepare(
    kind: str,
    source: Path | Sequence[Path] | None,
    out: Path,
    seed: int = 42,
    workers: int | None = None,
    progress: Progress = no_progress,
    count: int = 2000,
    size: int = 224,
    taxonomy: str | None = None,
    groups: Path | None = None,
    show_duplicates: bool = False,
) -> PrepareResult:
    """Write `meta.csv`, `taxonomy.yaml`, `rejected.csv`, `doubtful.csv`, `datacard.md` and `figures/` for a data set.

    Killed and called again, it goes on where it was: measurements are kept beside the output, and what was left
    half-written there is removed. Photos that cannot be used never end the run.

    Args:
        kind: layout of the source, one of `KINDS`.
        source: folder of the data set, a CSV file that lists photos of one's own, or several meta.csv to combine;
            phantoms are rendered into `out` and need none.
        out: folder for the results.
        seed: of the split and of phantoms, 0 to `LARGEST_SEED`.
        workers: processes; all cores if None.
        progress: called as `progress(stage, done, total)`.
        count: phantoms to render.
        size: side of a phantom in pixels.
        taxonomy: class list, a YAML file or the name of one that travels with the package; see `OWN_CLASSES`.
        groups: CSV file with the columns `image_path` and `group`, which count before the data set's own groups.
        show_duplicates: write pages with the photos of near-duplicates to `figures/duplicates/`.

    Raises:
        UnusableInput: the source is not such a data set, a class is missing or has no usable photo, or a seed that
            makes no sense.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise UnusableInput(f"A seed is a whole number from 0 to {LARGEST_SEED}. Received: {seed}.")
    begun = time.perf_counter()
    out = Path(out)
    remove_abandoned(out)
    sources = [source] if isinstance(source, (str, Path)) else list(source or [])
    listing = _list(kind, [Path(place) for place in sources], out, seed, workers, progress, count, size, taxonomy)
    rejections, doubts = list(listing.rejections), list(listing.doubts)
    records, measured = _measure(listing.records, out, rejections, workers, progress)
    own_groups: dict[int, str] = {}
    if groups is not None:
        place = Path(sources[0]) if sources else out
        own_groups, unmatched = read_groups(groups, records, place if place.is_dir() else place.parent)
        rejections += unmatched
    _write_findings(out / "rejected.csv", "reason", ((r.path, r.reason) for r in rejections))
    doubts += _absent_classes(listing, records, kind in ("scin", "combined") or taxonomy is not None, out)
    # Taken out of the measurements, of which 100,000 are to fit in memory.
    outlines = read_outlines([measurement.pop("outline") for measurement in measured])
    frames = [measurement.pop("frame") for measurement in measured]
    # Rendered phantoms are look-alikes by nature, and each is a person of its own.
    pairs = []
    if kind != "phantom":
        pairs = same_pictures(
            outlines,
            [record.path for record in records],
            lambda done, total: progress("compare near-duplicates", done, total),
            workers=workers,
        )
    group_names, found = group_photos(records, pairs, own_groups)
    doubts += found
    splits = split_by_group(
        group_names, [record.diagnosis for record in records], [str(m["tone_bucket"]) for m in measured], seed
    )
    meta, folder = out / "meta.csv", out.resolve()
    rows = [
        _row(record, measurement, group, split, folder)
        for record, measurement, group, split in zip(records, measured, group_names, splits, strict=True)
    ]
    write_manifest(meta, rows, listing.taxonomy)
    _write_findings(out / "doubtful.csv", "doubt", ((d.path, d.kind, d.detail) for d in doubts), ("detail",))
    if listing.coverage:
        write_text(out / "coverage.csv", csv_text(ConditionCoverage._fields, listing.coverage))
    progress("guess without the lesion", 0, 1)
    guesses = trivial_guesses(
        [record.diagnosis for record in records],
        [record.source for record in records],
        group_names,
        np.array([[m["width"], m["height"]] for m in measured], np.float64),
        frames,
        seed,
    )
    progress("guess without the lesion", 1, 1)
    write_datacard(out, read_manifest(meta), DataFindings(rejections, doubts, pairs, guesses, listing.coverage), seed)
    if show_duplicates:
        write_duplicate_sheets(out / "figures" / "duplicates", records, splits, pairs, progress)
    return PrepareResult(meta, len(records), len(rejections), len(doubts), round(time.perf_counter() - begun, 1))


def _measure(
    listed: Sequence[Record], out: Path, rejections: list[Rejection], workers: int | None, progress: Progress
) -> tuple[list[Record], list[dict[str, Any]]]:
    """Measure photos; those that cannot be read join the rejections."""
    keys = [measurement_key(record.path) for record in listed]
    results = run_resumable(
        measure_photo,
        {key: str(record.path) for key, record in zip(keys, listed, strict=True)},
        out / ".measurements.jsonl",
        # A photo may be refused for its permissions, which its time of change does not show.
        still_valid=lambda key, result: "error" not in result,
        workers=workers,
        progress=lambda done, total: progress("measure photos", done, total),
    )
    records, measured = [], []
    for key, record in zip(keys, listed, strict=True):
        if "error" in results[key]:
            rejections.append(Rejection(str(record.path), results[key]["error"]))
        else:
            records.append(record)
            measured.append(results[key])
    return records, measured


def _absent_classes(listing: Listing, records: Sequence[Record], mapped: bool, out: Path) -> list[Doubt]:
    """Classes without a photo: an error where they are the data set's own, a doubt where others' were mapped on it."""
    present = {record.diagnosis for record in records}
    absent = [c for c in listing.taxonomy.ids if c not in present]
    if absent and (not mapped or len(absent) == len(listing.taxonomy.ids)):
        raise UnusableInput(
            f"No usable photo of: {', '.join(absent)}. Received: {len(records)} usable photos; why others were "
            f"rejected stands in {out / 'rejected.csv'}."
        )
    return [Doubt(name, "class without a photo", "it cannot be trained or measured on this data") for name in absent]


def _list(
    kind: str,
    sources: Sequence[Path],
    out: Path,
    seed: int,
    workers: int | None,
    progress: Progress,
    count: int,
    size: int,
    taxonomy: str | None,
) -> Listing:
    if kind not in KINDS:
        raise UnusableInput(f"The kind of a data set is one of {', '.join(KINDS)}. Received: {kind!r}.")
    if taxonomy is not None and kind not in OWN_CLASSES:
        raise UnusableInput(f"A taxonomy of one's own is for {', '.join(OWN_CLASSES)}. Received: {kind}.")
    if kind == "combined":
        return read_combined(sources)
    if len(sources) > 1:
        raise UnusableInput(f"Only 'combined' takes several sources. Received: {', '.join(map(str, sources))}.")
    source = sources[0] if sources else None
    if kind == "phantom":
        return read_phantom(source or out / "images", seed, count, size, workers, progress)
    if kind == "folder" and source is not None and source.is_file():
        return read_listed(source.resolve(), taxonomy)
    if source is None or not source.is_dir():
        raise UnusableInput(
            f"The data set's folder does not exist. Received: {source}. "
            "Give the folder that holds it; `skin-distill download` fetches some data sets."
        )
    root, results = source.resolve(), out.resolve()
    if root == results:
        raise UnusableInput(f"The results would lie among the photos. Received: --out {out}. Give another folder.")
    apart_from = results if results.is_relative_to(root) else None
    if kind == "kaggle":
        return read_kaggle(root, apart_from)
    readers = {"scin": read_scin, "ham10000": read_ham10000, "pad-ufes": read_pad_ufes, "folder": read_folder}
    return readers[kind](root, taxonomy, apart_from)


def _row(record: Record, measurement: Mapping[str, Any], group: str, split: str, folder: Path) -> dict[str, Any]:
    path = record.path.resolve()
    return {
        "image_path": path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path),
        "dataset": record.dataset,
        "source": record.source,
        "group": group,
        "split": split,
        "diagnosis": record.diagnosis,
        "soft_label": json.dumps(record.soft_label) if record.soft_label else None,
        "lighting_label": measurement["lighting_label"],
        "lighting_reason": measurement["lighting_reason"],
        "ita": measurement["ita"],
        "tone_bucket": measurement["tone_bucket"],
        "fitzpatrick": record.fitzpatrick,
        "monk": record.monk,
        **{k: v for k, v in measurement.items() if k == "mask_share" or k.startswith("light_")},
        "width": measurement["width"],
        "height": measurement["height"],
        "phash": measurement["phash"],
        **record.extras,
    }


def _write_findings(path: Path, what: str, findings: Iterable[Sequence[str]], more: Sequence[str] = ()) -> None:
    # A name that is not UTF-8 is written with its odd bytes escaped.
    rows = ((os.fsencode(place).decode("utf-8", "backslashreplace"), *rest) for place, *rest in findings)
    write_text(path, csv_text(["image_path", what, *more], rows))
