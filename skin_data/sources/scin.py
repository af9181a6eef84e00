"""SCIN (Ward et al. 2024): cases of up to three phone photos each, labelled by up to three dermatologists.

15 of its 10,380 photos are in more than one case, so a split by case alone would leak. Such cases form one group, and
the labels of a shared photo are averaged over its cases.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from skin_data.cell_text import is_missing
from skin_data.clusters import merged_names
from skin_data.sources.record import Doubt, Listing, Record, Rejection
from skin_data.sources.registry import Source
from skin_data.sources.scin_labels import (
    GRADABLE,
    WEIGHTED,
    Opinion,
    condition_coverage,
    fitzpatrick,
    hard_label,
    read_opinion,
    soft_label,
)
from skin_data.sources.table import Row, find_table, photos_by_name, read_table, unlisted, without_contradictions
from skin_data.taxonomy import load_taxonomy

DATASET = "scin"
CASES, LABELS = "scin_cases.csv", "scin_labels.csv"
PHOTOS = tuple(f"image_{n}_path" for n in (1, 2, 3))
NEEDED_CASES = ("case_id", "fitzpatrick_skin_type", *PHOTOS)
NEEDED_LABELS = ("case_id", WEIGHTED, GRADABLE.format(1))
KEPT = ("age_group", "sex_at_birth", "related_category")  # copied to meta.csv


def read_scin(root: Path, taxonomy: str | None = None, ignored: Path | None = None) -> Listing:
    """List the photos below a folder, which holds the tables or a folder with them; the group of a photo is its case.

    A case that most dermatologists could not grade, or whose conditions mostly map onto no class, is listed without a
    diagnosis: its lighting and skin tone are still useful. The codes of the taxonomy are SCIN's conditions.

    Raises:
        UnusableInput: a table is missing, is not CSV or lacks a column.
    """
    cases, rejections = _cases(read_table(find_table(root, CASES), NEEDED_CASES))
    opinions, rejected, doubts = _opinions(read_table(find_table(root, LABELS), NEEDED_LABELS), cases)
    path_of, clashes = photos_by_name(root, ignored, with_suffix=True)
    rejections += rejected + clashes
    classes = load_taxonomy(taxonomy or "scin")
    cases_of: dict[str, list[str]] = defaultdict(list)
    for case_id, (where, cells) in cases.items():
        photos = dict.fromkeys(cells[column] for column in PHOTOS if cells[column])
        if not photos:
            rejections.append(Rejection(f"{where} (case {case_id})", "a case without photos"))
        elif case_id not in opinions:
            doubts.append(Doubt(f"{where} (case {case_id})", "no label", f"no row in {LABELS}: no diagnosis"))
        for photo in photos:
            cases_of[photo].append(case_id)
    group_of = merged_names(cases_of.values())
    records = []
    for photo, ids in cases_of.items():
        first, name = cases[ids[0]], Path(photo).name
        if name not in path_of:
            rejections.append(Rejection(f"{first.where} (case {ids[0]}, {photo})", "no photo of that name"))
            continue
        if len(ids) > 1:
            doubts.append(Doubt(photo, "photo of several cases", f"one group, labels averaged: {', '.join(ids)}"))
        rated = [opinions.get(case_id, Opinion()) for case_id in ids]
        soft, mapped = soft_label([opinion.conditions for opinion in rated], classes.by_code)
        try:
            own_type = fitzpatrick(first.cells["fitzpatrick_skin_type"])
        except ValueError as error:
            own_type = None
            doubts.append(Doubt(f"{first.where} (case {ids[0]})", "skin tone left empty", str(error)))
        extras = {column: first.cells.get(column, "") for column in KEPT} | {
            "shot_type": _shot_type(first.cells, photo),
            "gradable": rated[0].gradable,
            "conditions": rated[0].names,
            "label_share": round(mapped, 4) if any(opinion.conditions for opinion in rated) else None,
            "fitzpatrick_self": own_type,
        }
        records.append(
            Record(
                path_of[name], DATASET, "phone", hard_label(soft), group_of[ids[0]], soft or None,
                rated[0].fitzpatrick, rated[0].monk, extras,
            )
        )  # fmt: skip
    rejections += unlisted(path_of, [Path(photo).name for photo in cases_of], CASES)
    coverage = condition_coverage((opinion.conditions for opinion in opinions.values()), classes.by_code)
    return Listing(records, rejections, classes, doubts, coverage)


def _cases(rows: Sequence[Row]) -> tuple[dict[str, Row], list[Rejection]]:
    cases: dict[str, Row] = {}
    rejections = []
    for row in rows:
        if is_missing(row.cells["case_id"]):
            rejections.append(Rejection(row.where, f"no case_id: {row.cells['case_id']!r}"))
            continue
        first = cases.setdefault(row.cells["case_id"], row)
        if first is not row:
            reason = f"case listed before, in {first.where}, which counts"
            rejections.append(Rejection(f"{row.where} (case {row.cells['case_id']})", reason))
    return cases, rejections


def _opinions(rows: Sequence[Row], cases: Mapping[str, Row]) -> tuple[dict[str, Opinion], list[Rejection], list[Doubt]]:
    kept, rejections = without_contradictions(
        rows,
        lambda row: row.cells["case_id"],
        {"labels": lambda row: row.cells[WEIGHTED]},
        lambda row: (row.where, f"{row.where} (case {row.cells['case_id']})"),
    )
    opinions: dict[str, Opinion] = {}
    doubts = []
    for where, cells in kept:
        case_id = cells["case_id"]
        if case_id not in cases:
            rejections.append(Rejection(f"{where} (case {case_id})", f"no such case in {CASES}"))
            continue
        try:
            opinions[case_id] = read_opinion(cells)
        except ValueError as error:
            opinions[case_id] = Opinion()
            doubts.append(Doubt(f"{where} (case {case_id})", "label not read", f"{error}: no diagnosis"))
    return opinions, rejections, doubts


def _shot_type(cells: Mapping[str, str], photo: str) -> str:
    column = next(column for column in PHOTOS if cells[column] == photo)
    return cells.get(column.replace("_path", "_shot_type"), "").lower()


SOURCE = Source(read_scin, may_lack_classes=True)
