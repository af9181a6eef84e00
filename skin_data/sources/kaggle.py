"""The Kaggle "Skin Diseases Image Dataset": ten folders with fixed names."""

import re
from pathlib import Path

from skin_data.sources.record import Listing, photos_of_class_folders
from skin_data.sources.registry import Source
from skin_data.taxonomy import load_taxonomy
from triage.errors import UnusableInput

DATASET = "kaggle10"
# Dermoscopic photos keep their ISIC archive names; the others are clinical photographs.
DERMOSCOPY = re.compile(r"ISIC_\d+", re.IGNORECASE)


def read_kaggle(root: Path, ignored: Path | None = None) -> Listing:
    """List the photos of IMG_CLASSES, or of the folder that holds it; records have no group.

    Raises:
        UnusableInput: a class folder is missing or has no photo; it is named.
    """
    taxonomy = load_taxonomy("kaggle10")
    if (root / "IMG_CLASSES").is_dir():
        root = root / "IMG_CLASSES"
    class_of = {root / str(c.folder): c.id for c in taxonomy.classes}
    if missing := [folder.name for folder in class_of if not folder.is_dir()]:
        raise UnusableInput(
            f"Class folders are missing: {'; '.join(missing)}. Received: {root}. "
            "Give the folder IMG_CLASSES of the Kaggle data set; for folders of your own use `prepare folder`."
        )
    records, rejections = photos_of_class_folders(
        root, class_of, DATASET, lambda path: "dermoscopy" if DERMOSCOPY.match(path.stem) else "clinical", ignored
    )
    return Listing(records, rejections, taxonomy)


SOURCE = Source(read_kaggle, options=("ignored",))
