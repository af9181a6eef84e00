"""Data sets described by one table: each row names a photo, its diagnosis and its patient or lesion."""

from dataclasses import dataclass
from pathlib import Path

from skin_data.sources.record import Listing, Record, Rejection
from skin_data.sources.table import find_table, photos_by_name, read_table, unlisted, without_contradictions
from skin_data.taxonomy import load_taxonomy


@dataclass(frozen=True)
class TableLayout:
    """Names and columns of such a table.

    Attributes:
        dataset: its name, which is also that of its default taxonomy.
        table: name of the file.
        source: kind of its photos, such as dermoscopy.
        photo: column of the photo's name.
        with_suffix: whether that name includes the suffix.
        diagnosis: column of the diagnosis.
        group: column of the patient or lesion.
        fitzpatrick: column of the Fitzpatrick type, if any.
        kept: columns copied to meta.csv.
    """

    dataset: str
    table: str
    source: str
    photo: str
    with_suffix: bool
    diagnosis: str
    group: str
    fitzpatrick: str | None = None
    kept: tuple[str, ...] = ()


def read_labelled_table(
    layout: TableLayout, root: Path, taxonomy: str | None = None, ignored: Path | None = None
) -> Listing:
    """List the photos of a data set that one table describes.

    Args:
        layout: of the table.
        root: folder with the table, and the photos in any folder below it.
        taxonomy: class list whose codes are the data set's diagnoses; its default if None.
        ignored: a folder to skip, such as that of the results.

    Raises:
        UnusableInput: the table is missing, is not CSV or lacks a column.
    """
    table = find_table(root, layout.table)
    needed = (layout.photo, layout.diagnosis, layout.group, *filter(None, [layout.fitzpatrick]))
    listed = read_table(table, needed)
    rows, rejections = without_contradictions(listed, layout.photo, layout.diagnosis, layout.group)
    classes = load_taxonomy(taxonomy or layout.dataset)
    class_of = classes.by_code
    path_of, clashes = photos_by_name(root, ignored, layout.with_suffix)
    records = []
    for place, cells in rows:
        name, diagnosis, group = cells[layout.photo], cells[layout.diagnosis], cells[layout.group]
        path, where = path_of.get(name), f"{place} ({name})"
        if path is None:
            rejections.append(Rejection(where, "no photo of that name"))
        elif diagnosis not in class_of:
            rejections.append(Rejection(where, f"unknown diagnosis {diagnosis!r}"))
        elif not group:
            rejections.append(Rejection(where, f"no {layout.group}, so it cannot be kept out of other splits"))
        else:
            records.append(
                Record(
                    path,
                    layout.dataset,
                    layout.source,
                    class_of[diagnosis],
                    group,
                    fitzpatrick=(cells[layout.fitzpatrick].removesuffix(".0") or None) if layout.fitzpatrick else None,
                    extras={column: cells[column] for column in layout.kept if column in cells},
                )
            )
    rejections += clashes + unlisted(path_of, [row.cells[layout.photo] for row in listed], table.name)
    return Listing(records, rejections, classes)
