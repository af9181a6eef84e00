"""HAM10000 (Tschandl, Rosendahl and Kittler 2018): a table of images and lesions, and folders of images."""

from pathlib import Path

import pandas as pd

from teacher.data.sources.record import Record, Rejection, photos_in
from teacher.data.taxonomy import Taxonomy, load_taxonomy
from triage.errors import UnusableInput

DATASET = "ham10000"
TABLE = "HAM10000_metadata.csv"
NEEDED = ("lesion_id", "image_id", "dx")


def read_ham10000(root: Path) -> tuple[list[Record], list[Rejection], Taxonomy]:
    """List the data set's photos; the group of a photo is its lesion.

    Args:
        root: folder with `HAM10000_metadata.csv` and the images below it.

    Raises:
        UnusableInput: the table is missing or has other columns.
    """
    table = root / TABLE
    # The table is distributed without an ending, too.
    table = table if table.is_file() else table.with_suffix("")
    if not table.is_file():
        raise UnusableInput(f"{TABLE} is missing. Received: {root}. Give the folder that holds it and the images.")
    frame = pd.read_csv(table, dtype=str, keep_default_na=False)
    if missing := [c for c in NEEDED if c not in frame.columns]:
        raise UnusableInput(f"{table} lacks the columns {', '.join(missing)}. Received: {', '.join(frame.columns)}.")
    taxonomy = load_taxonomy("ham10000")
    class_of = {code: c.id for c in taxonomy.classes for code in c.codes}
    photos, _ = photos_in(root)
    path_of = {p.stem: p for p in photos}
    records, rejections = [], []
    for line, row in enumerate(frame.to_dict("records"), start=2):
        where = f"{TABLE} line {line} ({row['image_id']})"
        path = path_of.pop(row["image_id"], None)
        if path is None:
            rejections.append(Rejection(where, "no image of that name, or listed twice"))
        elif row["dx"] not in class_of:
            rejections.append(Rejection(where, f"unknown diagnosis {row['dx']!r}"))
        elif not row["lesion_id"]:
            rejections.append(Rejection(where, "no lesion_id, so it cannot be kept out of other splits"))
        else:
            records.append(Record(path, DATASET, "dermoscopy", class_of[row["dx"]], row["lesion_id"]))
    rejections += [Rejection(str(p), f"no row in {TABLE}") for p in path_of.values()]
    return records, rejections, taxonomy
