"""`skin-distill classify`: lighting tips and classes for photos."""

import shutil
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from skin_distill.assessment_text import assessment_text
from skin_distill.terminal import Terminal, output_options
from triage.crop import CROPS
from triage.errors import CheckFailed, UnreadablePhoto, UnusableInput
from triage.photo_files import files_below

if TYPE_CHECKING:
    from triage.assessment import Assessment

EPILOG = """\b
Examples:
  skin-distill classify photo.jpg --model student-int8.tflite
  skin-distill classify photos/*.jpg --model student-int8.tflite --json
  skin-distill classify spot.jpg --answers grew=yes,itch=no,age=61
  skin-distill classify --case overview.jpg close.jpg

Unreadable photos are listed and the others classified; the exit code is then 1, or 2 if none could be read.
"""


@click.command("classify", epilog=EPILOG)
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A .tflite of `convert`. Default: the package's own model of smartphone photographs.",
)
@click.option("--ignore-light", is_flag=True, help="Answer even if the lighting is poor.")
@click.option("--case", is_flag=True, help="All photos, at most 3, show one spot: one answer.")
@click.option("--answers", metavar="QUESTION=ANSWER,...", help="About the spot, such as grew=yes,itch=no,age=61.")
@click.option("--crop", type=click.Choice(CROPS), default=CROPS[0], help="spot: a second look at the spot, if found.")
@click.option("--threads", default=1, help="Interpreter threads.")
@output_options
def command(
    photos: tuple[Path, ...],
    model: Path | None,
    ignore_light: bool,
    case: bool,
    answers: str | None,
    crop: str,
    threads: int,
    terminal: Terminal,
) -> None:
    """Check lighting, then classify photos.

    PHOTOS are image files, or folders of them; hidden and system files in folders are passed over. Questions and
    answers are those of the model's card.
    """
    from triage import Triage
    from triage.answers import parse_answers
    from triage.assessment import DISCLAIMER
    from triage.case import MAX_PHOTOS

    paths = _files(photos)
    if case and len(paths) > MAX_PHOTOS:
        raise UnusableInput(f"--case takes at most {MAX_PHOTOS} photos of one spot. Received: {len(paths)}.")
    if answers is not None and len(paths) > 1 and not case:
        raise UnusableInput(
            f"--answers are about one spot. Received: {len(paths)} photos. Give one, or --case for one spot."
        )
    triage = Triage.load(model, threads=threads)
    given = None if answers is None else triage.check_answers(parse_answers(answers))
    told: list[dict[str, Any]] = []
    spot: list[Assessment] = []
    unreadable, width = 0, shutil.get_terminal_size((120, 24)).columns

    def tell(entry: dict[str, Any]) -> None:
        told.append(entry)
        if not terminal.as_json:
            terminal.result(None, assessment_text(entry, triage.card, triage.urgent_threshold_text, width))

    for number, path in enumerate(paths):
        try:
            spot.append(triage.assess(path, ignore_light, crop=crop))
        except UnreadablePhoto as error:
            unreadable += 1
            tell({"photo": str(path), "error": error.reason})
        else:
            if not case:
                tell((triage.combine(spot, given, ignore_light) if given is not None else spot[0]).to_json())
                spot.clear()
        terminal.progress("classify", number + 1, len(paths))
    if spot:
        tell(triage.combine(spot, given, ignore_light).to_json())
    if terminal.as_json:
        terminal.result(told)
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
