"""The main lesion's box in a photo: the column `box` of meta.csv, and boxes from masks."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from triage.errors import UnusableInput
from triage.photo import read_photo

if TYPE_CHECKING:
    import pandas as pd

BOX = "box"
"""Column of meta.csv: left, top, right and bottom as fractions of the upright photo, separated by blanks, or empty."""
LEAST_SIDE = 0.01
"""A mask whose box has a shorter side, as a fraction of the photo's, is speckle."""
_WHITE = 128


def box_text(box: Iterable[float]) -> str:
    """Return a box as a cell of meta.csv."""
    return " ".join(f"{value:.4f}" for value in box)


def boxes_of(frame: "pd.DataFrame") -> np.ndarray:
    """Return the boxes of a table's rows, float32 [n, 4]: left, top, right, bottom; NaN where there is none.

    Raises:
        UnusableInput: a cell is no box.
    """
    boxes = np.full((len(frame), 4), np.nan, np.float32)
    for row, cell in enumerate(frame[BOX].fillna("") if BOX in frame else []):
        if not cell:
            continue
        try:
            boxes[row] = [float(part) for part in str(cell).split()]
            left, top, right, bottom = boxes[row]
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise ValueError
        except ValueError as error:
            raise UnusableInput(
                f"A box must be four fractions, left top right bottom, from 0 to 1. Received: {cell!r} of "
                f"{frame['image_path'].iloc[row]}. Correct the column {BOX} of meta.csv, or prepare the photos again."
            ) from error
    return boxes


def boxes_in_view(boxes: np.ndarray, views: np.ndarray) -> np.ndarray:
    """Return boxes of photos, float [n, 4], cut at what a model sees of them, as fractions of that.

    Args:
        boxes: left, top, right and bottom as fractions of the photos.
        views: float [n, 4], a `triage.crop.View` of each photo.
    """
    return np.clip((boxes - np.tile(views[:, :2], 2)) / np.tile(views[:, 2:], 2), 0, 1)


def box_of_mask(path: Path) -> tuple[float, float, float, float] | None:
    """Return the box around the white pixels of a mask, of the photo's shape but any size; None where there are none.

    Raises:
        UnreadablePhoto: the mask cannot be read.
    """
    box = box_around(read_photo(path).max(axis=2) >= _WHITE)
    return box if box and min(box[2] - box[0], box[3] - box[1]) >= LEAST_SIDE else None


def box_around(mask: np.ndarray) -> tuple[float, float, float, float] | None:
    """Return the box around what is not 0 in a mask [height, width], as fractions of its sides; None for nothing."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    height, width = mask.shape
    return columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes, float [n, 4] each, left, top, right and bottom; NaN where one is."""
    sides = np.maximum(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0)
    shared = sides.prod(axis=1)
    total = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - shared
    return np.asarray(shared / np.maximum(total, 1e-9))


def masks_by_name(folder: Path) -> dict[str, Path]:
    """Return the masks in a folder and below by name without suffix.

    ISIC's names end in `_segmentation`, which is left out, so that a mask is named as its photo.

    Raises:
        UnusableInput: the folder has no picture.
    """
    from skin_data.sources.record import photos_in

    found = {path.stem.removesuffix("_segmentation"): path for path in photos_in(folder)[0]} if folder.is_dir() else {}
    if not found:
        raise UnusableInput(f"The folder has no mask. Received: {folder}. Give one of pictures named as the photos.")
    return found
