"""A plain folder of one's own: one folder a class."""

import re
from pathlib import Path

from skin_data.sources.record import Listing, Record, photos_in, unused_in
from skin_data.taxonomy import SkinClass, Taxonomy, load_taxonomy
from triage.errors import UnusableInput

DATASET = "folder"


def read_folder(root: Path, taxonomy: str | None = None, apart_from: Path | None = None) -> Listing:
    """List the photos of `root/class/photo.jpg`.

    Folders are ordered by the number that leads their name, then by name. A name of several words becomes the class
    id with underscores. Their urgency is "soon" unless a taxonomy says otherwise.

    Args:
        root: holds one folder a class.
        taxonomy: a YAML file or the name of a taxonomy whose `folder` or `id` are the folders' names.
        apart_from: a folder to pass over, such as that of the results.

    Raises:
        UnusableInput: fewer than two class folders, an empty one, two that would be one class, or one that the
            taxonomy does not know.
    """
    if not root.is_dir():
        raise UnusableInput(f"No such folder. Received: {root}.")
    folders = sorted(
        (p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".") and p != apart_from), key=_order
    )
    if len(folders) < 2:
        raise UnusableInput(
            f"The folder needs at least two class folders with photos. Received: {root}: {len(folders)}."
        )
    if taxonomy is None:
        twins = [p.name for p in folders if sum(_id(p) == _id(other) for other in folders) > 1]
        if twins:
            raise UnusableInput(f"These folders would be one class: {', '.join(twins)}. Received: {root}. Rename one.")
        classes = Taxonomy(root.name, str(root.name), tuple(SkinClass(_id(p), p.name, "soon", p.name) for p in folders))
    else:
        classes = load_taxonomy(taxonomy)
    class_of = {name: c.id for c in classes.classes for name in (c.id, c.folder) if name}
    if unknown := [p.name for p in folders if p.name not in class_of]:
        raise UnusableInput(
            f"The taxonomy does not know these folders: {', '.join(unknown)}. Received: {root}. "
            f"It knows: {', '.join(class_of)}."
        )
    records, rejections = [], unused_in(root, folders, apart_from)
    for folder in folders:
        photos, others = photos_in(folder, apart_from)
        if not photos:
            raise UnusableInput(f"A class folder has no photo. Received: {folder}. Remove it or add photos.")
        rejections += others
        records += [Record(path, DATASET, root.name, class_of[folder.name]) for path in photos]
    if absent := [c.id for c in classes.classes if c.id not in {r.diagnosis for r in records}]:
        raise UnusableInput(f"These classes have no folder: {', '.join(absent)}. Received: {root}.")
    return Listing(records, rejections, classes)


def _order(path: Path) -> tuple[float, str]:
    number = re.match(r"\d+", path.name)
    return (float(number[0]) if number else float("inf"), path.name)


def _id(path: Path) -> str:
    return re.sub(r"\W+", "_", path.name.lower()).strip("_") or path.name
