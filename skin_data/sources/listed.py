"""Photos of one's own, listed in a CSV file."""

import json
from collections.abc import Mapping
from pathlib import Path

from skin_data.sources.record import Listing, Record, Rejection
from skin_data.sources.table import read_table, without_contradictions
from skin_data.taxonomy import SkinClass, Taxonomy, load_taxonomy
from triage.errors import UnusableInput

DATASET = "listed"
NEEDED = ("image_path", "diagnosis")
OPTIONAL = ("group", "source", "soft_label", "fitzpatrick", "monk")


def read_listed(table: Path, taxonomy: str | None = None) -> Listing:
    """List the photos of a table with the columns `image_path` and `diagnosis`.

    `group` (patient, lesion or case), `source`, `soft_label` (a JSON object from class id to share), `fitzpatrick` and
    `monk` are understood where they are there; further columns go into meta.csv as they are, with the prefix `own_`. A
    row without diagnosis is used for its light alone.

    Args:
        table: of the photos; relative paths count from its folder.
        taxonomy: class list whose ids or codes are the diagnoses; their sorted set if None, with urgency "soon".

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
    class_of = {**{name: name for name in classes.ids}, **classes.by_code, "": None}
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
                    table.parent / cells["image_path"], DATASET, cells.get("source") or table.stem,
                    class_of[cells["diagnosis"]], cells.get("group") or None, soft,
                    cells.get("fitzpatrick") or None, cells.get("monk") or None, own,
                )
            )  # fmt: skip
    return Listing(records, rejections, classes)


def _soft_label(cell: str, ids: list[str]) -> Mapping[str, float] | None:
    if not cell.strip():
        return None
    try:
        shares = json.loads(cell)
    except ValueError as error:
        raise ValueError(f"soft_label is no JSON: {cell[:80]!r}") from error
    if not isinstance(shares, dict) or not all(
        type(v) in (int, float) and 0 <= v < float("inf") for v in shares.values()
    ):
        raise ValueError(f"soft_label is no object from class to share: {cell[:80]!r}")
    if unknown := [name for name in shares if name not in ids]:
        raise ValueError(f"soft_label names the unknown class {unknown[0]!r}")
    total = sum(shares.values())
    if not total:
        raise ValueError(f"soft_label has no share above 0: {cell[:80]!r}")
    return {name: round(share / total, 6) for name, share in shares.items() if share}
