"""The Kaggle "Skin Diseases Image Dataset": ten folders with fixed names."""

import re
from pathlib import Path

from skin_data.sources.record import Listing, Record, photos_in, unused_in
from skin_data.taxonomy import load_taxonomy
from triage.errors import UnusableInput

DATASET = "kaggle10"
# Dermoscopic photos of the set keep their ISIC archive names; the others are clinical photographs.
DERMOSCOPY = re.compile(r"ISIC_\d+", re.IGNORECASE)


def read_kaggle(root: Path, apart_from: Path | None = None) -> Listing:
    """List the data set's photos.

    The set names no patients or lesions, so records have no group.

    Args:
        root: the folder IMG_CLASSES, or one that holds it.
        apart_from: a folder to pass over, such as that of the results.

    Raises:
        UnusableInput: a class folder is missing or has no photo; it is named.
    """
    taxonomy = load_taxonomy("kaggle10")
    if (root / "IMG_CLASSES").is_dir():
        root = root / "IMG_CLASSES"
    missing = [c.folder for c in taxonomy.classes if not (root / str(c.folder)).is_dir()]
    if missing:
        raise UnusableInput(
            f"Class folders are missing: {'; '.join(map(str, missing))}. Received: {root}. "
            "Give the folder IMG_CLASSES of the Kaggle data set; for folders of your own use `prepare folder`."
        )
    folders = [root / str(c.folder) for c in taxonomy.classes]
    records, rejections = [], unused_in(root, folders, apart_from)
    for skin_class, folder in zip(taxonomy.classes, folders, strict=True):
        photos, others = photos_in(folder, apart_from)
        if not photos:
            raise UnusableInput(f"A class folder has no photo. Received: {folder}. Download the data set again.")
        rejections += others
        for path in photos:
            source = "dermoscopy" if DERMOSCOPY.match(path.stem) else "clinical"
            records.append(Record(path, DATASET, source, skin_class.id))
    return Listing(records, rejections, taxonomy)
