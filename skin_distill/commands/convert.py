"""`skin-distill convert`: a student to .tflite variants."""

from pathlib import Path
from typing import Any

import click

from convert.variants import VARIANTS
from skin_distill.commands.verify import show_gates
from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed

HELP = f"{', '.join(VARIANTS)}; repeat for several. Default: those of the recipe."
BEST_HELP = (
    "Choose the smallest or quickest file that passes every gate on the validation split, copy it to student.tflite "
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

    Each carries its classes, card and colour calibration.
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
    wanted = list(variants or convert_recipe(run).variants)
    if best:
        manifest, further = read_manifest(data), gates_of_recipe(run)
        _show_best(choose_best(run, manifest, wanted, best, further, terminal.progress), terminal)
        return
    files = convert(run, read_manifest(data), wanted, terminal.progress)
    made = run.read_report()["convert"]["variants"]
    terminal.table(
        f"Files of {run_name} in {run.artifacts}",
        ("variant", "MB", "MB deflated", "parts in XNNPACK", "operators outside"),
        [
            (
                name,
                f"{made[name]['bytes'] / 1e6:.2f}",
                f"{made[name]['deflated_bytes'] / 1e6:.2f}",
                made[name]["xnnpack"]["count"],
                ", ".join(dict.fromkeys(made[name]["xnnpack"]["outside"])) or "none",
            )
            for name in files
        ],
    )
    terminal.result(
        {name: {"path": str(path), **made[name]} for name, path in files.items()},
        f"Next: skin-distill verify {' '.join(map(str, files.values()))} --run {run_name} --data {data}",
    )


def _show_best(best: Any, terminal: Terminal) -> None:
    """Print a `convert.best.Best`; raise CheckFailed if the file chosen fails on the test split."""
    (file,) = best.proof.files
    terminal.table(
        f"The ladder by {best.objective}, on the validation split",
        ("variant", "MB", "ms", "outcome"),
        [
            (
                rung.variant,
                "not made" if rung.bytes is None else f"{rung.bytes / 1e6:.2f}",
                "not timed" if rung.latency_ms is None else f"{rung.latency_ms:.2f}",
                "taken" if rung.passed else "\n".join(rung.why),
            )
            for rung in best.rungs
        ],
    )
    show_gates(file, terminal)
    untold = f" Too few samples to tell: {', '.join(file.untold)}." if file.untold else ""
    if not best.file:
        failed = [verdict.gate for verdict in file.gates if verdict.outcome == "failed"]
        raise CheckFailed(
            f"{file.variant}, chosen on the validation split, fails on the test split: {', '.join(failed)}. Choosing "
            "another one by the test split would spoil it. Leave the variant out with --variant, or set other limits."
        )
    terminal.result(
        {"rungs": [vars(rung) for rung in best.rungs], "path": str(best.file), "test": file.to_json()},
        f"Chosen: {file.variant}, {best.file}.{untold}\nNext: skin-distill classify PHOTO --model {best.file}",
    )
