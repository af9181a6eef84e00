"""`skin-distill download`: a public data set to the disk, after its licence was accepted."""

import importlib
import sys
from pathlib import Path

import click

from skin_distill.requirements import needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options
from triage.atomic import write_text
from triage.errors import UnusableInput

KINDS = ("scin", "kaggle", "ham10000")
EPILOG = """\b
Examples:
  skin-distill download scin --out SCIN
  skin-distill download kaggle --out KAGGLE
  skin-distill download ham10000 --out HAM10000 --accept-licence

After an interruption the same command resumes. Needs: pip install 'skin-distill[download]'
"""


@click.command("download", cls=ResumableCommand, epilog=EPILOG)
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the data set.")
@click.option("--accept-licence", is_flag=True, help="Accept the licence without a prompt, for scripts.")
@click.option("--workers", default=8, show_default=True, type=click.IntRange(1, 64), help="Files fetched at once.")
@click.option("--server", metavar="URL", help="A mirror with the same interface (scin, ham10000).")
@output_options
def command(kind: str, out: Path, accept_licence: bool, workers: int, server: str | None, terminal: Terminal) -> None:
    """Download a public data set, after showing its licence and size and asking for consent.

    The folder is then ready for `skin-distill prepare`.
    """
    from rich.filesize import decimal

    source = importlib.import_module(f"skin_data.download.{kind}")
    from skin_data.download.agreement import RECORD, agreed_before, terms_text
    from skin_data.download.dataset import download

    if not accept_licence and not _is_interactive() and not (out / RECORD).exists():
        raise _not_agreed(kind, terms_text(source.TERMS))
    terminal.line(f"Asking for the list of files of {kind} ...")
    with needs_extra("download"):
        offer = getattr(source, f"offer_{kind}")(server)
    text = terms_text(offer.terms, offer.licence_there)
    if not agreed_before(out, text):
        size = decimal(offer.size) if offer.size else "unknown size"
        # Also shown with -q: nobody can accept unseen terms.
        click.echo(f"{text}\nTo download: {len(offer.files):,} files, {size}, from {offer.where}\n", err=True)
        if not accept_licence:
            if not _is_interactive():
                raise _not_agreed(kind, "")
            if not click.confirm(f"Do you agree to these terms, and download this to {out}?", err=True):
                raise UnusableInput(f"The licence of {kind} was not accepted; nothing was downloaded.")
        write_text(out / RECORD, text)
    result = download(
        offer,
        out,
        workers,
        lambda done, total: terminal.progress(f"download {kind}", done, total, in_bytes=True),
        terminal.progress,
    )
    fetched = f"{decimal(result.fetched)} fetched" if result.fetched else "nothing to fetch"
    next_command = f"skin-distill prepare {kind} {out} --out data/{kind}"
    terminal.result(
        {
            "folder": str(out),
            "files": result.files,
            "fetched_bytes": result.fetched,
            "seconds": result.seconds,
            "licence": offer.terms.licence,
            "next": next_command,
        },
        f"{result.files:,} files complete in {out}, {fetched}, {result.seconds:.0f} s.\nNext: {next_command}",
    )


def _is_interactive() -> bool:
    return sys.stdin.isatty()


def _not_agreed(kind: str, text: str) -> UnusableInput:
    return UnusableInput(
        f"The licence of {kind} must be accepted, and there is no terminal to ask; nothing was downloaded."
        + (f"\n\n{text}\n" if text else " ")
        + "If you agree to it, run the same command again with --accept-licence."
    )
