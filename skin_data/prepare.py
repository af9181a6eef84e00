"""From a data set on disk to one meta.csv: list, measure, group, split, describe."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skin_data.boxes import BOX, box_of_mask, box_text, masks_by_name
from skin_data.confounding import trivial_baselines
from skin_data.csv_table import csv_text
from skin_data.dask_cluster import Cluster
from skin_data.datacard import DataFindings, write_datacard
from skin_data.duplicate_sheets import write_duplicate_sheets
from skin_data.duplicates import same_pictures
from skin_data.findings import doubts_of
from skin_data.groups import group_photos, read_groups
from skin_data.ledger import run_resumable
from skin_data.manifest import read_manifest, write_manifest
from skin_data.measurement import measure_photo, measurement_keys, measuring_code
from skin_data.perceptual_hash import read_outlines
from skin_data.photo_location import is_url, located
from skin_data.progress import Progress, no_progress
from skin_data.sources.record import ConditionCoverage, Doubt, Listing, Record, Rejection
from skin_data.sources.registry import SOURCES, Source, load_source
from skin_data.splits import split_by_group
from triage.atomic import remove_abandoned, write_text
from triage.errors import UnreadablePhoto, UnusableInput

LARGEST_SEED = 2**32 - 1
"""The largest that scikit-learn accepts."""
FEW_PHOTOS = 10
"""From here on, photos in one split alone are an error: nothing could be trained."""
SHOWN_REASONS = 3
"""Of rejections, in an error; rejected.csv has all."""


@dataclass(frozen=True)
class PrepareResult:
    """What `prepare` wrote: the table, the number of photos in it and of those rejected, doubts, and wall time in
    seconds.
    """

    meta_path: Path
    used: int
    rejected: int
    doubts: Sequence[Doubt]
    seconds: float

    @property
    def doubtful(self) -> int:
        """The number of doubts."""
        return len(self.doubts)


def prepare(
    kind: str,
    source: Path | Sequence[str | Path] | None,
    out: Path,
    seed: int = 42,
    workers: int | None = None,
    progress: Progress = no_progress,
    count: int = 2000,
    size: int = 224,
    taxonomy: str | None = None,
    columns: str | None = None,
    photos: str | Path | None = None,
    groups: Path | None = None,
    show_duplicates: bool = False,
    masks: Path | None = None,
    keep_splits: bool = False,
    cluster: str | None = None,
) -> PrepareResult:
    """Write `meta.csv`, `taxonomy.yaml`, `rejected.csv`, `doubtful.csv`, `datacard.md` and `figures/` for a data set.

    After a kill the same call resumes: measurements are cached beside the output, and half-written files are removed.
    Photos that cannot be used never end the run.

    Args:
        kind: a name in `skin_data.sources.registry.SOURCES`.
        source: what that data set's `Source.takes` asks for; None where it takes nothing.
        out: folder for the results.
        seed: random seed for the split and for phantoms, 0 to `LARGEST_SEED`.
        workers: processes; all cores if None.
        progress: called as `progress(stage, done, total)`.
        count: phantoms to render.
        size: side of a phantom in pixels.
        taxonomy: class list, a YAML file or the name of a built-in one.
        columns: what the columns of a person's own table mean; see `sources.own_photos.read_photo_tables`.
        photos: folder or URL of that table's photos; the table's own folder if None.
        groups: CSV file that overrides groups; see `groups.read_groups`.
        show_duplicates: write pages with the photos of near-duplicates to `figures/duplicates/`.
        keep_splits: of combined data, the first table's photos keep their groups and splits.
        cluster: address of a Dask scheduler whose workers measure the photos; see `dask_cluster.Cluster`.
        masks: folder of masks, white on the lesion, named as the photos; the lesions' boxes go into the column `box`.

    Raises:
        UnusableInput: the source is not such a data set, a class is missing or has no usable photo, all photos would be
            in one split, or the seed is out of range.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise UnusableInput(f"The seed must be a whole number from 0 to {LARGEST_SEED}. Received: {seed}.")
    start = time.perf_counter()
    out = Path(out)
    remove_abandoned(out)
    layout = load_source(kind)
    for name, given in (("taxonomy", taxonomy), ("columns", columns), ("photos", photos), ("keep_splits", keep_splits)):
        if given and name not in layout.options:
            able = [known for known in SOURCES if name in load_source(known).options]
            option = name.replace("_", "-")
            raise UnusableInput(f"Only {', '.join(able)} can be prepared with --{option}. Received: {kind}.")
    places = [located(place) for place in ([source] if isinstance(source, (str, Path)) else source or [])]
    place = _check_places(kind, layout, places, out)
    options: dict[str, Any] = {
        "taxonomy": taxonomy, "ignored": _results_below(place, out), "columns": columns,
        "photos": located(photos) if photos else None, "seed": seed,
        "workers": workers, "progress": progress, "count": count, "size": size, "keep_splits": keep_splits,
    }  # fmt: skip
    listing = layout.read(place, **{name: options[name] for name in layout.options})
    rejections, doubts = list(listing.rejections), list(listing.doubts)
    with closing(Cluster(cluster, measuring_code)) if cluster else nullcontext() as machines:
        records, measured = _measure(listing.records, out, rejections, workers, progress, machines)
    doubts += [
        Doubt(str(r.path), "colours", text) for r, m in zip(records, measured, strict=True) for text in m["warnings"]
    ]
    own_groups = {number: record.group for number, record in enumerate(records) if record.split and record.group}
    if groups is not None:
        root = places[0] if places else out
        given_groups, unmatched, merged = read_groups(groups, records, root if root.is_dir() else root.parent)
        own_groups = {**given_groups, **own_groups}
        rejections += unmatched
        doubts += merged
    _write_findings(out / "rejected.csv", "reason", ((r.path, r.reason) for r in rejections))
    boxes: dict[int, str] = {}
    if masks is not None:
        boxes, unusable = _boxes(records, masks_by_name(Path(masks)))
        doubts += unusable
    doubts += _absent_classes(listing, records, rejections, layout.may_lack_classes or taxonomy is not None, out)
    # Taken out of the measurements, of which 100,000 have to fit in memory.
    outlines = read_outlines([measurement.pop("outline") for measurement in measured])
    frames = [measurement.pop("frame") for measurement in measured]
    pairs = []
    if not layout.look_alike:
        pairs = same_pictures(
            outlines,
            [record.path for record in records],
            lambda done, total: progress("compare near-duplicates", done, total),
            workers=workers,
        )
    group_names, group_doubts = group_photos(records, pairs, own_groups)
    doubts += group_doubts
    splits = split_by_group(
        group_names,
        [record.diagnosis for record in records],
        [str(m["tone_bucket"]) for m in measured],
        seed,
        kept={group: record.split for group, record in zip(group_names, records, strict=True) if record.split},
    )
    if len(set(splits)) == 1 and len(splits) >= FEW_PHOTOS:
        name, size = Counter(group_names).most_common(1)[0]
        raise UnusableInput(
            f"All photos would be in the split {splits[0]}: those of a group (patient, lesion, copies) stay together, "
            f"and a class needs three groups. Received: {len(splits)} photos in {len(set(group_names))} groups, {size} "
            f"of them in {name!r}. Check the column of groups, or add photos."
        )
    meta = out / "meta.csv"
    rows = [
        {**_row(record, measurement, group, split, out.resolve()), **({BOX: boxes[number]} if number in boxes else {})}
        for number, (record, measurement, group, split) in enumerate(
            zip(records, measured, group_names, splits, strict=True)
        )
    ]
    write_manifest(meta, rows, listing.taxonomy)
    manifest = read_manifest(meta)
    doubts += doubts_of(manifest)
    _write_findings(out / "doubtful.csv", "doubt", ((d.path, d.kind, d.detail) for d in doubts), ("detail",))
    if listing.coverage:
        write_text(out / "coverage.csv", csv_text(ConditionCoverage._fields, listing.coverage))
    progress("predict without the lesion", 0, 1)
    baselines = trivial_baselines(
        [record.diagnosis for record in records],
        [record.source for record in records],
        group_names,
        np.array([[m["width"], m["height"]] for m in measured], np.float64),
        frames,
        seed,
    )
    progress("predict without the lesion", 1, 1)
    found = DataFindings(rejections, doubts, pairs, baselines, listing.coverage, listing.columns)
    write_datacard(out, manifest, found, seed)
    if show_duplicates:
        write_duplicate_sheets(out / "figures" / "duplicates", records, splits, pairs, progress)
    return PrepareResult(meta, len(records), len(rejections), doubts, round(time.perf_counter() - start, 1))


def _check_places(kind: str, source: Source, places: list[Path], out: Path) -> Path | list[Path]:
    """Return what `Source.read` takes."""
    if urls := [str(place) for place in places if is_url(place)]:
        raise UnusableInput(
            f"A data set is a folder or tables on this machine. Received: {', '.join(urls)}. List the photos there in "
            "a CSV file, by their URLs or by their paths from --photos URL."
        )
    if source.takes == "files":
        return places
    if source.takes == "folder or files" and places and all(place.is_file() for place in places):
        return [place.resolve() for place in places]
    if len(places) > 1:
        raise UnusableInput(f"{kind} takes one source. Received: {', '.join(map(str, places))}.")
    place = places[0] if places else None
    if source.takes == "nothing":
        return place or out / "images"
    if place is None or not place.is_dir():
        what = "is a file: unpack it if it is an archive" if place and place.is_file() else "does not exist"
        raise UnusableInput(
            f"The data set's folder {what}. Received: {place}. Give {SOURCES[kind].layout}; "
            "`skin-distill download` fetches some data sets."
        )
    if place.resolve() == out.resolve():
        raise UnusableInput(f"The results would lie among the photos. Received: --out {out}. Give another folder.")
    return place.resolve() if source.takes == "folder" else [place.resolve()]


def _results_below(place: Path | list[Path], out: Path) -> Path | None:
    """Return the folder of the results where it lies below the data set's."""
    folders = [place] if isinstance(place, Path) else place
    return out.resolve() if any(out.resolve().is_relative_to(folder) for folder in folders) else None


def _measure(
    listed: Sequence[Record],
    out: Path,
    rejections: list[Rejection],
    workers: int | None,
    progress: Progress,
    cluster: Cluster | None,
) -> tuple[list[Record], list[dict[str, Any]]]:
    """Measure photos; those that cannot be read are added to the rejections."""
    keys = measurement_keys([record.path for record in listed])
    results = run_resumable(
        measure_photo,
        {key: str(record.path) for key, record in zip(keys, listed, strict=True)},
        out / ".measurements.jsonl",
        # A photo may be rejected for its permissions, which its modification time does not show.
        still_valid=lambda key, result: "error" not in result,
        workers=workers,
        progress=lambda done, total: progress("measure photos", done, total),
        cluster=cluster,
    )
    records, measured = [], []
    for key, record in zip(keys, listed, strict=True):
        if "error" in results[key]:
            rejections.append(Rejection(str(record.path), results[key]["error"]))
        else:
            records.append(record)
            measured.append(results[key])
    return records, measured


def _boxes(records: Sequence[Record], masks: Mapping[str, Path]) -> tuple[dict[int, str], list[Doubt]]:
    """Return the cell of each photo's box by its number, where its mask has one, and what is doubtful about masks."""
    boxes, doubts = {}, []
    counts = Counter(record.path.stem for record in records)
    for number, record in enumerate(records):
        if (mask := masks.get(record.path.stem)) is None:
            continue
        if counts[record.path.stem] > 1:
            doubts.append(Doubt(str(record.path), "mask of several photos", "the photo gets no box: rename it"))
            continue
        try:
            box = box_of_mask(mask)
        except UnreadablePhoto as error:
            doubts.append(Doubt(str(mask), "mask cannot be read", error.reason))
            continue
        if box is None:
            doubts.append(Doubt(str(mask), "mask without a lesion", "the photo gets no box"))
        else:
            boxes[number] = box_text(box)
    if not boxes:
        doubts.append(Doubt(str(next(iter(masks.values())).parent), "masks without a photo", "no photo has its name"))
    return boxes, doubts


def _absent_classes(
    listing: Listing, records: Sequence[Record], rejections: Sequence[Rejection], allowed: bool, out: Path
) -> list[Doubt]:
    """List the classes without a photo; raise where they are not allowed, or where all are absent."""
    present = {record.diagnosis for record in records}
    absent = [c for c in listing.taxonomy.ids if c not in present]
    if absent and (not allowed or len(absent) == len(listing.taxonomy.ids)):
        reasons = Counter(rejection.reason for rejection in rejections).most_common(SHOWN_REASONS)
        why = "".join(f" {count} rejected: {reason}." for reason, count in reasons)
        raise UnusableInput(
            f"No usable photo of: {', '.join(absent)}. Received: {len(records)} usable photos.{why} All rejections are "
            f"in {out / 'rejected.csv'}."
        )
    return [Doubt(name, "class without a photo", "it cannot be trained or measured on this data") for name in absent]


def _row(record: Record, measurement: Mapping[str, Any], group: str, split: str, folder: Path) -> dict[str, Any]:
    path = record.path if is_url(record.path) else record.path.resolve()
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
    # Bytes of a name that are not UTF-8 are escaped.
    rows = ((os.fsencode(place).decode("utf-8", "backslashreplace"), *rest) for place, *rest in findings)
    write_text(path, csv_text(["image_path", what, *more], rows))
