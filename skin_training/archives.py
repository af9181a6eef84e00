"""Reading the numpy archives that trainings keep, which a copy cut short or a bad disk may have damaged."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from triage.errors import UnusableInput

DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
"""What numpy and zipfile raise for an archive that is cut, empty, altered, or none."""


def read_archive(path: Path, what: str, remedy: str) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by name.

    Args:
        path: of the file.
        what: it is, as the error's first words.
        remedy: a sentence: what to do where it is damaged.

    Raises:
        UnusableInput: the file cannot be read.
    """
    try:
        with np.load(path) as stored:
            return {name: stored[name] for name in stored.files}
    except DAMAGED as error:
        raise UnusableInput(f"{what} cannot be read. Received: {path}: {error}. {remedy}") from error
