"""`skin-distill convert`: a student to .tflite files."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from convert.variants import VARIANTS
from skin_distill.commands.verify import show_gates
from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed

if TYPE_CHECKING:
    from convert.best import Best

HELP = f"{', '.join(VARIANTS)}; repeat for several. Default: those of the recipe."
BEST_HELP = (
    "Choose the smallest or fastest file that passes every gate on the validation split, copy it to student.tflite "
    "and verify it."
)
EPILOG = """\b
Examples:
  skin-distill convert --run phantom-student --data data/phantoms/meta.csv --variant float32 --variant int8
  skin-distill convert --run phantom-student --data data/phantoms/meta.csv --best size
"""


@click.command("convert", cls=ResumableCommand, epilog=EPILOG)
@click.option("--run", "run_name", required=True, help="Name of the student's run.")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The student's meta.csv.")
@click.option("--variant", "variants", multiple=True, help=HELP)
@click.option("--best", type=click.Choice(["size", "latency"]), help=BEST_HELP)
@output_options
def command(run_name: str, data: Path, variants: tuple[str, ...], best: str | None, terminal: Terminal) -> None:
    """Convert a student to .tflite files.

    Each file holds its classes, model card and colour calibration.
    """
    load_tensorflow()
    with needs_extra("train"):
        from convert.best import choose_best
        from convert.convert import convert
        from convert.recipe import convert_recipe
        from convert.verifying.runtime_gates import gates_of_recipe
        from skin_data.manifest import read_manifest
        from skin_training.run_folder import RunFolder

    run = RunFolder(run_name)
    selected = list(variants or convert_recipe(run).variants)
    if best:
        manifest, extra_gates = read_manifest(data), gates_of_recipe(run)
        _show_best(choose_best(run, manifest, selected, best, extra_gates, terminal.progress), terminal)
        return
    files = convert(run, read_manifest(data), selected, terminal.progress)
    entries = run.read_report()["convert"]["variants"]
    terminal.table(
        f"Files of {run_name} in {run.artifacts}",
        ("variant", "MB", "MB compressed", "XNNPACK partitions", "operators outside"),
        [
            (
                name,
                f"{entries[name]['bytes'] / 1e6:.2f}",
                f"{entries[name]['deflated_bytes'] / 1e6:.2f}",
                entries[name]["xnnpack"]["count"],
                ", ".join(dict.fromkeys(entries[name]["xnnpack"]["outside"])) or "none",
            )
            for name in files
        ],
    )
    terminal.result(
        {name: {"path": str(path), **entries[name]} for name, path in files.items()},
        f"Next: skin-distill verify {' '.join(map(str, files.values()))} --run {run_name} --data {data}",
    )


def _show_best(best: "Best", terminal: Terminal) -> None:
    """Print the candidates and the file chosen; raise CheckFailed if it fails on the test split."""
    (file,) = best.verification.files
    terminal.table(
        f"Candidates by {best.objective}, on the validation split",
        ("variant", "MB", "ms", "outcome"),
        [
            (
                c.variant,
                "not made" if c.bytes is None else f"{c.bytes / 1e6:.2f}",
                "not timed" if c.latency_ms is None else f"{c.latency_ms:.2f}",
                "chosen" if c.passed else "\n".join(c.why),
            )
            for c in best.candidates
        ],
    )
    show_gates(file, terminal)
    if not best.file:
        failed = [result.gate for result in file.gates if result.outcome == "failed"]
        raise CheckFailed(
            f"{file.variant}, chosen on the validation split, fails on the test split: {', '.join(failed)}. Choosing "
            "another by the test split would bias its metrics. Leave the variant out with --variant, or set other "
            "limits."
        )
    unsure = f" Too few samples to tell: {', '.join(file.inconclusive)}." if file.inconclusive else ""
    terminal.result(
        {"rungs": [dataclasses.asdict(c) for c in best.candidates], "path": str(best.file), "test": file.to_json()},
        f"Chosen: {file.variant}, {best.file}.{unsure}\nNext: skin-distill classify PHOTO --model {best.file}",
    )
