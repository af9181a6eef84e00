"""What a data set says about one of its photos, before anything is measured."""

from collections.abc import Collection, Mapping
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


def photos_in(folder: Path, apart_from: Path | None = None) -> tuple[list[Path], list[Rejection]]:
    """Photos of a folder and those below it, sorted, and the other files, which cannot be used.

    Hidden files are passed over in silence: systems leave them everywhere.

    Args:
        folder: to look in.
        apart_from: a folder below it to pass over, such as that of the results.
    """
    photos, others = [], []
    for path in sorted(folder.rglob("*")):
        # A link to nowhere is no folder either: reading it fails, and it is reported.
        if path.is_dir() or path.name.startswith(".") or (apart_from and path.is_relative_to(apart_from)):
            continue
        if path.suffix.lower() not in PHOTO_SUFFIXES:
            others.append(Rejection(str(path), "not a photo by its name"))
        elif not _is_text(str(path)):
            others.append(Rejection(str(path), "the name is not UTF-8: rename the file"))
        else:
            photos.append(path)
    return photos, others


def unused_in(root: Path, used: Collection[Path], apart_from: Path | None = None) -> list[Rejection]:
    """What lies in a folder and belongs to no class: its files and, of its folders, those not among the used ones."""
    return [
        Rejection(str(path), "not in a class folder" if not path.is_dir() else "not a class folder")
        for path in sorted(root.iterdir())
        if path not in used and path != apart_from and not path.name.startswith(".")
    ]


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
