"""A person's own photos: one folder per class, or CSV files that list them."""

import re
from collections.abc import Sequence
from pathlib import Path

from skin_data.cell_text import are_splits, check_class_names, is_missing, is_split_name, simplified
from skin_data.photo_location import is_url
from skin_data.sources.labelled_table import MEANINGS, TableLayout, read_labelled_rows
from skin_data.sources.record import Doubt, Listing, photos_of_class_folders
from skin_data.sources.registry import Source
from skin_data.sources.table import photo_finder, read_joined
from skin_data.taxonomy import SkinClass, Taxonomy, load_taxonomy
from triage.errors import UnusableInput
from triage.photo_files import is_system_name

FOLDER_DATASET, TABLE_DATASET = "folder", "listed"
DEFAULTS: dict[str, tuple[str, ...]] = {m: ("image_path" if m == "photo" else m,) for m in MEANINGS}


def read_own_photos(
    places: Sequence[Path],
    taxonomy: str | None = None,
    ignored: Path | None = None,
    columns: str | None = None,
    photos: Path | None = None,
) -> Listing:
    """List the photos of a folder or of tables; see `read_folder` and `read_photo_tables`."""
    if places[0].is_file():
        return read_photo_tables(places, taxonomy, columns, photos)
    if columns or photos:
        raise UnusableInput(f"Columns and a folder of photos belong to a table. Received: {places[0]}, no CSV file.")
    return read_folder(places[0], taxonomy, ignored)


def read_folder(root: Path, taxonomy: str | None = None, ignored: Path | None = None) -> Listing:
    """List the photos of `root/class/photo.jpg`.

    Folders are ordered by the number that leads their name, then by name. A name of several words becomes the class
    id with underscores. Their urgency is "soon" unless a taxonomy, whose `folder` or `id` they are, says otherwise.

    Raises:
        UnusableInput: fewer than two class folders, an empty one, or folders that name no class: splits, missing
            values, two spellings of one class, or names that the taxonomy does not know.
    """
    folders = sorted(_folders_in(root, ignored), key=_order)
    if len(folders) < 2:
        inner = [p for p in folders if len(_folders_in(p, ignored)) > 1]
        advice = f" Perhaps you mean {inner[0]}." if inner else ""
        raise UnusableInput(
            f"At least two class folders with photos are needed. Received: {root}: {len(folders)}.{advice}"
        )
    classes = load_taxonomy(taxonomy) if taxonomy else _folders_as_classes(root, folders, ignored)
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
    by_spelling = {simplified(name): class_id for name, class_id in class_of.items()}
    doubts = [
        Doubt(str(record.path), "folder of another class", f"used as {record.diagnosis}, though it lies in {part}")
        for record in records
        for part in record.path.relative_to(root).parts[1:-1]
        if by_spelling.get(simplified(part), record.diagnosis) != record.diagnosis
    ]
    return Listing(records, rejections, classes, doubts)


def _folders_in(folder: Path, ignored: Path | None) -> list[Path]:
    return [p for p in folder.iterdir() if p.is_dir() and not is_system_name(p.name) and p != ignored]


def _folders_as_classes(root: Path, folders: Sequence[Path], ignored: Path | None) -> Taxonomy:
    """Make each folder a class; raise where the folders are something else."""
    inner = [{p.name for p in _folders_in(folder, ignored)} for folder in folders]
    if are_splits([p.name for p in folders]) or (
        len(inner[0]) > 1
        and all(names == inner[0] for names in inner)
        and not all(map(is_split_name, inner[0]))
        and not any(p.is_file() and not is_system_name(p.name) for folder in folders for p in folder.iterdir())
    ):
        one = next((n for n, folder in enumerate(folders) if "train" in folder.name.lower()), 0)
        held = f"holds the folders {', '.join(sorted(inner[one])[:4])}" if inner[one] else "is a part of a data set"
        raise UnusableInput(
            f"These folders are no classes: {', '.join(p.name for p in folders)}. Received: {root}; "
            f"{folders[one].name} {held}. Give one of them, such as {folders[one]}, or put the photos of all into one "
            "folder per class (`prepare` makes its own splits). If they are classes, name them in a --taxonomy."
        )
    check_class_names([p.name for p in folders], str(root))
    ids = [_class_id(p) for p in folders]
    if same := [p.name for p, name in zip(folders, ids, strict=True) if ids.count(name) > 1]:
        raise UnusableInput(f"These folders have the same class id: {', '.join(same)}. Received: {root}. Rename one.")
    if missing := [p.name for p in folders if is_missing(p.name)]:
        raise UnusableInput(
            f"These folders name no diagnosis: {', '.join(missing)}. Received: {root}. Move them elsewhere, or make "
            "them a class of a --taxonomy."
        )
    classes = tuple(SkinClass(name, p.name, "soon", p.name) for p, name in zip(folders, ids, strict=True))
    return Taxonomy(root.name, root.name, classes)


def read_photo_tables(
    tables: Sequence[Path], taxonomy: str | None = None, columns: str | None = None, photos: Path | None = None
) -> Listing:
    """List the photos of CSV files about the same photos; the first lists them.

    Columns that mean nothing go into meta.csv with the prefix `own_`. A row without diagnosis is used for its lighting
    alone. Diagnoses are ids or codes of the taxonomy; their sorted set with urgency "soon" if None.

    Args:
        tables: the files.
        taxonomy: a YAML file or the name of a built-in one.
        columns: what columns mean, such as `photo=isic_id,diagnosis=MEL|NV,group=lesion_id`; see `TableLayout.columns`.
            By default the photo is `image_path` and the others have the names of `MEANINGS`.
        photos: folder of the photos; the first table's if None.

    Raises:
        UnusableInput: not such tables, a column is missing, or the diagnoses are not at least two classes.
    """
    place = tables[0]
    given = _columns(columns)
    mapping = DEFAULTS | given
    needed = [column for meaning in ("photo", "diagnosis", *given) for column in mapping[meaning]]
    rows, doubts = read_joined(tables, mapping["photo"][0], dict.fromkeys(needed))
    there = {meaning: named for meaning, named in mapping.items() if set(named) <= set(rows[0].cells)}
    layout = TableLayout(TABLE_DATASET, place.stem, there)
    base = (photos or place.parent).resolve()
    if not is_url(base) and not base.is_dir():
        raise UnusableInput(f"The folder of the photos does not exist. Received: {base}.")
    classes = load_taxonomy(taxonomy) if taxonomy else None
    listing = read_labelled_rows(rows, layout, photo_finder(base), classes, place)
    return listing._replace(doubts=[*doubts, *listing.doubts], columns={m: "|".join(c) for m, c in there.items()})


def _columns(text: str | None) -> dict[str, tuple[str, ...]]:
    columns: dict[str, tuple[str, ...]] = {}
    for part in (text or "").split(",") if text else ():
        meaning, _, names = (word.strip() for word in part.partition("="))
        if meaning not in MEANINGS or not names or meaning in columns:
            raise UnusableInput(
                f"Columns are given as photo=NAME,diagnosis=NAME and so on, each once. Received: {part!r}. Known: "
                f"{', '.join(MEANINGS)}; several columns of `photo` or one-hot ones of `diagnosis` as A|B|C."
            )
        columns[meaning] = tuple(name.strip() for name in names.split("|"))
    return columns


def _order(path: Path) -> tuple[float, str]:
    number = re.match(r"\d+", path.name)
    return (float(number[0]) if number else float("inf"), path.name)


def _class_id(path: Path) -> str:
    return re.sub(r"\W+", "_", path.name.lower()).strip("_") or path.name


SOURCE = Source(read_own_photos, ("taxonomy", "ignored", "columns", "photos"), takes="folder or files")
