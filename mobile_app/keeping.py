"""Keep or share an answer: only when asked, and without what a camera writes beside the pixels."""

from collections.abc import Mapping
from pathlib import Path

import cv2

from mobile_app.answer import Answer
from triage.atomic import write_bytes


def save(answer: Answer, folder: Path) -> Path:
    """Keep the photo of an answer in a folder that only this user can read; nothing but pixels is written.

    Returns:
        Path of the new file.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "photo.png"
    write_bytes(path, cv2.imencode(".png", answer.photo[..., ::-1])[1].tobytes())
    return path


def to_image(answer: Answer, path: Path, texts: Mapping[str, str]) -> None:
    """Write the answer as one PNG to share."""
    raise NotImplementedError


def to_pdf(answer: Answer, path: Path, texts: Mapping[str, str]) -> None:
    """Write the answer as one page of PDF to share."""
    raise NotImplementedError
