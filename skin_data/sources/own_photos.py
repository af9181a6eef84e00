"""A person's own photos: one folder per class, or a CSV file that lists them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from skin_data.sources.record import Listing, Record, Rejection, photos_of_class_folders
from skin_data.sources.registry import Source
from skin_data.sources.table import read_table, without_contradictions
from skin_data.taxonomy import SkinClass, Taxonomy, load_taxonomy
from triage.errors import UnusableInput
from triage.photo_files import is_system_name

FOLDER_DATASET, TABLE_DATASET = "folder", "listed"
NEEDED = ("image_path", "diagnosis")
OPTIONAL = ("group", "source", "soft_label", "fitzpatrick", "monk")


def read_own_photos(place: Path, taxonomy: str | None = None, ignored: Path | None = None) -> Listing:
    """List the photos of a folder or a table; see `read_folder` and `read_photo_table`."""
    return read_photo_table(place, taxonomy) if place.is_file() else read_folder(place, taxonomy, ignored)


def read_folder(root: Path, taxonomy: str | None = None, ignored: Path | None = None) -> Listing:
    """List the photos of `root/class/photo.jpg`.

    Folders are ordered by the number that leads their name, then by name. A name of several words becomes the class
    id with underscores. Their urgency is "soon" unless a taxonomy says otherwise.

    Args:
        root: holds one folder per class.
        taxonomy: a YAML file or the name of a taxonomy whose `folder` or `id` are the folders' names.
        ignored: a folder to skip, such as that of the results.

    Raises:
        UnusableInput: fewer than two class folders, an empty one, two with the same class id, or one that the
            taxonomy does not know.
    """
    if not root.is_dir():
        raise UnusableInput(f"No such folder. Received: {root}.")
    folders = sorted(
        (p for p in root.iterdir() if p.is_dir() and not is_system_name(p.name) and p != ignored), key=_order
    )
    if len(folders) < 2:
        raise UnusableInput(f"At least two class folders with photos are needed. Received: {root}: {len(folders)}.")
    if taxonomy is None:
        ids = [_class_id(p) for p in folders]
        if same := [p.name for p, name in zip(folders, ids, strict=True) if ids.count(name) > 1]:
            raise UnusableInput(
                f"These folders have the same class id: {', '.join(same)}. Received: {root}. Rename one."
            )
        classes = Taxonomy(
            root.name, root.name, tuple(SkinClass(_class_id(p), p.name, "soon", p.name) for p in folders)
        )
    else:
        classes = load_taxonomy(taxonomy)
    class_of = classes.by_name
    if unknown := [p.name for p in folders if p.name not in class_of]:
        raise UnusableInput(
            f"The taxonomy has no class for these folders: {', '.join(unknown)}. Received: {root}. "
            f"Its classes and folders: {', '.join(class_of)}."
        )
    records, rejections = photos_of_class_folders(
        root, {p: class_of[p.name] for p in folders}, FOLDER_DATASET, lambda _: root.name, ignored
    )
    if absent := [c.id for c in classes.classes if c.id not in {r.diagnosis for r in records}]:
        raise UnusableInput(f"These classes have no folder: {', '.join(absent)}. Received: {root}.")
    return Listing(records, rejections, classes)


def read_photo_table(table: Path, taxonomy: str | None = None) -> Listing:
    """List the photos of a CSV file with the columns `image_path` and `diagnosis`.

    Optional columns: `group` (patient, lesion or case), `source`, `soft_label` (a JSON object from class id to weight),
    `fitzpatrick` and `monk`. Any other column goes into meta.csv with the prefix `own_`. A row without diagnosis is
    used for its lighting alone.

    Args:
        table: the CSV file; relative paths count from its folder.
        taxonomy: class list whose ids or codes are the diagnoses; their sorted set with urgency "soon" if None.

    Raises:
        UnusableInput: not such a table, or fewer than two diagnoses.
    """
    listed = read_table(table, NEEDED)
    rows, rejections = without_contradictions(listed, "image_path", "diagnosis", "group", table.parent)
    if taxonomy is None:
        names = sorted({row.cells["diagnosis"] for row in rows} - {""})
        if len(names) < 2:
            raise UnusableInput(f"The table needs at least two diagnoses. Received: {table}: {', '.join(names)}.")
        classes = Taxonomy(table.stem, table.name, tuple(SkinClass(name, name, "soon") for name in names))
    else:
        classes = load_taxonomy(taxonomy)
    class_of = {**classes.by_name, "": None}
    records = []
    for where, cells in rows:
        where = f"{where} ({cells['image_path']})"
        try:
            soft = _soft_label(cells.get("soft_label", ""), classes.ids)
        except ValueError as error:
            rejections.append(Rejection(where, str(error)))
            continue
        if not cells["image_path"]:
            rejections.append(Rejection(where, "no image_path"))
        elif cells["diagnosis"] not in class_of:
            rejections.append(Rejection(where, f"unknown diagnosis {cells['diagnosis']!r}"))
        else:
            own = {f"own_{c}": v for c, v in cells.items() if c not in NEEDED + OPTIONAL}
            records.append(
                Record(
                    table.parent / cells["image_path"], TABLE_DATASET, cells.get("source") or table.stem,
                    class_of[cells["diagnosis"]], cells.get("group") or None, soft,
                    cells.get("fitzpatrick") or None, cells.get("monk") or None, own,
                )
            )  # fmt: skip
    return Listing(records, rejections, classes)


def _order(path: Path) -> tuple[float, str]:
    number = re.match(r"\d+", path.name)
    return (float(number[0]) if number else float("inf"), path.name)


def _class_id(path: Path) -> str:
    return re.sub(r"\W+", "_", path.name.lower()).strip("_") or path.name


def _soft_label(cell: str, ids: list[str]) -> Mapping[str, float] | None:
    if not cell.strip():
        return None
    try:
        weights = json.loads(cell)
    except ValueError as error:
        raise ValueError(f"soft_label is not JSON: {cell[:80]!r}") from error
    if not isinstance(weights, dict) or not all(
        type(v) in (int, float) and 0 <= v < float("inf") for v in weights.values()
    ):
        raise ValueError(f"soft_label is not an object from class to weight: {cell[:80]!r}")
    if unknown := [name for name in weights if name not in ids]:
        raise ValueError(f"soft_label names the unknown class {unknown[0]!r}")
    total = sum(weights.values())
    if not total:
        raise ValueError(f"soft_label has no weight above 0: {cell[:80]!r}")
    return {name: round(weight / total, 6) for name, weight in weights.items() if weight}


SOURCE = Source(read_own_photos, takes="folder or file")
