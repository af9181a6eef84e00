"""The data sets that `prepare` reads, one line each; everything else about a data set is in its own module."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from triage.errors import UnusableInput

if TYPE_CHECKING:
    from skin_data.sources.record import Listing


class Entry(NamedTuple):
    """One line of the registry.

    The module holds a `Source` named `SOURCE` and is imported only when its data set is prepared; the argument SRC of
    `prepare` and what keeps photos in one split are for help and docs.
    """

    module: str
    layout: str
    group: str


@dataclass(frozen=True)
class Source:
    """How `prepare` reads one data set.

    Attributes:
        read: called as `read(place, **options)`, where `place` is what `takes` says.
        options: keywords that `read` understands, of `taxonomy`, `ignored` (a folder to skip, that of the results),
            `columns`, `photos`, `keep_splits`, `seed`, `count`, `size`, `workers` and `progress`.
        takes: what `place` is: an existing folder, a list of one or of files, a list of files, or a folder to create.
        may_lack_classes: whether a class without a photo is listed as doubtful rather than refused.
        look_alike: whether all photos resemble each other, so that a search for near-duplicates makes no sense.
    """

    read: "Callable[..., Listing]"
    options: tuple[str, ...] = ("taxonomy", "ignored")
    takes: Literal["folder", "folder or files", "files", "nothing"] = "folder"
    may_lack_classes: bool = False
    look_alike: bool = False


SOURCES: dict[str, Entry] = {
    "kaggle": Entry(
        "skin_data.sources.kaggle", "IMG_CLASSES, with its ten folders named as published", "near-duplicates"
    ),
    "scin": Entry(
        "skin_data.sources.scin",
        "folder of scin_cases.csv, scin_labels.csv and photos",
        "case; cases that share a photo are merged",
    ),
    "ham10000": Entry("skin_data.sources.ham10000", "folder of HAM10000_metadata.csv and photos", "lesion_id"),
    "pad-ufes": Entry("skin_data.sources.pad_ufes", "folder of metadata.csv and photos", "patient_id"),
    "folder": Entry(
        "skin_data.sources.own_photos",
        "your own photos: one folder per class, or CSV files (see --columns)",
        "column group of the table, else near-duplicates",
    ),
    "combined": Entry(
        "skin_data.sources.combined",
        "two or more meta.csv with the same classes",
        "those of the tables, and near-duplicates across them",
    ),
    "phantom": Entry("skin_data.sources.phantom", "nothing: synthetic photos are rendered", "none; each is its own"),
}
"""By the name that `prepare` takes."""


def load_source(name: str) -> Source:
    """Import the module of a registered data set and return its `SOURCE`.

    Raises:
        UnusableInput: no data set is registered under this name.
    """
    if name not in SOURCES:
        raise UnusableInput(f"Unknown kind of data set. Received: {name!r}. Choose one of {', '.join(SOURCES)}.")
    source: Source = importlib.import_module(SOURCES[name].module).SOURCE
    return source
