"""Which photos belong together: the person's own word first, then the data set's, then what the pictures say."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from teacher.data.duplicates import COPY_DETAIL, Duplicate, cluster_names, clusters
from teacher.data.sources.record import Doubt, Record, Rejection
from teacher.data.sources.table import read_table

NEEDED = ("image_path", "group")


def read_groups(table: Path, records: Sequence[Record], root: Path) -> tuple[dict[int, str], list[Rejection]]:
    """Read a person's own groups: a CSV file with the columns `image_path` and `group`.

    A photo is found by its path, absolute or counted from the data set's folder or from the table's, or by its bare
    file name where only one photo has it. A photo that is listed with several groups joins them.

    Args:
        table: the CSV file.
        records: the data set's photos.
        root: the data set's folder.

    Returns:
        Group by row of `records`, for those that are listed, and a rejection for each row that names no photo or no
        group.

    Raises:
        UnusableInput: no such table, or it lacks a column.
    """
    row_of = {record.path.resolve(): row for row, record in enumerate(records)}
    by_name: dict[str, list[int]] = defaultdict(list)
    for row, record in enumerate(records):
        by_name[record.path.name].append(row)
    groups_of: dict[int, list[str]] = defaultdict(list)
    rejections = []
    for where, cells in read_table(table, NEEDED):
        named, group = cells["image_path"], cells["group"]
        places = [(folder / named).resolve() for folder in (root, table.parent)]
        row = next((row_of[place] for place in places if place in row_of), None)
        same_name = by_name.get(named, [])
        if row is None and len(same_name) == 1:
            row = same_name[0]
        if row is None:
            reason = f"{len(same_name)} photos have this name: give the path" if same_name else "no such photo"
            rejections.append(Rejection(f"{where} ({named})", reason))
        elif not group:
            rejections.append(Rejection(f"{where} ({named})", "no group"))
        else:
            groups_of[row].append(group)
    names = list(dict.fromkeys(group for groups in groups_of.values() for group in groups))
    number = {name: n for n, name in enumerate(names)}
    pairs = [(number[groups[0]], number[other]) for groups in groups_of.values() for other in groups[1:]]
    first = clusters(len(names), pairs).tolist()
    return {row: names[first[number[groups[0]]]] for row, groups in groups_of.items()}, rejections


def group_photos(
    records: Sequence[Record], pairs: Sequence[Duplicate], own_groups: Mapping[int, str]
) -> tuple[list[str], list[Doubt]]:
    """Give each photo its group.

    A person's own groups stand as they are. Where the data set names patients, lesions or cases, only copies beyond
    doubt join two of them: the same file under two lesions would leak. Photos without any name are grouped by all
    pairs.

    Args:
        records: the photos.
        pairs: of photos that show the same picture.
        own_groups: a person's own groups by row.

    Returns:
        Group of each photo, and what a person should look at: copies that joined two groups, or stand in two of a
        person's own, and groups with several diagnoses.
    """
    known = [own_groups.get(row, record.group) for row, record in enumerate(records)]
    doubts = []
    joins = []
    first_of: dict[str, int] = {}
    for row, group in enumerate(known):
        if group is not None:
            joins.append((first_of.setdefault(group, row), row))
    for pair in pairs:
        one, other = known[pair.first], known[pair.second]
        if one is None or other is None:
            joins.append((pair.first, pair.second))
        elif pair.correlation >= COPY_DETAIL and one != other:
            theirs = pair.first in own_groups and pair.second in own_groups
            if not theirs:
                joins.append((pair.first, pair.second))
            doubts.append(
                Doubt(
                    str(records[pair.first].path),
                    "copy in two groups" if theirs else "copy joins groups",
                    f"the same picture as {records[pair.second].path} ({one} and {other})",
                )
            )
    members = clusters(len(records), joins).tolist()
    named = cluster_names([record.path for record in records], members)
    # A cluster is called after the first of its photos that has a name.
    name_of = {}
    for row, group in enumerate(known):
        if group is not None:
            name_of.setdefault(members[row], group)
    groups = [name_of.get(member, name) for member, name in zip(members, named, strict=True)]
    # A photo that looks like two of a person's own groups goes with one of them and leaves the other as it was.
    for row, group in own_groups.items():
        groups[row] = group
    return groups, doubts + _several_diagnoses(records, groups)


def _several_diagnoses(records: Sequence[Record], groups: Sequence[str]) -> list[Doubt]:
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        rows_of[group].append(row)
    doubts = []
    for group, rows in rows_of.items():
        names = Counter(d for row in rows if (d := records[row].diagnosis))
        if len(names) > 1:
            told = ", ".join(f"{count} {name}" for name, count in sorted(names.items()))
            doubts.append(Doubt(str(records[rows[0]].path), "group of several diagnoses", f"{group}: {told}"))
    return doubts
