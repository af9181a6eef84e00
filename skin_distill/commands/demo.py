"""`skin-distill demo`: the whole main job on an embedded, synthetic data set."""

from pathlib import Path

import click

from skin_distill.requirements import needs_extra
from skin_distill.terminal import Terminal, output_options

EPILOG = """\b
Example:
  skin-distill demo --out demo

Run again, it goes on where it was stopped, or answers at once.
"""


@click.command("demo", epilog=EPILOG)
@click.option("--out", default="demo", show_default=True, type=click.Path(path_type=Path, file_okay=False))
@output_options
def command(out: Path, terminal: Terminal) -> None:
    """Run the whole job on synthetic photos.

    Photos in, an answer out: prepare, teach, distil, convert, verify, benchmark and classify skin phantoms.
    """
    with needs_extra("train"):
        pass
