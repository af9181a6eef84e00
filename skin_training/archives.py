"""Read numpy archives that an interrupted copy or a bad disk may have damaged."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from triage.errors import UnusableInput

DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What numpy and zipfile raise for a file that is truncated, empty, altered, or not an archive."""


def read_archive(path: Path, what: str, remedy: str) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by name.

    Raises:
        UnusableInput: the file cannot be read; begins with `what`, such as "The checkpoint", and ends with `remedy`.
    """
    try:
        # Opened here, because numpy leaves a damaged archive open.
        with open(path, "rb") as file, np.load(file) as stored:
            return {name: stored[name] for name in stored.files}
    except DAMAGED as error:
        raise UnusableInput(f"{what} cannot be read. Received: {path}: {error}. {remedy}") from error
