"""`skin-distill curate`: list photos whose labels deserve a second look."""

from pathlib import Path

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options, percent
from triage.errors import UnusableInput

EPILOG = """\b
Example:
  skin-distill curate data/kaggle/meta.csv --run student --out curated

Writes DIR/findings.csv and DIR/page.html, which contains the photos. Nothing is changed: correct the labels in your own
table, or remove photos, and prepare again.
"""


@click.command("curate", epilog=EPILOG)
@click.argument("meta", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--run", "run_name", required=True, help="Run whose student or teacher gives the features.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the results.")
@click.option("--folds", default=5, show_default=True, type=click.IntRange(2, 20), help="Parts of the data set.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, 2**32 - 1), help="Random seed of the folds."
)
@output_options
def command(meta: Path, run_name: str, out: Path, folds: int, seed: int, terminal: Terminal) -> None:
    """List likely wrong labels, copies with another label and photos that no class explains.

    From out-of-fold predictions (confident learning): logistic regressions on the features of a run's frozen model,
    each fitted without the photos that it predicts. Says on validation what leaving out likely wrong labels does.
    """
    load_tensorflow()
    with needs_extra("train"):
        from distill.model_file import load_model
        from skin_data.csv_table import csv_text
        from skin_data.manifest import read_manifest
        from skin_data.pixels import load_pixels
        from skin_training.curation import COLUMNS, curate
        from skin_training.curation_page import curation_page
        from skin_training.predict import pooled_features
        from skin_training.run_folder import RunFolder
        from triage.atomic import check_writable, write_text
        from triage.crop import Crop

    manifest, run = read_manifest(meta), RunFolder(run_name)
    check_writable(out / "findings.csv")
    config = run.read_config()
    kinds = {run.artifacts / "student.keras": "distill", run.artifacts / "teacher.keras": "teacher"}
    file = next((file for file in kinds if file.is_file()), None)
    if file is None:
        raise UnusableInput(f"Run '{run_name}' has no model. Looked in: {run.artifacts}. Train it first.")
    model = load_model(file)
    cache, side = Path("artifacts") / "pixels", model.input_shape[1]
    pixels = load_pixels(manifest, manifest.frame, side, Crop.recorded(config[kinds[file]]), cache, terminal.progress)
    result = curate(manifest, pooled_features(model, pixels, progress=terminal.progress), folds, seed)
    rows = result.findings
    write_text(out / "findings.csv", csv_text(list(COLUMNS), rows.to_numpy().tolist()))
    write_text(out / "page.html", curation_page(manifest, rows, progress=terminal.progress))
    counts = rows.groupby(["finding", "diagnosis", "suggested"]).size().sort_values(ascending=False)
    terminal.table(
        f"Labels to look at again, of {len(manifest.frame)} photos",
        ("finding", "label", "suggested", "photos"),
        [(*map(str, key), int(count)) for key, count in counts.head(20).items()],
        caption="Out-of-fold predictions of logistic regressions on frozen features; the model's own training photos "
        "look better than they are.",
    )
    effect = ""
    if result.effect:
        effect = (
            f"Without {result.left_out} likely wrong labels in training, the same regression on validation changes by "
            f"{percent(result.effect['balanced_accuracy'])} in balanced accuracy, {percent(result.effect['accuracy'])} "
            f"in accuracy: {result.effect['verdict']}.\n"
        )
    numbers = {name: int(count) for name, count in rows["finding"].value_counts().items()}
    terminal.result(
        {
            "findings": str(out / "findings.csv"),
            "counts": numbers,
            "left_out": result.left_out,
            "effect": result.effect,
        },
        f"{effect}Look through {out / 'page.html'}; all findings are in {out / 'findings.csv'}.",
    )
