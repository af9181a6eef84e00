"""`skin-distill app`: the camera app."""

import sys
from pathlib import Path

import click

from skin_distill.requirements import needs_extra
from skin_distill.stopping import exit_code

EPILOG = """\b
Examples:
  skin-distill app --model student.tflite
  skin-distill app --source demo

Without --model the app uses the package's own model; where there is none, and for --source demo, a model of synthetic
skin, which judges no real skin.
"""


@click.command("app", epilog=EPILOG)
@click.option("--model", type=click.Path(path_type=Path, dir_okay=False), help="A .tflite of `convert`.")
@click.option(
    "--source",
    metavar="camera|0|video.mp4|folder|demo",
    help="Source of pictures: the first camera, a camera number, a video, a folder of photos, or synthetic skin under"
    " moving light. Default: camera, or demo without --model.",
)
def command(model: Path | None, source: str | None) -> None:
    """Open the camera app: better light first, then an answer."""
    with needs_extra("app"):
        from mobile_app.main import main

        try:
            main(source, model)
        except KeyboardInterrupt as error:
            # No unfinished work: exit without a message.
            sys.exit(exit_code(error))
