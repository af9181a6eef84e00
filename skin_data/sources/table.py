"""CSV tables of data sets: read as text, joined with each other and with the photos they name."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from filecmp import cmp
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import pandas as pd

from skin_data.csv_table import read_csv
from skin_data.photo_location import is_url, located
from skin_data.sources.record import Doubt, Rejection, photos_in
from triage.errors import UnusableInput
from triage.photo_files import PHOTO_SUFFIXES, is_system_name

Item = TypeVar("Item")
Finder = Callable[[str], Path | str]
"""Finds the photo that a cell names; a text says why there is none."""


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
    for place in (found for n in (name, Path(name).stem) for found in [root / n, *sorted(root.glob(f"*/{n}"))]):
        if place.is_file() and not is_system_name(place.parent.name):
            return place
    raise UnusableInput(f"{name} is missing. Received: {root}. Give the folder that holds it and the photos.")


def read_table(path: Path, needed: Iterable[str]) -> list[Row]:
    """Read a CSV file; see `read_csv` for arguments and errors."""
    return _rows(path, read_csv(path, needed))


def read_joined(tables: Sequence[Path], key: str, needed: Iterable[str]) -> tuple[list[Row], list[Doubt]]:
    """Read tables about the same photos as one, as ISIC publishes diagnoses and patients.

    The first table lists the photos, the others say more about them; `key` names the photo in all, and each further
    column that is needed is in one of them.

    Returns:
        The first table's rows with the cells of all, and a doubt where only some tables name a photo.

    Raises:
        UnusableInput: not such tables; a later one has several rows for a photo, or they contradict each other.
    """
    advice = "Say with --columns which columns are photo, diagnosis and so on."
    whole = read_csv(tables[0], [key] if tables[1:] else dict.fromkeys([key, *needed]), advice)
    doubts = []
    for table in tables[1:]:
        more = read_csv(table, [key], advice)
        if (twice := more[key].duplicated()).any():
            raise UnusableInput(f"{table} has several rows for {more[key][twice].iloc[0]!r}. Keep one of them.")
        added = whole[[key]].merge(more, on=key, how="left").set_index(whole.index)
        for column in set(more) & set(whole):
            wrong = added[column].notna() & (added[column] != whole[column])
            if wrong.any():
                place = f"row {whole.index[wrong][0]} of {tables[0]}"
                raise UnusableInput(f"The tables contradict each other in {column}. Received: {place}, and {table}.")
        whole = whole.join(added.drop(columns=[column for column in added if column in whole]).fillna(""))
        for here, there, other in ((whole, more, tables[0]), (more, whole, table)):
            if len(alone := here[key][~here[key].isin(there[key])]):
                doubts.append(
                    Doubt(f"{other.name} ({alone.iloc[0]})", "photo in one table only", f"{len(alone)} photos")
                )
    if missing := [column for column in needed if column not in whole]:
        places = ", ".join(map(str, tables))
        raise UnusableInput(
            f"The columns {', '.join(missing)} are missing. Received: {places} with {', '.join(whole)}."
        )
    return _rows(tables[0], whole), doubts


def _rows(path: Path, frame: pd.DataFrame) -> list[Row]:
    return [Row(f"{path.name} row {n}", cells) for n, cells in zip(frame.index, frame.to_dict("records"), strict=True)]


def without_contradictions(
    items: Sequence[Item],
    key: Callable[[Item], Hashable],
    compared: Mapping[str, Callable[[Item], str]],
    places: Callable[[Item], tuple[str, str]],
) -> tuple[list[Item], list[Rejection]]:
    """Drop repeated rows: of rows that agree the first is kept, of rows that contradict each other none.

    Rows about one photo or case have the same `key`; `compared` names what they must agree in, and `places` gives a
    row's place in its table for messages, without and with the name of the photo. Each row that is not kept is a
    rejection.
    """
    by_key: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        by_key[key(item)].append(item)
    kept, rejections = [], []
    for same in by_key.values():
        for what, value_of in compared.items():
            values = [value_of(item) for item in same]
            if len(set(values)) > 1:
                listed = "; ".join(f"{places(item)[0]} {value!r}" for item, value in zip(same, values, strict=True))
                reason, others = f"listed with different {what}, so none is trusted: {listed}", same
                break
        else:
            kept.append(same[0])
            reason, others = f"listed before, in {places(same[0])[0]}, which counts", same[1:]
        rejections += [Rejection(places(item)[1], reason) for item in others]
    return kept, rejections


def photos_by_name(root: Path, ignored: Path | None, with_suffix: bool) -> tuple[dict[str, Path], list[Rejection]]:
    """Map the file names of the photos below a folder, with or without suffix, to their paths.

    Copies of one file in two folders count once; data sets are distributed so. Folders not looked into and different
    photos with the same name are rejected.
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


def photo_finder(base: Path) -> Finder:
    """Return a function that finds the photo a cell of a person's own table names.

    A cell is a path from `base`, with or without its ending, or the name of one photo anywhere below `base`. URLs, and
    paths from a URL, are not looked for: a photo that is missing there is rejected when it is measured.
    """

    @cache
    def places() -> Mapping[str, list[Path]]:
        found = defaultdict(list)
        for path in photos_in(base)[0]:
            for name in {path.name, path.stem}:
                found[name].append(path)
        return found

    def find(cell: str) -> Path | str:
        if is_url(cell) or is_url(base):
            return located(cell) if is_url(cell) else base / cell
        path = base / cell
        if not path.exists():
            path = base / cell.replace("\\", "/")  # written on Windows
        inside = path.relative_to(base).parts if path.is_relative_to(base) else ()
        if any(is_system_name(part) for part in inside if part != ".."):
            return "in a hidden or system folder"
        if path.is_file() or "\0" in cell:
            return path
        found = [ending for suffix in sorted(PHOTO_SUFFIXES) if (ending := Path(f"{path}{suffix}")).is_file()]
        if not found and len(inside) == 1:
            found = places().get(path.name, [])
        if len(found) > 1:
            return f"{len(found)} photos have this name: give the path"
        return found[0] if found else path

    return find


def unlisted(path_of: Mapping[str, Path], listed: Iterable[str], table: str) -> list[Rejection]:
    """Reject the photos that no row of the table names."""
    known = set(listed)
    return [Rejection(str(path), f"no row in {table}") for name, path in path_of.items() if name not in known]
