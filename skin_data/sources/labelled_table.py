"""Data sets of one table: each row names a photo, its diagnosis and the patient or lesion that it shows."""

from dataclasses import dataclass
from pathlib import Path

from skin_data.sources.record import Listing, Record, Rejection
from skin_data.sources.table import find_table, photos_by_name, read_table, unlisted, without_contradictions
from skin_data.taxonomy import load_taxonomy


@dataclass(frozen=True)
class TableLayout:
    """How such a data set lays out its table.

    Attributes:
        dataset: its name, which is also that of its own taxonomy.
        table: name of the file.
        source: what its photos are taken with.
        photo: column of the photo's name.
        with_ending: whether that name has its ending.
        diagnosis: column of the diagnosis.
        group: column of the patient or lesion.
        fitzpatrick: column of the Fitzpatrick type, if any.
        kept: columns that go into meta.csv as they are.
    """

    dataset: str
    table: str
    source: str
    photo: str
    with_ending: bool
    diagnosis: str
    group: str
    fitzpatrick: str | None = None
    kept: tuple[str, ...] = ()


def read_labelled_table(
    layout: TableLayout, root: Path, taxonomy: str | None = None, apart_from: Path | None = None
) -> Listing:
    """List the photos of a data set of one table.

    Args:
        layout: of the table.
        root: folder with the table and the photos below it, in whatever folders.
        taxonomy: class list whose codes are those of the column of diagnoses; the data set's own if None.
        apart_from: a folder to pass over, such as that of the results.

    Raises:
        UnusableInput: the table is missing, cannot be read as CSV or has other columns.
    """
    table = find_table(root, layout.table)
    needed = (layout.photo, layout.diagnosis, layout.group, *filter(None, [layout.fitzpatrick]))
    listed = read_table(table, needed)
    rows, rejections = without_contradictions(listed, layout.photo, layout.diagnosis, layout.group)
    classes = load_taxonomy(taxonomy or layout.dataset)
    class_of = classes.by_code
    path_of, clashes = photos_by_name(root, apart_from, layout.with_ending)
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
