"""Photos without a diagnosis as further training photos: a student learns its teacher's predictions for them."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from skin_data.ledger import run_resumable
from skin_data.manifest import Manifest
from skin_data.measurement import measure_photo, measurement_keys
from skin_data.progress import Progress, no_progress
from skin_data.sources.record import photos_in
from triage.errors import UnusableInput

NEAR_BITS = 8
"""Bits of 64 by which the perceptual hash of an unlabelled photo has to differ from those of validation and test: near
copies among the photos that measure the student would flatter it."""
DATASET = "unlabelled"
ABSENT = ("diagnosis", "soft_label", "fitzpatrick", "monk")
"""Columns of meta.csv that a person filled in; None here."""


class Unlabelled(NamedTuple):
    """A data set with further training photos.

    Attributes:
        manifest: the data set; its training split ends with them.
        photos: number of them.
        known: photos left out because the data set has them.
        near: photos left out because they resemble one of validation or test.
        unreadable: photos that cannot be read.
        sha256: of their paths' names and hashes.
    """

    manifest: Manifest
    photos: int
    known: int
    near: int
    unreadable: int
    sha256: str


def with_unlabelled(
    manifest: Manifest,
    folders: Sequence[Path],
    cache: Path,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Unlabelled:
    """Add photos without a diagnosis to a training split, with lighting and skin tone measured as `prepare` does.

    Args:
        manifest: the data set.
        folders: each with photos at any depth.
        cache: folder that keeps the measurements.
        workers: processes; all cores if None.
        progress: called as `progress(what, done, total)`.

    Raises:
        UnusableInput: there is no such folder, or no photo is left.
    """
    places: list[Path] = []
    for folder in folders:
        if not Path(folder).is_dir():
            raise UnusableInput(f"Unlabelled photos lie in a folder. Received: {folder}, no folder.")
        places += [path.resolve() for path in photos_in(Path(folder))[0]]
    own = {path.resolve() for path in manifest.photo_paths(manifest.frame)}
    new = [path for path in dict.fromkeys(places) if path not in own]
    keys = measurement_keys(new)
    results = run_resumable(
        measure_photo,
        {key: str(path) for key, path in zip(keys, new, strict=True)},
        Path(cache) / "unlabelled.measurements.jsonl",
        still_valid=lambda key, result: "error" not in result,
        workers=workers,
        progress=lambda done, total: progress("measure unlabelled photos", done, total),
    )
    readable = [(path, results[key]) for path, key in zip(new, keys, strict=True) if "error" not in results[key]]
    near = _near(manifest.frame, [str(measured["phash"]) for _, measured in readable])
    kept = [pair for pair, close in zip(readable, near, strict=True) if not close]
    if not kept:
        raise UnusableInput(
            f"No unlabelled photo is left. Received: {', '.join(map(str, folders))}: {len(places)} photos, "
            f"{len(places) - len(new)} that {manifest.path} lists, {int(near.sum())} like one of its validation or "
            f"test split, {len(new) - len(readable)} that cannot be read."
        )
    rows = pd.DataFrame([_row(path, measured) for path, measured in kept]).reindex(columns=manifest.frame.columns)
    for column in rows.columns:
        if column in ABSENT:
            rows[column] = rows[column].astype(object).where(rows[column].notna(), None)
        elif not pd.api.types.is_numeric_dtype(manifest.frame[column]):
            rows[column] = rows[column].fillna("").astype(manifest.frame[column].dtype)
    frame = pd.concat([manifest.frame, rows], ignore_index=True)
    digest = hashlib.sha256("\n".join(f"{p.parent.name}/{p.name} {m['phash']}" for p, m in kept).encode()).hexdigest()
    whole = dataclasses.replace(
        manifest, frame=frame, sha256=hashlib.sha256(f"{manifest.sha256} {digest}".encode()).hexdigest()
    )
    return Unlabelled(whole, len(kept), len(places) - len(new), int(near.sum()), len(new) - len(readable), digest)


def _row(path: Path, measured: dict[str, object]) -> dict[str, object]:
    known = {"image_path": str(path), "dataset": DATASET, "source": path.parent.name, "split": "train"}
    own_group = {"group": f"{DATASET}/{path.parent.name}/{path.name}", "diagnosis": None}
    return {**known, **own_group, **{key: value for key, value in measured.items() if key not in ("warnings", "frame")}}


def _near(frame: pd.DataFrame, hashes: Sequence[str]) -> np.ndarray:
    """Return bool [n], whether a photo's hash is near one of validation or test."""
    near = np.zeros(len(hashes), bool)
    if "phash" not in frame:
        return near
    held = frame.loc[frame["split"] != "train", "phash"]
    others = np.array([int(cell, 16) for cell in held if cell], np.uint64)
    for number, cell in enumerate(hashes):
        if len(others):
            near[number] = np.bitwise_count(others ^ np.uint64(int(cell, 16))).min() <= NEAR_BITS
    return near
