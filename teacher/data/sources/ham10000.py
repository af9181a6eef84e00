"""HAM10000 (Tschandl, Rosendahl and Kittler 2018): a table of images and lesions, and folders of images."""

from pathlib import Path

from teacher.data.sources.record import Listing, Record, Rejection
from teacher.data.sources.table import find_table, photos_by_name, read_table, unlisted, without_contradictions
from teacher.data.taxonomy import load_taxonomy

DATASET = "ham10000"
TABLE = "HAM10000_metadata.csv"
NEEDED = ("lesion_id", "image_id", "dx")
KEPT = ("dx_type", "age", "sex", "localization")  # go into meta.csv as they are


def read_ham10000(root: Path, taxonomy: str | None = None, apart_from: Path | None = None) -> Listing:
    """List the data set's photos; the group of a photo is its lesion.

    Args:
        root: folder with `HAM10000_metadata.csv` and the images below it.
        taxonomy: class list whose codes are those of the column `dx`; the data set's own seven if None.
        apart_from: a folder to pass over, such as that of the results.

    Raises:
        UnusableInput: the table is missing, cannot be read as CSV or has other columns.
    """
    table = find_table(root, TABLE)
    listed = read_table(table, NEEDED)
    rows, rejections = without_contradictions(listed, "image_id", "dx")
    classes = load_taxonomy(taxonomy or "ham10000")
    class_of = classes.by_code
    path_of, clashes = photos_by_name(root, apart_from, with_ending=False)
    records = []
    for where, cells in rows:
        path, where = path_of.get(cells["image_id"]), f"{where} ({cells['image_id']})"
        if path is None:
            rejections.append(Rejection(where, "no image of that name"))
        elif cells["dx"] not in class_of:
            rejections.append(Rejection(where, f"unknown diagnosis {cells['dx']!r}"))
        elif not cells["lesion_id"]:
            rejections.append(Rejection(where, "no lesion_id, so it cannot be kept out of other splits"))
        else:
            extras = {column: cells[column] for column in KEPT if column in cells}
            records.append(
                Record(path, DATASET, "dermoscopy", class_of[cells["dx"]], cells["lesion_id"], extras=extras)
            )
    named = [row.cells["image_id"] for row in listed]
    return Listing(records, rejections + clashes + unlisted(path_of, named, table.name), classes)
