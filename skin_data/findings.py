"""What is doubtful about a prepared table: groups, splits, labels and columns."""

import itertools
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import PurePath

import pandas as pd

from skin_data.cell_text import (
    CHUNK_WORDS,
    SPLIT_WORDS,
    alike,
    is_missing,
    is_split_name,
    simplified,
    skin_type,
    spreadsheet_ids,
)
from skin_data.manifest import COLUMNS, SPLITS, Manifest
from skin_data.sources.record import Doubt
from triage.photo_files import is_system_name

UNUSED_GROUP = "column that looks like a group is not used"
GROUP_COLUMN = re.compile(
    r"(^pat|patient|patienten|lesion|case|subject|person|individual|participant|proband|client|mrn|encounter|visit|family|"
    r"group)s?(id|ids|nr|no|num|number|uid|uuid|code|key|hash|identifier|name|ref)?$"
)
"""Ends of `simplified` names of columns that say whose photo it is."""
ID_COLUMN = re.compile(r"(id|uid|uuid|nr|number|identifier|hash|key)$")
PHOTOS_OF_AN_ID = 10
"""A column of `ID_COLUMN` with more photos a value, on average, is a category."""
MEASURED = ("mask_share", "width", "height", "phash", "light_")
"""Prefixes of the columns that are measured from the photo."""
CLUSTER = "picture-"  # begins the names of groups that are clusters of near-duplicates
MOST_SPLITS = 20  # values of a column such as `fold`
TYPO_SIMILARITY, TYPO_RATIO = 0.85, 20
"""A class whose name resembles another (difflib's ratio) with this many times its photos may be a typing error."""
LEAST_PHOTOS = 5  # of a split that one group may not hold half of
_SHOWN = 3  # values named in a doubt


def doubts_of(manifest: Manifest) -> list[Doubt]:
    """Look for what changes labels, groups or splits unnoticed.

    Args:
        manifest: a prepared table, perhaps edited since.

    Returns:
        Doubts: groups that a spreadsheet changed, that mean no group, that differ by spelling alone or that hold most
        of a split; empty splits and classes without photos in one; columns that look like a group or like the data
        set's own split; soft labels and skin types that cannot be; photos in hidden folders or listed twice.
    """
    place, frame = manifest.path.name, manifest.frame
    finders = (_groups, _large_groups, _splits, _unused_groups, _own_splits, _labels, _photos)
    return [Doubt(place, kind, detail) for find in finders for kind, detail in find(frame)]


def _shown(names: list[str]) -> str:
    return ", ".join(map(repr, names[:_SHOWN])) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _groups(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    names = [name for name in frame["group"].unique() if not name.startswith(CLUSTER)]
    # Those of combined data sets begin with the data set.
    ids = {name: name.rpartition("/")[2] for name in names}
    if changed := spreadsheet_ids(list(ids.values())):
        yield "group changed by a spreadsheet", f"{_shown(changed)}: format the column as text and export it again"
    if nobody := [name for name, short in ids.items() if is_missing(short)]:
        yield "group that means no group", f"{_shown(nobody)}: leave the cell empty"
    if twins := alike(names):
        pairs = _shown([" / ".join(same) for same in twins])
        yield "groups that differ by spelling alone", f"{pairs}: of one patient, they may leak between splits"


def _large_groups(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    parts = {"all photos": frame} | {f"the split {name}": frame[frame["split"] == name] for name in SPLITS}
    for what, rows in parts.items():
        if len(rows) >= LEAST_PHOTOS and 2 * (counts := rows["group"].value_counts()).iloc[0] > len(rows):
            detail = f"{counts.index[0]} has {counts.iloc[0]} of {len(rows)} photos"
            yield "one group has most photos", f"{detail} of {what}: it counts as one patient or lesion"
            return


def _splits(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    counts = pd.crosstab(frame["diagnosis"], frame["split"]).reindex(columns=list(SPLITS), fill_value=0)
    for split in SPLITS:
        if not counts[split].any():
            yield "empty split", f"{split} has no photo with a diagnosis: more groups (patients, lesions) are needed"
        elif absent := counts.index[counts[split] == 0].tolist():
            yield f"class without {split} photos", f"{', '.join(absent)}: every class needs at least three groups"


def _unused_groups(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    # Of a published data set the right column is known.
    for column, values in _extras(frame, "own_"):
        name = simplified(column)
        photos, places = values.value_counts(), frame.loc[values.index, "split"]
        by_name = GROUP_COLUMN.search(name)
        if not by_name and not (ID_COLUMN.search(name) and len(values) <= PHOTOS_OF_AN_ID * len(photos)):
            continue
        count = int((places.groupby(values).nunique() > 1).sum())
        if count and len(photos) > 1:
            advice = f"if it names patients or lesions, prepare again with --columns group={column}, or with --groups"
            yield UNUSED_GROUP, f"{column}: photos of {count} of {len(photos)} are in several splits; {advice}"


def _own_splits(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    folders = {part for path in frame["image_path"] for part in PurePath(path).parts[:-1] if is_split_name(part)}
    found = {"folders": folders, **{f"column {column}": set(values) for column, values in _extras(frame)}}
    for what, names in found.items():
        named = is_split_name(what.removeprefix("column "), SPLIT_WORDS | CHUNK_WORDS) and len(names) <= MOST_SPLITS
        if len(names) > 1 and (named or all(map(is_split_name, names))):
            yield "the data set's own split is not used", f"{what}: {_shown(sorted(names))}"


def _extras(frame: pd.DataFrame, prefix: str = "") -> Iterator[tuple[str, "pd.Series[str]"]]:
    """Yield the name and the values, without missing ones, of each column that the data set itself has."""
    for column in frame.columns.drop(list(COLUMNS)):
        if column.startswith(prefix) and not column.startswith((*MEASURED, "true_")):
            values = frame[column].astype(str)
            yield column.removeprefix("own_"), values[~values.isin(list(filter(is_missing, values.unique())))]


def _labels(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    if named := [name for name in frame["diagnosis"].dropna().unique() if is_missing(name)]:
        yield "class that means no diagnosis", _shown(named)
    counts = frame["diagnosis"].value_counts()
    for rare, common in itertools.product(counts.index, counts.index[counts >= TYPO_RATIO]):
        near = counts[rare] * TYPO_RATIO <= counts[common] and SequenceMatcher(None, rare, common).ratio()
        if near >= TYPO_SIMILARITY:
            yield "class that may be a typing error", f"{rare!r} ({counts[rare]} photos) beside {common!r}"
    both = frame[frame["soft_label"].notna() & frame["diagnosis"].notna()]
    other = 0
    for diagnosis, cell in zip(both["diagnosis"], both["soft_label"], strict=True):
        weights = json.loads(cell)
        other += weights.get(diagnosis, 0) < max(weights.values(), default=0)
    if other:
        yield "soft label contradicts the diagnosis", f"{other} photos have more weight on another class"
    for column, largest in (("fitzpatrick", 6), ("monk", 10)):
        wrong = [value for value in frame[column].dropna().unique() if not _is_tone(value, largest)]
        if wrong:
            yield "skin tone that cannot be", f"{column} {_shown(wrong)} is not 1 to {largest}"


def _is_tone(value: str, largest: int) -> bool:
    try:
        return skin_type(value, largest) is not None
    except ValueError:
        return False


def _photos(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    hidden = []
    for absolute in (True, False):
        paths = [path for path in frame["image_path"] if PurePath(path).is_absolute() == absolute]
        # The data set itself may lie in a hidden folder, such as ~/.cache.
        depth = len(PurePath(os.path.commonpath(paths)).parts) if len(paths) > 1 else 0
        hidden += [path for path in paths if any(map(is_system_name, set(PurePath(path).parts[depth:]) - {".."}))]
    if hidden:
        yield "photo in a hidden or system folder", _shown(hidden)
    if twice := [path for path, count in Counter(frame["image_path"]).items() if count > 1]:
        yield "photo listed twice", _shown(twice)
