"""`skin-distill prepare`: photos and tables to one meta.csv."""

from pathlib import Path
from typing import Any

import click

from skin_distill.requirements import needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed

KINDS = ("kaggle", "scin", "ham10000", "pad-ufes", "folder", "combined", "phantom")
EPILOG = """\b
Examples:
  skin-distill prepare phantom --out data/phantoms --count 2000
  skin-distill prepare kaggle IMG_CLASSES --out data/kaggle
  skin-distill prepare scin SCIN --out data/scin
  skin-distill prepare folder photos.csv --groups patients.csv --out data/mine
  skin-distill prepare combined data/kaggle/meta.csv data/scin/meta.csv --out data/both
  skin-distill prepare --check data/kaggle/meta.csv

Photos that cannot be used are listed in DIR/rejected.csv with a reason; the run goes on without them and ends with
exit code 1 when more than --max-rejected were left out. What is used with a question mark, such as the same picture
under two diagnoses, is listed in DIR/doubtful.csv.
"""


@click.command("prepare", cls=ResumableCommand, epilog=EPILOG)
@click.argument("kind", type=click.Choice(KINDS), required=False)
@click.argument("sources", metavar="[SRC]", type=click.Path(path_type=Path), nargs=-1)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for meta.csv and its reports.")
@click.option("--check", type=click.Path(path_type=Path, dir_okay=False), help="Prove an existing meta.csv instead.")
@click.option(
    "--seed", default=42, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Of the split, and of phantoms."
)
@click.option("--count", default=2000, show_default=True, help="Phantoms to render.")
@click.option("--size", default=224, show_default=True, help="Side of a phantom in pixels.")
@click.option("--taxonomy", help="Class list other than the data set's own: a YAML file or a shipped name.")
@click.option(
    "--groups",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV of image_path and group (patient, lesion); it counts before the data set's own groups.",
)
@click.option("--workers", type=int, help="Processes; by default one a core.")
@click.option("--show-duplicates", is_flag=True, help="Also draw near-duplicates side by side; pages hold the photos.")
@click.option("--max-rejected", default=0, show_default=True, help="Photos that may be left out with exit code 0.")
@output_options
def command(
    kind: str | None,
    sources: tuple[Path, ...],
    out: Path | None,
    check: Path | None,
    seed: int,
    count: int,
    size: int,
    taxonomy: str | None,
    groups: Path | None,
    workers: int | None,
    show_duplicates: bool,
    max_rejected: int,
    terminal: Terminal,
) -> None:
    """Turn photos and tables into one meta.csv.

    It has splits without shared lesions, the lighting and the skin tone of each photo.

    KIND is the layout of SRC, a folder; for folder also a CSV file with the columns image_path and diagnosis. combined
    takes the meta.csv of several data sets with the same classes; phantom renders synthetic photos and needs no SRC.
    """
    if check:
        _check(check, terminal)
        return
    if not kind or not out:
        raise click.UsageError("Give a kind and --out, for example: skin-distill prepare kaggle IMG_CLASSES --out data")
    if not sources and kind != "phantom":
        raise click.UsageError(
            f"prepare {kind} needs the folder of the data set: skin-distill prepare {kind} SRC --out DIR"
        )
    options: dict[str, Any] = {"count": count, "size": size} if kind == "phantom" else {}
    with needs_extra("train"):
        from skin_data.prepare import prepare

    result = prepare(
        kind,
        sources,
        out,
        seed=seed,
        workers=workers,
        progress=terminal.progress,
        taxonomy=taxonomy,
        groups=groups,
        show_duplicates=show_duplicates,
        **options,
    )
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
    lines = [str(problem) for problem in problems]
    terminal.result({"meta": str(meta), "problems": lines}, "\n".join(lines) if lines else f"{meta}: no problem found.")
    if lines:
        raise CheckFailed(f"{len(lines)} problems in {meta}.")
