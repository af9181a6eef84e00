"""What a data set says about one of its photos, before anything is measured."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from skin_data.taxonomy import Taxonomy

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".gif"})
"""Files with these endings count as photos of a data set, whether or not they can be decoded."""
LINKED_FOLDER = "a linked folder is not looked into: put the folder itself here"


@dataclass(frozen=True)
class Record:
    """One photo of a data set.

    Attributes:
        path: of the file.
        dataset: name of the data set.
        source: where in it the photo comes from, such as clinical or dermoscopy.
        diagnosis: class id; None where the data set gives none.
        group: patient, lesion or case; None where the data set knows none.
        soft_label: share of the experts' confidence by class id, summing to one; None where there is none.
        fitzpatrick: the data set's own label, if any.
        monk: the data set's own label, if any.
        extras: further columns of meta.csv.
    """

    path: Path
    dataset: str
    source: str
    diagnosis: str | None
    group: str | None = None
    soft_label: Mapping[str, float] | None = None
    fitzpatrick: str | None = None
    monk: str | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rejection:
    """A photo or row of a data set that cannot be used, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Doubt:
    """A photo that is used although something about it is doubtful, and what."""

    path: str
    kind: str
    detail: str


class ConditionCoverage(NamedTuple):
    """How one condition of a data set maps onto the classes.

    Attributes:
        condition: as the data set calls it.
        diagnosis: id of its class; None where no class has it.
        cases: in which it is named.
        weight: sum of the experts' confidence over these cases.
    """

    condition: str
    diagnosis: str | None
    cases: int
    weight: float


class Listing(NamedTuple):
    """What a data set holds, before any photo is opened.

    Attributes:
        records: its photos.
        rejections: rows and files that cannot be used.
        taxonomy: its classes.
        doubts: what is used, with a question mark.
        coverage: for data sets whose conditions are mapped onto other classes, lines of `coverage.csv`.
    """

    records: list[Record]
    rejections: list[Rejection]
    taxonomy: Taxonomy
    doubts: Sequence[Doubt] = ()
    coverage: Sequence[ConditionCoverage] = ()


def photos_in(folder: Path, apart_from: Path | None = None) -> tuple[list[Path], list[Rejection]]:
    """Photos of a folder and those below it, sorted, and the other files and linked folders, which cannot be used.

    Hidden files are passed over in silence: systems leave them everywhere.

    Args:
        folder: to look in.
        apart_from: a folder below it to pass over, such as that of the results.
    """
    photos, others = [], []
    for path in sorted(folder.rglob("*")):
        # A link to nowhere is no folder either: reading it fails, and it is reported.
        if path.name.startswith(".") or (apart_from and path.is_relative_to(apart_from)):
            continue
        if path.is_dir():
            # What lies behind a link is not looked at: it may lead up again.
            others += [Rejection(str(path), LINKED_FOLDER)] if path.is_symlink() else []
        elif path.suffix.lower() not in PHOTO_SUFFIXES:
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
