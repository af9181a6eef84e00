"""Saved photos: private files without camera metadata."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import cv2

from mobile_app.answer import Answer
from triage.atomic import write_bytes
from triage.errors import UnusableInput

FOLDER_MODE, FILE_MODE = 0o700, 0o600
"""Permissions: this user only."""
_TIME_FORMAT = "%Y-%m-%d-%H-%M-%S-%f"


def save(answer: Answer, folder: Path) -> Path:
    """Save the photo of an answer where only this user can read it.

    Encoding the pixels anew drops all EXIF (place, time, camera). The file is named after the time of saving.

    Returns:
        Path of the new PNG.

    Raises:
        UnusableInput: the answer has no photo, or the folder is not writable.
    """
    if answer.photo is None:
        raise UnusableInput(f"There is no photo to save. Received: {answer.error}.")
    content = cv2.imencode(".png", answer.photo[..., ::-1])[1].tobytes()
    path = folder / f"{datetime.now():{_TIME_FORMAT}}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        with suppress(OSError):  # a file system without permissions
            folder.chmod(FOLDER_MODE)
        write_bytes(path, content)
        with suppress(OSError):
            path.chmod(FILE_MODE)
    except OSError as error:
        raise UnusableInput(f"The photo could not be saved ({error.strerror}). Received: {folder}.") from error
    return path


def saved_time(path: Path) -> str:
    """Return when `save` wrote a file, such as "2030-01-31 13:05:59"; the file's stem if it is named otherwise."""
    try:
        return f"{datetime.strptime(path.stem, _TIME_FORMAT):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return path.stem
