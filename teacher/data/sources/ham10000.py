"""HAM10000 (Tschandl, Rosendahl and Kittler 2018): a table of images and lesions, and folders of images."""

from filecmp import cmp
from pathlib import Path

import pandas as pd

from teacher.data.sources.record import Record, Rejection, photos_in
from teacher.data.taxonomy import Taxonomy, load_taxonomy
from triage.errors import UnusableInput

DATASET = "ham10000"
TABLE = "HAM10000_metadata.csv"
NEEDED = ("lesion_id", "image_id", "dx")
KEPT = ("dx_type", "age", "sex", "localization")  # go into meta.csv as they are


def read_ham10000(root: Path, apart_from: Path | None = None) -> tuple[list[Record], list[Rejection], Taxonomy]:
    """List the data set's photos; the group of a photo is its lesion.

    Args:
        root: folder with `HAM10000_metadata.csv` and the images below it.
        apart_from: a folder to pass over, such as that of the results.

    Raises:
        UnusableInput: the table is missing, cannot be read as CSV or has other columns.
    """
    table = root / TABLE
    # The table is distributed without an ending, too.
    table = table if table.is_file() else table.with_suffix("")
    if not table.is_file():
        raise UnusableInput(f"{TABLE} is missing. Received: {root}. Give the folder that holds it and the images.")
    try:
        frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    except ValueError as error:  # not UTF-8, not a table, empty
        raise UnusableInput(f"The table cannot be read as CSV. Received: {table}: {error}") from error
    if missing := [c for c in NEEDED if c not in frame.columns]:
        raise UnusableInput(f"{table} lacks the columns {', '.join(missing)}. Received: {', '.join(frame.columns)}.")
    taxonomy = load_taxonomy("ham10000")
    class_of = {code: c.id for c in taxonomy.classes for code in c.codes}
    photos, _ = photos_in(root, apart_from)
    path_of: dict[str, Path] = {}
    records, rejections = [], []
    for photo in photos:
        # The data set is distributed with some folders twice; the copy is the same file under the same name.
        if photo.stem not in path_of:
            path_of[photo.stem] = photo
        elif not cmp(photo, path_of[photo.stem], shallow=False):
            rejections.append(Rejection(str(photo), f"another image has this name: {path_of[photo.stem]}"))
    listed: dict[str, int] = {}
    for line, row in enumerate(frame.to_dict("records"), start=2):
        where = f"{TABLE} line {line} ({row['image_id']})"
        first = listed.setdefault(row["image_id"], line)
        path = path_of.get(row["image_id"])
        if first != line:
            rejections.append(Rejection(where, f"listed before, in line {first}, which counts"))
        elif path is None:
            rejections.append(Rejection(where, "no image of that name"))
        elif row["dx"] not in class_of:
            rejections.append(Rejection(where, f"unknown diagnosis {row['dx']!r}"))
        elif not row["lesion_id"]:
            rejections.append(Rejection(where, "no lesion_id, so it cannot be kept out of other splits"))
        else:
            extras = {column: row[column] for column in KEPT if column in row}
            records.append(Record(path, DATASET, "dermoscopy", class_of[row["dx"]], row["lesion_id"], extras=extras))
    rejections += [Rejection(str(p), f"no row in {TABLE}") for name, p in path_of.items() if name not in listed]
    return records, rejections, taxonomy
