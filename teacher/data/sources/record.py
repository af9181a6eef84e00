"""What a data set says about one of its photos, before anything is measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".gif"})
"""Files with these endings count as photos of a data set, whether or not they can be decoded."""


@dataclass(frozen=True)
class Record:
    """One photo of a data set.

    Attributes:
        path: of the file.
        dataset: name of the data set.
        source: where in it the photo comes from, such as clinical or dermoscopy.
        diagnosis: class id; None where the data set gives none.
        group: patient, lesion or case; None where the data set knows none.
        fitzpatrick: the data set's own label, if any.
        monk: the data set's own label, if any.
        extras: further columns of meta.csv.
    """

    path: Path
    dataset: str
    source: str
    diagnosis: str | None
    group: str | None = None
    fitzpatrick: str | None = None
    monk: str | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rejection:
    """A photo or row of a data set that cannot be used, and why."""

    path: str
    reason: str


def photos_in(folder: Path) -> tuple[list[Path], list[Rejection]]:
    """Photos of a folder and those below it, sorted, and the other files, which are no photos.

    Hidden files are passed over in silence: systems leave them everywhere.
    """
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    photos = [p for p in files if p.suffix.lower() in PHOTO_SUFFIXES]
    others = [Rejection(str(p), "not a photo by its name") for p in files if p.suffix.lower() not in PHOTO_SUFFIXES]
    return photos, others
