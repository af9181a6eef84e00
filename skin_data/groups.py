"""Which photos belong together: by the user's own groups first, then the data set's, then by near-duplicates."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from skin_data.cell_text import is_missing
from skin_data.clusters import cluster_names, clusters, merged_names
from skin_data.duplicates import COPY_DETAIL, Duplicate
from skin_data.photo_location import located
from skin_data.sources.record import Doubt, Record, Rejection
from skin_data.sources.table import read_table

NEEDED = ("image_path", "group")


def read_groups(
    table: Path, records: Sequence[Record], root: Path
) -> tuple[dict[int, str], list[Rejection], list[Doubt]]:
    """Read the user's own groups: a CSV file with the columns `image_path` and `group`.

    A photo is given by its path, absolute or relative to the folder of the data set (`root`) or of the table, or by its
    file name where only one photo has it.

    Returns:
        Group by position in `records`, for listed photos, a rejection for each row without a known photo or group, and
        a doubt for each photo that is listed with several groups, which merges them.
    """
    row_of = {record.path.resolve(): row for row, record in enumerate(records)}
    by_name: dict[str, list[int]] = defaultdict(list)
    for row, record in enumerate(records):
        by_name[record.path.name].append(row)
    groups_of: dict[int, list[str]] = defaultdict(list)
    rejections = []
    for where, cells in read_table(table, NEEDED):
        named, group = cells["image_path"], cells["group"]
        places = [located(named, folder).resolve() for folder in (root, table.parent)]
        found = next((row_of[place] for place in places if place in row_of), None)
        same_name = by_name.get(named, [])
        if found is None and len(same_name) == 1:
            found = same_name[0]
        if found is None:
            reason = f"{len(same_name)} photos have this name: give the path" if same_name else "no such photo"
            rejections.append(Rejection(f"{where} ({named})", reason))
        elif is_missing(group):
            rejections.append(Rejection(f"{where} ({named})", f"no group: {group!r}" if group else "no group"))
        else:
            groups_of[found].append(group)
    merged = merged_names(groups_of.values())
    doubts = [
        Doubt(
            str(records[row].path), "photo in several groups", f"they are one now: {', '.join(dict.fromkeys(groups))}"
        )
        for row, groups in groups_of.items()
        if len(set(groups)) > 1
    ]
    return {row: merged[groups[0]] for row, groups in groups_of.items()}, rejections, doubts


def group_photos(
    records: Sequence[Record], pairs: Sequence[Duplicate], own_groups: Mapping[int, str]
) -> tuple[list[str], list[Doubt]]:
    """Assign each photo to a group.

    The user's own groups (by position in `records`) are never merged, and take along the photos that the data set
    groups with theirs. Where the data set names patients, lesions or cases, only certain copies (`COPY_DETAIL`) merge
    two of them: the same picture under two lesions would leak. Photos without a named group are grouped by all pairs.

    Returns:
        Group of each photo, and doubts: copies that merged two groups, that are in two of the user's own or that have
        another diagnosis, and groups with several diagnoses.
    """
    taken: dict[str | None, str] = {}
    for row in sorted(own_groups):
        taken.setdefault(records[row].group, own_groups[row])
    taken.pop(None, None)
    own = [own_groups.get(row, taken.get(record.group)) for row, record in enumerate(records)]
    known = [group or record.group for group, record in zip(own, records, strict=True)]
    joins = []
    first_of: dict[str, int] = {}
    for row, group in enumerate(known):
        if group is not None:
            joins.append((first_of.setdefault(group, row), row))
    for pair in pairs:
        unnamed = known[pair.first] is None or known[pair.second] is None
        if unnamed or (pair.correlation >= COPY_DETAIL and None in (own[pair.first], own[pair.second])):
            joins.append((pair.first, pair.second))
    members = clusters(len(records), joins).tolist()
    named = cluster_names([record.path for record in records], members)
    # A cluster is named after the first of its photos with a named group, preferably one of the user's own.
    name_of: dict[int, str] = {}
    for names in (own, known):
        for member, name in zip(members, names, strict=True):
            if name is not None:
                name_of.setdefault(member, name)
    # A photo that resembles two of the user's own groups joins one of them and leaves the other unchanged.
    groups = [given or name_of.get(member, name) for given, member, name in zip(own, members, named, strict=True)]
    return groups, _copies(records, pairs, known, groups) + _several_diagnoses(records, groups)


def _copies(
    records: Sequence[Record], pairs: Sequence[Duplicate], known: Sequence[str | None], groups: Sequence[str]
) -> list[Doubt]:
    doubts = []
    for first, second, _, correlation in pairs:
        names, found = (known[first], known[second]), (groups[first], groups[second])
        apart = found[0] != found[1]
        if correlation >= COPY_DETAIL and (apart or (None not in names and names[0] != names[1])):
            one, other = found if apart else names
            kind = "copy in two groups" if apart else "copy joins groups"
            detail = f"the same picture as {records[second].path} ({one} and {other})"
            doubts.append(Doubt(str(records[first].path), kind, detail))
        labels = records[first].diagnosis, records[second].diagnosis
        if correlation >= COPY_DETAIL and None not in labels and labels[0] != labels[1]:
            detail = f"{labels[0]}, and {labels[1]} for the same picture {records[second].path}"
            doubts.append(Doubt(str(records[first].path), "copy with another diagnosis", detail))
    return doubts


def _several_diagnoses(records: Sequence[Record], groups: Sequence[str]) -> list[Doubt]:
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        rows_of[group].append(row)
    doubts = []
    for group, rows in rows_of.items():
        names = Counter(d for row in rows if (d := records[row].diagnosis))
        if len(names) > 1:
            counts = ", ".join(f"{count} {name}" for name, count in sorted(names.items()))
            doubts.append(Doubt(str(records[rows[0]].path), "group of several diagnoses", f"{group}: {counts}"))
    return doubts
