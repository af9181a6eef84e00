"""CSV tables of data sets: read as text, checked for columns, joined with the photos they name."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from filecmp import cmp
from pathlib import Path
from typing import NamedTuple

from skin_data.csv_table import read_csv
from skin_data.sources.record import Rejection, photos_in
from triage.errors import UnusableInput
from triage.photo_files import is_system_name


class Row(NamedTuple):
    """A row of a table: its place, for messages, and its cells as text."""

    where: str
    cells: Mapping[str, str]


def find_table(root: Path, name: str) -> Path:
    """Find a table in a folder, or in one directly below it.

    Raises:
        UnusableInput: it is in neither.
    """
    # HAM10000's table is also distributed without a suffix.
    names = (name, Path(name).stem)
    places = [root / n for n in names] + [
        child for n in names for child in sorted(root.glob(f"*/{n}")) if not is_system_name(child.parent.name)
    ]
    for place in places:
        if place.is_file():
            return place
    raise UnusableInput(f"{name} is missing. Received: {root}. Give the folder that holds it and the photos.")


def read_table(path: Path, needed: Iterable[str]) -> list[Row]:
    """Read a CSV file; see `read_csv` for arguments and errors."""
    # Rows are counted as records after the header, as spreadsheets do; a cell may hold line ends.
    records = read_csv(path, needed).to_dict("records")
    return [Row(f"{path.name} row {n}", cells) for n, cells in enumerate(records, start=2)]


def without_contradictions(
    rows: Sequence[Row], name: str, label: str, group: str | None = None, folder: Path | None = None
) -> tuple[list[Row], list[Rejection]]:
    """Drop repeated rows: of rows that agree the first is kept, of rows that contradict each other none.

    Args:
        rows: of a table.
        name: column that names the photo.
        label: column with its diagnosis.
        group: column of its patient or lesion, if any.
        folder: resolve names as paths from here, so that two spellings of one path are one photo; None compares text.

    Returns:
        The kept rows, in order, and a rejection for each other row.
    """
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[os.path.realpath(folder / row.cells[name]) if folder else row.cells[name]].append(row)
    kept, rejections = [], []
    for same in by_name.values():
        for what, column in (("labels", label), ("groups", group)):
            values = [row.cells.get(column, "") for row in same] if column else []
            if len(set(values)) > 1:
                listed = "; ".join(f"{row.where} {cell!r}" for row, cell in zip(same, values, strict=True))
                reason, others = f"listed with different {what}, so none is trusted: {listed}", same
                break
        else:
            kept.append(same[0])
            reason, others = f"listed before, in {same[0].where}, which counts", same[1:]
        rejections += [Rejection(f"{row.where} ({row.cells[name]})", reason) for row in others]
    return kept, rejections


def photos_by_name(root: Path, ignored: Path | None, with_suffix: bool) -> tuple[dict[str, Path], list[Rejection]]:
    """Map the file names of the photos below a folder to their paths.

    Copies of one file in two folders count once; data sets are distributed so.

    Args:
        root: to look in.
        ignored: a folder to skip, such as that of the results.
        with_suffix: whether names include the suffix.

    Returns:
        Path by name, and a rejection for each linked folder and each different photo with the same name.
    """
    photos, others = photos_in(root, ignored)
    path_of: dict[str, Path] = {}
    rejections = [other for other in others if Path(other.path).is_dir()]
    for photo in photos:
        name = photo.name if with_suffix else photo.stem
        first = path_of.setdefault(name, photo)
        try:
            same = first is photo or cmp(photo, first, shallow=False)
        except OSError as error:
            reason = f"cannot be compared with {first}, which has this name: {error.strerror}"
            rejections.append(Rejection(str(photo), reason))
        else:
            if not same:
                rejections.append(Rejection(str(photo), f"another photo has this name: {first}"))
    return path_of, rejections


def unlisted(path_of: Mapping[str, Path], listed: Iterable[str], table: str) -> list[Rejection]:
    """Reject the photos that no row of the table names."""
    known = set(listed)
    return [Rejection(str(path), f"no row in {table}") for name, path in path_of.items() if name not in known]
