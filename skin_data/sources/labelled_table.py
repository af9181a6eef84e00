"""Tables of photos: each row names a photo, its diagnosis, its patient or lesion, and more."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from skin_data.cell_text import check_class_names, is_missing, simplified, skin_type
from skin_data.sources.record import Doubt, Listing, Record, Rejection
from skin_data.sources.table import Finder, Row, without_contradictions
from skin_data.taxonomy import SkinClass, Taxonomy
from triage.errors import UnusableInput

MEANINGS = ("photo", "diagnosis", "group", "source", "soft_label", "fitzpatrick", "monk")
"""What the columns of a table may be."""
_SKIN_SCALES = {"fitzpatrick": 6, "monk": 10}
_ONE_HOT = {"1": True, "1.0": True, "true": True, "yes": True, "0": False, "0.0": False, "false": False, "no": False}
_SHOWN = 3  # rejections that an error quotes


@dataclass(frozen=True)
class TableLayout:
    """What the columns of a table mean.

    Attributes:
        dataset: name of the data set.
        source: kind of its photos, such as dermoscopy, where no column says it.
        columns: by each of `MEANINGS` that the table has. Several for `photo` are several photos of a row; several for
            `diagnosis` are one-hot and give the diagnosis by their name.
        kept: columns copied to meta.csv; None copies all others, with the prefix `own_`.
        needs_group: whether a photo without group is rejected.
    """

    dataset: str
    source: str
    columns: Mapping[str, tuple[str, ...]]
    kept: tuple[str, ...] | None = None
    needs_group: bool = False

    def cell(self, row: Row, meaning: str) -> str:
        """Return the cell of a meaning's first column; empty where the table has none."""
        return row.cells.get(self.columns.get(meaning, ("",))[0], "")


class _Entry(NamedTuple):
    """What a row says about one photo; the record's diagnosis is still the table's own."""

    row: Row
    where: str
    record: Record


def read_labelled_rows(
    rows: Sequence[Row], layout: TableLayout, find: Finder, taxonomy: Taxonomy | None, place: Path
) -> Listing:
    """List the photos of a table.

    Args:
        rows: of the table.
        layout: what its columns mean.
        find: finds the photo that a cell names.
        taxonomy: class list whose ids, folders or codes are the diagnoses; the sorted diagnoses, with urgency "soon",
            if None. They are then at least two classes of their own, or UnusableInput is raised.
        place: the table, for messages.
    """
    notes: dict[tuple[str, str], list[str]] = defaultdict(list)
    known = taxonomy.by_name if taxonomy else {}
    entries: list[_Entry] = []
    rejections: list[Rejection] = []
    for row in rows:
        named = {column: row.cells[column] for column in layout.columns["photo"] if row.cells[column].strip()}
        if not named:
            rejections.append(Rejection(row.where, f"no {' or '.join(layout.columns['photo'])}"))
        for column, photo in named.items():
            where = f"{row.where} ({photo})"

            def note(kind: str, detail: str, where: str = where) -> None:
                notes[kind, detail].append(where)

            try:
                entries.append(_Entry(row, where, _record(row, layout, find, column, known, note)))
            except ValueError as error:
                rejections.append(Rejection(where, str(error)))
    compared: dict[str, Callable[[_Entry], str]] = {
        "labels": lambda entry: entry.record.diagnosis or "",
        "groups": lambda entry: entry.record.group or "",
        "soft labels": lambda entry: layout.cell(entry.row, "soft_label"),
        "skin tones": lambda entry: f"{entry.record.fitzpatrick}/{entry.record.monk}",
    }
    entries, contradictions = without_contradictions(
        entries, lambda entry: entry.record.path.resolve(), compared, lambda entry: (entry.row.where, entry.where)
    )
    rejections += contradictions
    if taxonomy is None:
        labels = {entry.record.diagnosis for entry in entries if entry.record.diagnosis}
        taxonomy = _classes_of(labels, layout, rejections, place, notes)
        known = taxonomy.by_name | {label: label.strip() for label in labels}
    by_spelling = {simplified(name): name for name in known}
    records = []
    for row, where, record in entries:
        try:
            soft = _soft_label(layout.cell(row, "soft_label"), taxonomy.ids)
            label = record.diagnosis
            if label and label not in known:
                near = by_spelling.get(simplified(label))
                raise ValueError(f"unknown diagnosis {label!r}" + (f"; is it {near!r}?" if near else ""))
        except ValueError as error:
            rejections.append(Rejection(where, str(error)))
        else:
            records.append(replace(record, diagnosis=known[label] if label else None, soft_label=soft))
    doubts = [Doubt(places[0], kind, f"{detail} ({len(places)} rows)") for (kind, detail), places in notes.items()]
    return Listing(records, rejections, taxonomy, doubts)


def _record(
    row: Row, layout: TableLayout, find: Finder, column: str, known: Mapping[str, str], note: Callable[[str, str], None]
) -> Record:
    """Read what a row says about the photo in one column; ValueError says why it is rejected."""
    path = find(row.cells[column])
    if isinstance(path, str):
        raise ValueError(path)
    diagnosis = _diagnosis(row, layout, known, note)
    group, source = layout.cell(row, "group"), layout.cell(row, "source")
    if is_missing(group):
        if layout.needs_group:
            reason = f"no {layout.columns['group'][0]}, so it cannot be kept out of other splits"
            raise ValueError(reason + (f": {group!r}" if group else ""))
        if "group" in layout.columns:
            note("photo without a group", f"{layout.columns['group'][0]} is {group!r}")
        group = ""
    if is_missing(source):
        source = column if len(layout.columns["photo"]) > 1 else layout.source
    fitzpatrick, monk = (
        _tone(layout.cell(row, scale), scale, largest, note) for scale, largest in _SKIN_SCALES.items()
    )
    used = {name for columns in layout.columns.values() for name in columns}
    extras = {f"own_{name}": cell for name, cell in row.cells.items() if name not in used}
    if layout.kept is not None:
        extras = {name: row.cells[name] for name in layout.kept if name in row.cells}
    return Record(path, layout.dataset, source, diagnosis, group or None, None, fitzpatrick, monk, extras)


def _diagnosis(row: Row, layout: TableLayout, known: Mapping[str, str], note: Callable[[str, str], None]) -> str | None:
    columns = layout.columns["diagnosis"]
    diagnosis = row.cells[columns[0]]
    if len(columns) > 1:
        marks = {column: row.cells[column].strip().lower() for column in columns}
        if wrong := [column for column, mark in marks.items() if mark and mark not in _ONE_HOT]:
            raise ValueError(f"{wrong[0]} is neither 0 nor 1: {marks[wrong[0]]!r}")
        hot = [column for column, mark in marks.items() if mark and _ONE_HOT[mark]]
        if len(hot) != 1:
            raise ValueError(f"{', '.join(hot) or 'none'} of the columns {', '.join(columns)} is 1, not one of them")
        diagnosis = hot[0]
    if diagnosis in known or not is_missing(diagnosis):
        return diagnosis
    # The photo still trains lighting.
    note("photo without a diagnosis", f"{'|'.join(columns)} is {diagnosis!r}")
    return None


def _tone(cell: str, scale: str, largest: int, note: Callable[[str, str], None]) -> str | None:
    try:
        tone = skin_type(cell, largest)
    except ValueError:
        note("skin tone left empty", f"{scale} {cell!r} is not 1 to {largest}")
        return None
    if tone and "-" in tone:
        note("skin tone is a range", f"{scale} {cell!r} is read as {tone}")
    return tone


def _classes_of(
    found: set[str],
    layout: TableLayout,
    rejections: Sequence[Rejection],
    place: Path,
    notes: dict[tuple[str, str], list[str]],
) -> Taxonomy:
    columns = layout.columns["diagnosis"]
    # A one-hot column is a class even if no photo has it; `prepare` then says so.
    names = sorted({c for c in columns if not is_missing(c)} if len(columns) > 1 else found)
    check_class_names(names, str(place))
    if len(names) < 2:
        shown = "; ".join(f"{r.path}: {r.reason}" for r in rejections[:_SHOWN])
        raise UnusableInput(
            f"The table needs at least two diagnoses. Received: {place}: {', '.join(names) or 'none'}."
            + (f" {len(rejections)} rows were rejected: {shown}." if rejections else "")
        )
    for name in names:
        parts = [part.strip() for mark in ";|/,+&" if mark in name for part in name.split(mark)]
        if parts and set(parts) <= set(names):
            notes["several diagnoses in one cell", f"{name!r} is a class of its own"].append(place.name)
    return Taxonomy(place.stem, place.name, tuple(SkinClass(name.strip(), name.strip(), "soon") for name in names))


def _soft_label(cell: str, ids: list[str]) -> Mapping[str, float] | None:
    if is_missing(cell):
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
