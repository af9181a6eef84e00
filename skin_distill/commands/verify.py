"""`skin-distill verify`: check .tflite files against their Keras student."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed

if TYPE_CHECKING:
    from convert.verifying.verifier import FileVerdict

NAMED = 3
"""So many operators are named; of more, their number is told."""

EPILOG = """\b
Example:
  skin-distill verify artifacts/phantom-student/student.tflite --run phantom-student --data data/phantoms/meta.csv

Exit code 0: no gate failed; gates with too few samples are named. Exit code 1: a gate failed. Limits are under
convert.gates of the recipe; docs/conversion.md lists them.
"""


@click.command("verify", epilog=EPILOG)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--run", "run_name", required=True, help="Name of the student's run.")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The student's meta.csv.")
@output_options
def command(models: tuple[Path, ...], run_name: str, data: Path, terminal: Terminal) -> None:
    """Check .tflite predictions against the Keras student.

    Compares predictions on the test split, overall and per skin tone and class, and the colour calibration.
    """
    load_tensorflow()
    with needs_extra("train"):
        from convert.verifying.gates import points
        from convert.verifying.runtime_gates import gates_of_recipe
        from convert.verifying.verify import PLOTS, verify
        from skin_data.manifest import read_manifest
        from skin_training.run_folder import RunFolder

    run = RunFolder(run_name)
    manifest = read_manifest(data)
    report = verify(models, run, manifest, extra_gates=gates_of_recipe(run), progress=terminal.progress)
    for file in report.files:
        show_gates(file, terminal)
    terminal.table(
        "Recall of each class, against the float student",
        ("class", *(file.variant for file in report.files)),
        [
            (name, *(points(file.comparison["per_class"][name]) for file in report.files))
            for name in report.files[0].comparison["per_class"]
        ],
        caption="Paired changes with 95 % intervals.",
    )
    terminal.table(
        "What accelerators take, by their makers' documents",
        ("accelerator", "file", "operators", "multiplications", "on the processor"),
        [
            (
                placement.accelerator,
                file.variant,
                f"{placement.taken} of {placement.operators}",
                f"{placement.work:.1%}",
                "; ".join(_in_words(*item) for item in placement.outside.items()) or "nothing",
            )
            for file in report.files
            for placement in file.accelerators
        ],
        caption="Not tried on hardware. Sources and dates are in the report.",
    )
    unsure = {file.path.name: ", ".join(file.inconclusive) for file in report.files if file.inconclusive}
    lines = [f"Too few samples to tell: {name}: {gates}" for name, gates in unsure.items()]
    lines += [f"Warning: {warning}" for warning in report.warnings]
    lines.append(f"Saved: {run.report_path} and {', '.join(PLOTS)} in {run.figures}")
    terminal.result(report.to_json(), "\n".join(lines))
    if not report.passed:
        failed = [file.path.name for file in report.files if not file.passed]
        raise CheckFailed(f"Gates failed for {', '.join(failed)}. Do not ship them; the table above shows why.")


def _in_words(reason: str, operators: list[str]) -> str:
    named = ", ".join(operators) if len(operators) <= NAMED else f"{len(operators)} kinds"
    return f"{reason} ({named})"


def show_gates(file: "FileVerdict", terminal: Terminal) -> None:
    """Print the outcome of each gate of a file that was verified on the test split."""
    change, light = file.comparison["largest_change"], file.comparison["largest_lighting_change"]
    assert file.test is not None
    terminal.table(
        f"{file.path.name} ({file.variant}, {file.kind})" + (", synthetic data" if file.test["synthetic"] else ""),
        ("gate", "measured", "limit", "outcome"),
        [(result.gate, result.measured, result.limit, result.outcome) for result in file.gates],
        caption=f"{file.test['n']} test photos. Largest change of a probability: diagnosis {change:.3f}, lighting "
        f"{light:.3f}. Tones: {file.test['tone_scheme']}.",
    )
