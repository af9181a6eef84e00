"""Teachers that are a table: predictions made elsewhere for exported views, found by the checksum of the pixels."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from distill.teachers.external import OpenedModel, TeacherDescription, TeacherKind
from skin_training.archives import read_archive
from triage.atomic import sha256_of
from triage.errors import UnusableInput

CHECKSUMS, VIEWS = "sha256", "view"
REMEDY = "Make it with the predict.py that `skin-distill distill --export-views` writes."
_SHOWN = 3


def checksum(pixels: np.ndarray) -> str:
    """Return the SHA-256 of a photo's pixels, uint8 [size, size, 3], in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def _open(target: str, description: TeacherDescription) -> OpenedModel:
    arrays = read_archive(Path(target), "The table of predictions", REMEDY)  # never unpickles
    missing = [name for name in (CHECKSUMS, VIEWS) if name not in arrays]
    counts = {name: len(value) for name, value in arrays.items() if value.ndim}
    if missing or len(set(counts.values())) != 1 or len(counts) < 3 or len(counts) < len(arrays):
        raise UnusableInput(
            f"A table has {CHECKSUMS}, {VIEWS} and predictions, all with one row a photo. Received: {target} with "
            f"{ {name: list(value.shape) for name, value in arrays.items()} }. {REMEDY}"
        )
    if description.size is not None:
        raise UnusableInput(f"A table has no size. Received: size {description.size} beside {target}. Remove the key.")
    rows = {str(digest): row for row, digest in enumerate(arrays.pop(CHECKSUMS))}
    views = arrays.pop(VIEWS)

    def run(images: np.ndarray) -> Mapping[str, np.ndarray]:
        digests = [checksum(pixels) for pixels in np.rint(images * 255).astype(np.uint8)]
        if absent := [digest for digest in digests if digest not in rows]:
            raise UnusableInput(
                f"The table is of other pixels. Received: {target} without {len(absent)} of {len(digests)} photos, "
                f"SHA-256 {', '.join(digest[:12] for digest in absent[:_SHOWN])}. Export the views again with the same "
                "recipe, data and machine, and predict them again."
            )
        found = [rows[digest] for digest in digests]
        return {name: values[found].astype(np.float32) for name, values in arrays.items()}

    return OpenedModel(
        run, sha256_of(Path(target)), None, rounded=True, view_count=len(set(views[views >= 0].tolist()))
    )


TABLE = TeacherKind(r".+\.npz", _open)
