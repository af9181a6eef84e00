"""Keep or share an answer: only when asked, and without what a camera writes beside the pixels."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import cv2

from mobile_app.answer import Answer
from mobile_app.sheet import write_pdf, write_picture
from mobile_app.texts import Texts
from triage.atomic import write_bytes
from triage.errors import UnusableInput

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
"""Modes of what is kept: for this user alone."""
_TIME = "%Y-%m-%d-%H-%M-%S-%f"


def save(answer: Answer, folder: Path) -> Path:
    """Keep the photo of an answer in a folder that only this user can read.

    The pixels are encoded anew, so that nothing of EXIF (place, time, camera) is left; the name is the time of saving.

    Returns:
        Path of the new PNG.

    Raises:
        UnusableInput: the answer has no photo, or the folder cannot be written.
    """
    if answer.photo is None:
        raise UnusableInput(f"There is no photo to save. Received: {answer.error}.")
    content = cv2.imencode(".png", answer.photo[..., ::-1])[1].tobytes()
    path = folder / f"{datetime.now():{_TIME}}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        with suppress(OSError):  # a file system without modes
            folder.chmod(PRIVATE_FOLDER)
        write_bytes(path, content)
        with suppress(OSError):
            path.chmod(PRIVATE_FILE)
    except OSError as error:
        raise UnusableInput(f"The photo could not be saved ({error.strerror}). Received: {folder}.") from error
    return path


def saved_when(path: Path) -> str:
    """The time at which `save` wrote a file, such as 2030-01-31 13:05:59; its name where it bears no time."""
    try:
        return f"{datetime.strptime(path.stem, _TIME):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return path.stem


def to_pdf(answer: Answer, path: Path, texts: Texts) -> None:
    """Write the answer as a page of PDF to share.

    Args:
        answer: with its assessment.
        path: of the new file.
        texts: words of the app, as `mobile_app.texts.load_texts` gives them.

    Raises:
        UnusableInput: there is no answer, or the file cannot be written.
        MissingDependency: the extra `app` is not installed.
    """
    _written(write_pdf, answer, path, texts)


def to_image(answer: Answer, path: Path, texts: Texts) -> None:
    """Write the answer as one PNG to share; the rest is as in `to_pdf`."""
    _written(write_picture, answer, path, texts)


def _written(write: object, answer: Answer, path: Path, texts: Texts) -> None:
    try:
        write(answer, path, texts)  # type: ignore[operator]
    except OSError as error:
        raise UnusableInput(f"The file could not be written ({error.strerror}). Received: {path}.") from error
