"""PAD-UFES-20 (Pacheco et al. 2020): a table of smartphone photos of lesions, with the patients they are of."""

from pathlib import Path

from teacher.data.sources.record import Listing, Record, Rejection
from teacher.data.sources.table import find_table, photos_by_name, read_table, unlisted, without_contradictions
from teacher.data.taxonomy import load_taxonomy

DATASET = "pad-ufes-20"
TABLE = "metadata.csv"
NEEDED = ("patient_id", "lesion_id", "img_id", "diagnostic", "fitspatrick")  # spelled so in the data set
KEPT = ("lesion_id", "age", "gender", "region", "biopsed")  # go into meta.csv as they are


def read_pad_ufes(root: Path, taxonomy: str | None = None, apart_from: Path | None = None) -> Listing:
    """List the data set's photos; the group of a photo is its patient, who may have several lesions.

    Args:
        root: folder with `metadata.csv` and the images below it, in the three folders of the distribution or in one.
        taxonomy: class list whose codes are those of the column `diagnostic`; the data set's own six if None.
        apart_from: a folder to pass over, such as that of the results.

    Raises:
        UnusableInput: the table is missing, cannot be read as CSV or has other columns.
    """
    table = find_table(root, TABLE)
    listed = read_table(table, NEEDED)
    rows, rejections = without_contradictions(listed, "img_id", "diagnostic")
    classes = load_taxonomy(taxonomy or "pad-ufes-20")
    class_of = classes.by_code
    path_of, clashes = photos_by_name(root, apart_from, with_ending=True)
    records = []
    for where, cells in rows:
        path, where = path_of.get(cells["img_id"]), f"{where} ({cells['img_id']})"
        if path is None:
            rejections.append(Rejection(where, "no photo of that name"))
        elif cells["diagnostic"] not in class_of:
            rejections.append(Rejection(where, f"unknown diagnosis {cells['diagnostic']!r}"))
        elif not cells["patient_id"]:
            rejections.append(Rejection(where, "no patient_id, so it cannot be kept out of other splits"))
        else:
            records.append(
                Record(
                    path,
                    DATASET,
                    "smartphone",
                    class_of[cells["diagnostic"]],
                    cells["patient_id"],
                    fitzpatrick=cells["fitspatrick"].removesuffix(".0") or None,
                    extras={column: cells[column] for column in KEPT if column in cells},
                )
            )
    named = [row.cells["img_id"] for row in listed]
    return Listing(records, rejections + clashes + unlisted(path_of, named, table.name), classes)
