"""meta.csv: one row per photo, with everything that later steps need to know about it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from skin_data.csv_table import csv_text, read_csv
from skin_data.photo_location import located
from skin_data.taxonomy import Taxonomy, load_taxonomy
from triage.atomic import write_text
from triage.errors import UnusableInput
from triage.skin_tone import TONE_BUCKETS, UNKNOWN_TONE

COLUMNS = (
    "image_path", "dataset", "source", "group", "split", "diagnosis", "soft_label", "lighting_label",
    "lighting_reason", "ita", "tone_bucket", "fitzpatrick", "monk",
)  # fmt: skip
"""The first columns of every meta.csv, in order; more may follow."""
SPLITS = ("train", "val", "test")
SYNTHETIC_DATASETS = ("phantom",)
TAXONOMY_FILE = "taxonomy.yaml"
_SHOWN = 5  # invalid rows named in an error


@dataclass(frozen=True)
class Manifest:
    """A prepared data set.

    Attributes:
        frame: the table, with the columns `COLUMNS` and more.
        taxonomy: its classes, in the order of a model's outputs.
        sha256: of the rows' content; independent of where the photos are.
        path: of the meta.csv.
    """

    frame: pd.DataFrame
    taxonomy: Taxonomy
    sha256: str
    path: Path

    @property
    def dataset(self) -> str:
        """Name of the data set, or several joined by plus signs."""
        return "+".join(sorted(self.frame["dataset"].unique()))

    @property
    def split_sha256(self) -> str:
        """Hash of the splits and labels alone.

        Lighting and skin tone are measured from pixels, and another processor may round their last digit differently.
        """
        return _digest(self.frame, ("image_path", "group", "split", "diagnosis", "soft_label"))

    @property
    def synthetic(self) -> bool:
        """Whether any photo is synthetic; then no metric says anything about real skin."""
        return bool(self.frame["dataset"].isin(SYNTHETIC_DATASETS).any())

    def split(self, name: str) -> pd.DataFrame:
        """Rows of one split, numbered from 0.

        Raises:
            UnusableInput: the split has no photo.
        """
        rows = self.frame[self.frame["split"] == name].reset_index(drop=True)
        if rows.empty:
            raise UnusableInput(f"The split '{name}' has no photo. Received: {self.path}. Prepare more photos.")
        return rows

    def check_classes(self, known: Sequence[str], whose: str) -> None:
        """Raise UnusableInput where a model, called `whose`, has other classes than the data set or another order."""
        if list(known) != self.taxonomy.ids:
            raise UnusableInput(
                f"{whose} has other classes, or another order: {', '.join(known)}. Received: "
                f"{', '.join(self.taxonomy.ids)} in the taxonomy beside {self.path}. Put the model's {TAXONOMY_FILE} "
                "there."
            )

    def photo_paths(self, frame: pd.DataFrame) -> list[Path]:
        """Return the photos' paths; relative ones count from the folder of the meta.csv, URLs are as `located` says."""
        return [located(path, self.path.parent) for path in frame["image_path"]]


def write_manifest(path: Path, rows: Iterable[Mapping[str, Any]], taxonomy: Taxonomy) -> None:
    """Write meta.csv and, beside it, the taxonomy; each whole or not at all."""
    rows = list(rows)
    columns = list(COLUMNS) + [c for c in dict.fromkeys(k for row in rows for k in row) if c not in COLUMNS]
    write_text(path.parent / TAXONOMY_FILE, taxonomy.to_yaml())
    write_text(path, csv_text(columns, ([row.get(column) for column in columns] for row in rows)))


def read_manifest(path: str | Path) -> Manifest:
    """Read and check a meta.csv.

    Raises:
        UnusableInput: missing, not such a table, or rows with unknown classes, splits or labels; these are named.
    """
    path = Path(path)
    frame = read_csv(path, COLUMNS, "`skin-distill prepare` writes a meta.csv.")
    taxonomy = load_taxonomy(path.parent / TAXONOMY_FILE)
    _check(frame, "split", frame["split"].isin(SPLITS), f"must be one of {', '.join(SPLITS)}", path)
    _check(frame, "diagnosis", frame["diagnosis"].isin([*taxonomy.ids, ""]), "must be a class of taxonomy.yaml", path)
    _check(frame, "lighting_label", frame["lighting_label"].isin(["0", "1", ""]), "must be 0, 1 or empty", path)
    _check(frame, "group", frame["group"] != "", "must not be empty", path)
    tones = [*TONE_BUCKETS, UNKNOWN_TONE, ""]
    _check(frame, "tone_bucket", frame["tone_bucket"].isin(tones), f"must be one of {', '.join(tones)}", path)
    is_soft = frame["soft_label"].map(lambda cell: _is_soft_label(cell, taxonomy.ids))
    _check(frame, "soft_label", is_soft, "must be a JSON object from class to weight, or empty", path)
    numbers = [c for c in frame.columns if c in ("ita", "mask_share") or c.startswith("light_")]
    for column in numbers:
        is_number = pd.to_numeric(frame[column], errors="coerce").notna()
        _check(frame, column, is_number | (frame[column] == ""), "must be a number or empty", path)
    frame = frame.reset_index(drop=True)
    digest = _digest(frame, COLUMNS)
    for column in ("lighting_label", *numbers):
        frame[column] = pd.to_numeric(frame[column], errors="coerce")
    for column in ("diagnosis", "soft_label", "fitzpatrick", "monk"):
        frame[column] = frame[column].astype(object).where(frame[column] != "", None)
    return Manifest(frame, taxonomy, digest, path)


def _is_soft_label(cell: str, ids: Sequence[str]) -> bool:
    try:
        weights = json.loads(cell) if cell else {}
        return set(weights) <= set(ids) and all(type(weight) in (int, float) for weight in weights.values())
    except (ValueError, TypeError, AttributeError):
        return False


def _check(frame: pd.DataFrame, column: str, good: "pd.Series[bool]", rule: str, path: Path) -> None:
    if good.all():
        return
    bad = [f"line {n}: {cell!r}" for n, cell in frame[column][~good].head(_SHOWN).items()]
    raise UnusableInput(f"{column} {rule}. Received in {path}, {int((~good).sum())} rows: {'; '.join(bad)}.")


def _digest(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """Hash the columns, with only the folder and name of each photo's path: a copy elsewhere has the same hash."""
    named = frame.loc[:, list(columns)].copy()
    named["image_path"] = ["/".join(PurePath(p).parts[-2:]) for p in frame["image_path"]]
    return hashlib.sha256(named.to_csv(index=False, lineterminator="\n").encode("utf-8")).hexdigest()
