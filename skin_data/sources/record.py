"""What a data set says about its photos before any of them is opened."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from skin_data.taxonomy import Taxonomy
from triage.errors import UnusableInput
from triage.photo_files import files_below, is_photo_file, is_system_name

LINKED_FOLDER = "symbolic links to folders are not followed: put the folder itself here"


@dataclass(frozen=True)
class Record:
    """One photo of a data set.

    The source is a part of the data set, such as clinical or dermoscopy, the group a patient, lesion or case, and the
    soft label a weight by class id, summing to one. A photo with a split keeps it, and its group. Extras are further
    columns of meta.csv.
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
    split: str | None = None


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
    """How one condition of a data set maps onto a class, if any; the cases that name it, and their weight."""

    condition: str
    diagnosis: str | None
    cases: int
    weight: float


class Listing(NamedTuple):
    """What a data set holds, before any photo is opened.

    `coverage` has the lines of `coverage.csv`, where conditions are mapped onto other classes, and `columns` the column
    of a person's own table by what it means.
    """

    records: list[Record]
    rejections: list[Rejection]
    taxonomy: Taxonomy
    doubts: Sequence[Doubt] = ()
    coverage: Sequence[ConditionCoverage] = ()
    columns: Mapping[str, str] = {}


def photos_in(folder: Path, ignored: Path | None = None) -> tuple[list[Path], list[Rejection]]:
    """List the photos in a folder as `triage.photo_files.files_below` does, and its other files, which are rejected."""
    photos, others = [], []
    for path in files_below(folder, ignored):
        # A broken link is no folder: it is listed as a photo, and reading it reports the failure.
        if path.is_dir():
            others.append(Rejection(str(path), LINKED_FOLDER if path.is_symlink() else "the folder cannot be read"))
        elif not is_photo_file(path):
            others.append(Rejection(str(path), "not a photo by its name"))
        elif str(path) != str(path).encode("utf-8", "replace").decode("utf-8"):
            others.append(Rejection(str(path), "the name is not UTF-8: rename the file"))
        else:
            photos.append(path)
    return photos, others


def photos_of_class_folders(
    root: Path,
    class_of: Mapping[Path, str],
    dataset: str,
    source_of: Callable[[Path], str],
    ignored: Path | None = None,
) -> tuple[list[Record], list[Rejection]]:
    """List the photos of a data set that has one folder per class; whatever else is in its root is rejected.

    `class_of` gives the class id by folder, `source_of` the part of the data set that a photo belongs to.

    Raises:
        UnusableInput: a class folder has no photo.
    """
    rejections = [
        Rejection(str(path), "not in a class folder" if not path.is_dir() else "not a class folder")
        for path in sorted(root.iterdir())
        if path not in class_of and path != ignored and not is_system_name(path.name)
    ]
    records = []
    for folder, diagnosis in class_of.items():
        photos, others = photos_in(folder, ignored)
        if not photos:
            raise UnusableInput(
                f"A class folder has no photo. Received: {folder}. Add photos, or remove the folder if it is your own."
            )
        rejections += others
        records += [Record(path, dataset, source_of(path), diagnosis) for path in photos]
    return records, rejections
