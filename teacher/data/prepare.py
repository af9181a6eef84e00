"""From a data set as people have it on disk to one meta.csv: list, measure, group, split, describe."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from teacher.data.csv_text import csv_text
from teacher.data.datacard import write_datacard
from teacher.data.duplicate_sheets import write_duplicate_sheets
from teacher.data.duplicates import Duplicate, cluster_names, clusters, same_pictures
from teacher.data.ledger import run_resumable
from teacher.data.manifest import read_manifest, write_manifest
from teacher.data.measurement import measure_photo, measurement_key
from teacher.data.perceptual_hash import read_outlines
from teacher.data.sources.folder import read_folder
from teacher.data.sources.ham10000 import read_ham10000
from teacher.data.sources.kaggle import read_kaggle
from teacher.data.sources.phantom import read_phantom
from teacher.data.sources.record import Record, Rejection
from teacher.data.splits import split_by_group
from teacher.data.taxonomy import Taxonomy
from teacher.predict import Progress, no_progress
from triage.atomic import write_text
from triage.errors import UnusableInput

Listing = tuple[list[Record], list[Rejection], Taxonomy]
KINDS = ("kaggle", "ham10000", "folder", "phantom")


@dataclass(frozen=True)
class PrepareResult:
    """What `prepare` made.

    Attributes:
        meta_path: the table.
        used: photos in it.
        rejected: photos and rows that could not be used, listed in `rejected.csv`.
        seconds: wall time.
    """

    meta_path: Path
    used: int
    rejected: int
    seconds: float


def prepare(
    kind: str,
    source: Path | None,
    out: Path,
    seed: int = 42,
    workers: int | None = None,
    progress: Progress = no_progress,
    count: int = 2000,
    size: int = 224,
    taxonomy: str | None = None,
    show_duplicates: bool = False,
) -> PrepareResult:
    """Write `meta.csv`, `taxonomy.yaml`, `rejected.csv`, `datacard.md` and `figures/` for a data set.

    Killed and called again, it goes on where it was: measurements are kept beside the output. Photos that cannot be
    used never end the run.

    Args:
        kind: layout of the source, one of `KINDS`.
        source: folder of the data set; phantoms are rendered into `out` and need none.
        out: folder for the results.
        seed: of the split and of phantoms.
        workers: processes; all cores if None.
        progress: called as `progress(stage, done, total)`.
        count: phantoms to render.
        size: side of a phantom in pixels.
        taxonomy: of a folder of one's own.
        show_duplicates: write pages with the photos of near-duplicates to `figures/duplicates/`.

    Raises:
        UnusableInput: the source is not such a data set, a class is missing or has no usable photo.
    """
    begun = time.perf_counter()
    out = Path(out)
    records, rejections, classes = _list(kind, source, out, seed, workers, progress, count, size, taxonomy)
    keys = [measurement_key(record.path) for record in records]
    measured = run_resumable(
        measure_photo,
        {key: str(record.path) for key, record in zip(keys, records, strict=True)},
        out / ".measurements.jsonl",
        # A photo may be refused for its permissions, which its time of change does not show.
        still_valid=lambda key, result: "error" not in result,
        workers=workers,
        progress=lambda done, total: progress("measure photos", done, total),
    )
    usable: list[tuple[Record, Mapping[str, Any]]] = []
    for key, record in zip(keys, records, strict=True):
        if "error" in measured[key]:
            rejections.append(Rejection(str(record.path), measured[key]["error"]))
        else:
            usable.append((record, measured[key]))
    _write_rejected(out / "rejected.csv", rejections)
    present = {record.diagnosis for record, _ in usable}
    if absent := [c for c in classes.ids if c not in present]:
        raise UnusableInput(
            f"No usable photo of: {', '.join(absent)}. Received: {len(usable)} usable and {len(rejections)} rejected "
            f"photos; the reasons are in {out / 'rejected.csv'}."
        )
    groups, pairs = _groups(usable, progress, workers, show_duplicates)
    splits = split_by_group(groups, [record.diagnosis for record, _ in usable], seed)
    meta = out / "meta.csv"
    rows = [
        _row(record, measurement, group, split, out)
        for (record, measurement), group, split in zip(usable, groups, splits, strict=True)
    ]
    write_manifest(meta, rows, classes)
    write_datacard(out, read_manifest(meta), rejections, pairs, seed)
    if show_duplicates:
        shown = [record for record, _ in usable]
        write_duplicate_sheets(out / "figures" / "duplicates", shown, splits, pairs, progress)
    return PrepareResult(meta, len(usable), len(rejections), round(time.perf_counter() - begun, 1))


def _list(
    kind: str,
    source: Path | None,
    out: Path,
    seed: int,
    workers: int | None,
    progress: Progress,
    count: int,
    size: int,
    taxonomy: str | None,
) -> Listing:
    if kind == "phantom":
        return read_phantom(source or out / "images", seed, count, size, workers, progress)
    if kind not in KINDS:
        raise UnusableInput(f"The kind of a data set is one of {', '.join(KINDS)}. Received: {kind!r}.")
    if source is None or not Path(source).is_dir():
        raise UnusableInput(f"The data set's folder does not exist. Received: {source}.")
    root, results = Path(source).resolve(), out.resolve()
    if root == results:
        raise UnusableInput(f"The results would lie among the photos. Received: --out {out}. Give another folder.")
    apart_from = results if results.is_relative_to(root) else None
    readers: dict[str, Callable[[Path], Listing]] = {
        "kaggle": lambda root: read_kaggle(root, apart_from),
        "ham10000": lambda root: read_ham10000(root, apart_from),
        "folder": lambda root: read_folder(root, taxonomy, apart_from),
    }
    return readers[kind](root)


def _groups(
    usable: Sequence[tuple[Record, Mapping[str, Any]]], progress: Progress, workers: int | None, show_duplicates: bool
) -> tuple[list[str], list[Duplicate]]:
    """Groups of photos: the data set's own, or clusters of near-duplicates where it has none."""
    if all(record.group for record, _ in usable) and not show_duplicates:
        return [str(record.group) for record, _ in usable], []
    pairs = same_pictures(
        read_outlines([measurement["outline"] for _, measurement in usable]),
        [record.path for record, _ in usable],
        lambda done, total: progress("compare near-duplicates", done, total),
        workers=workers,
    )
    members = clusters(len(usable), [(pair.first, pair.second) for pair in pairs])
    names = cluster_names([record.path for record, _ in usable], members.tolist())
    return [record.group or name for (record, _), name in zip(usable, names, strict=True)], pairs


def _row(record: Record, measurement: Mapping[str, Any], group: str, split: str, out: Path) -> dict[str, Any]:
    path, folder = record.path.resolve(), out.resolve()
    return {
        "image_path": path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path),
        "dataset": record.dataset,
        "source": record.source,
        "group": group,
        "split": split,
        "diagnosis": record.diagnosis,
        "soft_label": None,
        "lighting_label": measurement["lighting_label"],
        "lighting_reason": measurement["lighting_reason"],
        "ita": measurement["ita"],
        "tone_bucket": measurement["tone_bucket"],
        "fitzpatrick": record.fitzpatrick,
        "monk": record.monk,
        **{k: v for k, v in measurement.items() if k == "mask_share" or k.startswith("light_")},
        "phash": measurement["phash"],
        **record.extras,
    }


def _write_rejected(path: Path, rejections: Sequence[Rejection]) -> None:
    # A name that is not UTF-8 is written with its odd bytes escaped.
    names = [os.fsencode(rejection.path).decode("utf-8", "backslashreplace") for rejection in rejections]
    reasons = [rejection.reason for rejection in rejections]
    write_text(path, csv_text(["image_path", "reason"], zip(names, reasons, strict=True)))
