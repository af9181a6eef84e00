"""`skin-distill classify`: lighting tips and classes for photos."""

import shutil
from pathlib import Path
from textwrap import fill
from typing import Any

import click

from skin_distill.assessment_text import assessment_text
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed, UnreadablePhoto, UnusableInput
from triage.photo_files import files_below

EPILOG = """\b
Examples:
  skin-distill classify photo.jpg --model student-int8.tflite
  skin-distill classify photos/*.jpg --model student-int8.tflite --json

Unreadable photos are listed and the others classified; the exit code is then 1, or 2 if none could be read.
"""


@click.command("classify", epilog=EPILOG)
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .tflite of `convert`.")
@click.option("--ignore-light", is_flag=True, help="Answer even if the lighting is poor.")
@click.option("--threads", default=1, help="Interpreter threads.")
@output_options
def command(photos: tuple[Path, ...], model: Path, ignore_light: bool, threads: int, terminal: Terminal) -> None:
    """Check lighting, then classify photos.

    PHOTOS are image files, or folders of them; hidden and system files in folders are passed over.
    """
    from triage import Triage
    from triage.assessment import DISCLAIMER

    paths = _files(photos)
    triage = Triage.load(model, threads=threads)
    assessments: list[dict[str, Any]] = []
    unreadable, width = 0, shutil.get_terminal_size((120, 24)).columns
    for number, path in enumerate(paths):
        try:
            assessments.append({**triage.assess(path, ignore_light).to_json(), "photo": str(path)})
        except UnreadablePhoto as error:
            unreadable += 1
            assessments.append({"photo": str(path), "error": error.reason})
        if not terminal.as_json:
            terminal.result(None, assessment_text(assessments[-1], triage.card, triage.urgent_threshold_text, width))
        terminal.progress("classify", number + 1, len(paths))
    if terminal.as_json:
        terminal.result(assessments)
    elif unreadable < len(paths):
        terminal.result(None, fill(DISCLAIMER, width))
    if unreadable:
        summary = f"{unreadable} of {len(paths)} photos could not be read."
        raise UnusableInput(summary) if unreadable == len(paths) else CheckFailed(summary)


def _files(photos: tuple[Path, ...]) -> list[Path]:
    paths: list[Path] = []
    for photo in photos:
        paths += files_below(photo) if photo.is_dir() else [photo]
    if not paths:
        raise UnusableInput(f"No photos found. Received: {', '.join(map(str, photos))}.")
    return paths
