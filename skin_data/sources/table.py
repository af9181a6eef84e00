"""Tables of data sets: read as text, checked for their columns, joined with the photos they name."""

import io
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from filecmp import cmp
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from skin_data.sources.record import LINKED_FOLDER, Rejection, photos_in
from triage.errors import UnusableInput


class Row(NamedTuple):
    """A row of a table: where it stands, for people, and its cells as text."""

    where: str
    cells: Mapping[str, str]


def find_table(root: Path, name: str) -> Path:
    """Return the table's path: in the folder, or in one directly below it.

    Raises:
        UnusableInput: it is in neither.
    """
    # HAM10000's table is distributed without an ending, too.
    names = (name, Path(name).stem)
    places = [root / n for n in names] + [child for n in names for child in sorted(root.glob(f"*/{n}"))]
    for place in places:
        if place.is_file():
            return place
    raise UnusableInput(f"{name} is missing. Received: {root}. Give the folder that holds it and the photos.")


def read_table(path: Path, needed: Iterable[str]) -> list[Row]:
    """Read a CSV file; every cell is text, and none becomes a number or a missing value by itself.

    Args:
        path: of the file, UTF-8.
        needed: columns it must have.

    Raises:
        UnusableInput: not CSV, no row, or a column is missing.
    """
    try:
        content = path.read_bytes()
        if b"\0" in content:
            raise ValueError("it holds NUL bytes, as UTF-16 and damaged files do. Save it as UTF-8.")
        frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise UnusableInput(f"The table cannot be read. Received: {path} ({error.strerror}).") from error
    except ValueError as error:  # not UTF-8, not a table, empty
        raise UnusableInput(f"The table cannot be read as CSV. Received: {path}: {error}") from error
    if missing := [c for c in needed if c not in frame.columns]:
        raise UnusableInput(
            f"{path.name} lacks the columns {', '.join(missing)}. Received in {path}: {', '.join(frame.columns)}."
        )
    if frame.empty:
        raise UnusableInput(f"The table has no row. Received: {path}.")
    # Rows are counted as records after the header, as spreadsheets do; a cell may hold line ends.
    return [Row(f"{path.name} row {n}", cells) for n, cells in enumerate(frame.to_dict("records"), start=2)]


def without_contradictions(
    rows: Sequence[Row], name: str, label: str, group: str | None = None, folder: Path | None = None
) -> tuple[list[Row], list[Rejection]]:
    """Drop repeated rows: the first of those that say the same stays, and none of those that contradict each other.

    Args:
        rows: of a table.
        name: column that names the photo.
        label: column with its diagnosis.
        group: column of its patient or lesion, if any.
        folder: that names are paths from, so that two spellings of one path name one photo; None compares them as text.

    Returns:
        Rows that stay, in order, and a rejection for each other one.
    """
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[os.path.realpath(folder / row.cells[name]) if folder else row.cells[name]].append(row)
    kept, rejections = [], []
    for same in by_name.values():
        for what, column in (("labels", label), ("groups", group)):
            said = [row.cells.get(column, "") for row in same] if column else []
            if len(set(said)) > 1:
                told = "; ".join(f"{row.where} {cell!r}" for row, cell in zip(same, said, strict=True))
                reason, others = f"listed with different {what}, so none is trusted: {told}", same
                break
        else:
            kept.append(same[0])
            reason, others = f"listed before, in {same[0].where}, which counts", same[1:]
        rejections += [Rejection(f"{row.where} ({row.cells[name]})", reason) for row in others]
    return kept, rejections


def photos_by_name(root: Path, apart_from: Path | None, with_ending: bool) -> tuple[dict[str, Path], list[Rejection]]:
    """Photos below a folder by their file names.

    A file that is there twice, in two folders, counts once; data sets are distributed so.

    Args:
        root: to look in.
        apart_from: a folder to pass over, such as that of the results.
        with_ending: whether names keep their ending.

    Returns:
        Path by name, and a rejection for each linked folder and each different photo under a name that is taken.
    """
    photos, others = photos_in(root, apart_from)
    path_of: dict[str, Path] = {}
    rejections = [other for other in others if other.reason == LINKED_FOLDER]
    for photo in photos:
        name = photo.name if with_ending else photo.stem
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


def unlisted(path_of: Mapping[str, Path], listed: Iterable[Any], table: str) -> list[Rejection]:
    """Photos that no row of the table names."""
    known = set(listed)
    return [Rejection(str(path), f"no row in {table}") for name, path in path_of.items() if name not in known]
