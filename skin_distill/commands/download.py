"""`skin-distill download`: a public data set to the disk, its licence agreed to first."""

import importlib
import sys
from pathlib import Path

import click

from skin_distill.requirements import needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options
from triage.errors import UnusableInput

KINDS = ("scin", "kaggle", "ham10000")
EPILOG = """\b
Examples:
  skin-distill download scin --out SCIN
  skin-distill download kaggle --out KAGGLE
  skin-distill download ham10000 --out HAM10000 --accept-licence

Stopped and started again, it goes on where it was. Needs: pip install 'skin-distill[download]'
"""


@click.command("download", cls=ResumableCommand, epilog=EPILOG)
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the data set.")
@click.option("--accept-licence", is_flag=True, help="Agree to the licence without being asked, in scripts.")
@click.option("--workers", default=8, show_default=True, type=click.IntRange(1, 64), help="Files fetched at once.")
@click.option("--server", metavar="URL", help="A mirror with the same interface (scin, ham10000).")
@output_options
def command(kind: str, out: Path, accept_licence: bool, workers: int, server: str | None, terminal: Terminal) -> None:
    """Download a public data set.

    Through its own client library, after its licence and size were shown and agreed to; the folder is then ready for
    `skin-distill prepare`.
    """
    source = importlib.import_module(f"skin_data.download.{kind}")
    from skin_data.download.agreement import RECORD, agreed_before, record_agreement, terms_text
    from skin_data.download.dataset import download, summary
    from skin_data.download.space import in_words

    if not accept_licence and not _someone_is_there() and not (out / RECORD).exists():
        raise _not_agreed(kind, terms_text(source.TERMS))
    terminal.line(f"Asking for the list of files of {kind} ...")
    with needs_extra("download"):
        offer = getattr(source, f"offer_{kind}")(server)
    text = terms_text(offer.terms, offer.licence_there)
    if not agreed_before(out, text):
        size = in_words(offer.size) if offer.size else "a size that is not told"
        # Shown with -q, too: nobody agrees to what they have not seen.
        click.echo(f"{text}\nTo download: {len(offer.files):,} files, {size}, from {offer.where}\n", err=True)
        if not accept_licence:
            if not _someone_is_there():
                raise _not_agreed(kind, "")
            if not click.confirm(f"Do you agree to these terms, and download this to {out}?", err=True):
                raise UnusableInput(f"The licence of {kind} was not agreed to, so nothing was downloaded.")
        record_agreement(out, text)
    result = download(
        offer,
        out,
        workers,
        lambda done, total: terminal.progress(f"download {kind}", done, total, in_bytes=True),
        terminal.progress,
    )
    following = f"skin-distill prepare {kind} {out} --out data/{kind}"
    terminal.result(
        {
            "folder": str(out),
            "files": result.files,
            "fetched_bytes": result.fetched,
            "seconds": result.seconds,
            "licence": offer.terms.licence,
            "next": following,
        },
        f"{summary(result)}\nNext: {following}",
    )


def _someone_is_there() -> bool:
    return sys.stdin.isatty()


def _not_agreed(kind: str, text: str) -> UnusableInput:
    return UnusableInput(
        f"Nobody is here to agree to the licence of {kind}, so nothing was downloaded."
        + (f"\n\n{text}\n" if text else " ")
        + "If you agree to it, run the same command again with --accept-licence."
    )
