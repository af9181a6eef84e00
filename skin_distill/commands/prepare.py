"""`skin-distill prepare`: photos and tables to one meta.csv."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from skin_data.sources.registry import SOURCES
from skin_distill.requirements import needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed

EPILOG = """\b
Examples:
  skin-distill prepare phantom --out data/phantoms --count 2000
  skin-distill prepare kaggle IMG_CLASSES --out data/kaggle
  skin-distill prepare ham10000 HAM10000 --masks HAM10000_segmentations --out data/ham10000
  skin-distill prepare folder photos.csv --groups patients.csv --out data/mine
  skin-distill prepare folder mine.csv --columns photo=file,diagnosis=dx,group=patient --photos images --out data/mine
  skin-distill prepare combined data/kaggle/meta.csv data/scin/meta.csv --out data/both
  skin-distill prepare folder photos.csv --photos s3://bucket/photos --cluster tcp://10.0.0.1:8786 --out data/mine
  skin-distill prepare --check data/kaggle/meta.csv

Photos that cannot be used are listed in DIR/rejected.csv with a reason and left out; with more than --max-rejected of
them the exit code is 1. DIR/doubtful.csv lists what is used but doubtful, such as one picture under two diagnoses; each
kind of doubt is also printed.
"""


class PrepareCommand(ResumableCommand):
    """Lists the registered data sets in its help."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the kinds of data set, then the options."""
        with formatter.section("Kinds, and what SRC is"):
            formatter.write_dl([(name, entry.layout) for name, entry in SOURCES.items()])
        super().format_options(ctx, formatter)


def _check_kind(ctx: click.Context, parameter: click.Parameter, kind: str | None) -> str | None:
    if kind is not None and kind not in SOURCES:
        raise click.BadParameter(f"{kind!r} is not one of {', '.join(SOURCES)}.")
    return kind


@click.command("prepare", cls=PrepareCommand, epilog=EPILOG)
@click.argument("kind", callback=_check_kind, required=False)
@click.argument("sources", metavar="[SRC]...", type=click.Path(), nargs=-1)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for meta.csv and its reports.")
@click.option("--check", type=click.Path(path_type=Path, dir_okay=False), help="Check an existing meta.csv instead.")
@click.option(
    "--seed",
    default=42,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="Random seed for the split and for phantoms.",
)
@click.option("--count", default=2000, show_default=True, help="Phantoms to render.")
@click.option("--size", default=224, show_default=True, help="Side of a phantom in pixels.")
@click.option("--taxonomy", help="Class list other than the data set's own: a YAML file or a built-in name.")
@click.option(
    "--columns",
    metavar="MEANING=NAME,...",
    help="Columns of your own table: photo, diagnosis, group, source, soft_label, fitzpatrick, monk. "
    "diagnosis=A|B|C are one-hot columns.",
)
@click.option("--photos", type=click.Path(), help="Folder or URL of your table's photos. Default: the table's folder.")
@click.option(
    "--groups",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV file of image_path and group (patient, lesion); overrides the data set's own groups.",
)
@click.option(
    "--masks",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of lesion masks (white on black) named as the photos: the boxes that the output spot is trained on.",
)
@click.option(
    "--keep-splits", is_flag=True, help="combined: the first table's photos keep their splits; the others are divided."
)
@click.option("--workers", type=int, help="Worker processes. Default: one per core.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Dask scheduler, such as tcp://10.0.0.1:8786: its workers measure.",
)
@click.option("--show-duplicates", is_flag=True, help="Also draw near-duplicates side by side; the plots hold photos.")
@click.option("--max-rejected", default=0, show_default=True, help="Photos that may be left out with exit code 0.")
@output_options
def command(
    kind: str | None,
    sources: tuple[str, ...],
    out: Path | None,
    check: Path | None,
    terminal: Terminal,
    max_rejected: int,
    **options: Any,
) -> None:
    """Turn photos and tables into one meta.csv.

    It assigns each photo to a split, so that no patient or lesion is in two of them, and measures lighting and skin
    tone.
    """
    if check:
        _check(check, terminal)
        return
    if not kind or not out:
        raise click.UsageError("Give a kind and --out, for example: skin-distill prepare kaggle IMG_CLASSES --out data")
    with needs_extra("train"):
        from skin_data.prepare import prepare
        from skin_data.sources.registry import load_source

        takes = load_source(kind).takes
    if not sources and takes != "nothing":
        raise click.UsageError(
            f"prepare {kind} needs the folder of the data set: skin-distill prepare {kind} SRC --out DIR"
        )
    result = prepare(kind, sources, out, progress=terminal.progress, **options)
    doubts = _by_kind((doubt.kind, doubt.detail or doubt.path) for doubt in result.doubts)
    for line in doubts:
        terminal.line(f"Doubtful: {line}")
    summary = (
        f"{result.used} photos used, {result.rejected} rejected"
        + (f" (see {out / 'rejected.csv'})" if result.rejected else "")
        + (f", {result.doubtful} doubtful (see {out / 'doubtful.csv'})" if result.doubtful else "")
        + f", {result.seconds:.0f} s. Next: skin-distill teacher --config RECIPE --data {result.meta_path} --run NAME"
    )
    terminal.result(
        {
            "meta": str(result.meta_path),
            "used": result.used,
            "rejected": result.rejected,
            "doubtful": result.doubtful,
            "doubts": doubts,
            "seconds": result.seconds,
        },
        summary,
    )
    if result.rejected > max_rejected:
        raise CheckFailed(
            f"{result.rejected} of {result.used + result.rejected} photos could not be used; meta.csv is complete "
            f"without them. Look at {out / 'rejected.csv'}, or allow this with --max-rejected {result.rejected}."
        )


def _check(meta: Path, terminal: Terminal) -> None:
    with needs_extra("train"):
        from skin_data.check import check_manifest

    problems = check_manifest(meta, terminal.progress)
    lines = [str(problem) for problem in problems if not problem.is_doubt]
    doubts = _by_kind((problem.kind, problem.detail) for problem in problems if problem.is_doubt)
    text = [*lines, *(f"Doubtful: {line}" for line in doubts)]
    terminal.result(
        {"meta": str(meta), "problems": lines, "doubts": doubts}, "\n".join(text) or f"{meta}: no problem found."
    )
    if lines:
        raise CheckFailed(f"{len(lines)} problems in {meta}.")


def _by_kind(doubts: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each kind of doubt, with the first detail and the number of others."""
    details: dict[str, list[str]] = {}
    for kind, detail in doubts:
        details.setdefault(kind, []).append(detail)
    return [
        f"{kind}: {all_of[0]}" + (f" (and {len(all_of) - 1} more)" if all_of[1:] else "")
        for kind, all_of in details.items()
    ]
