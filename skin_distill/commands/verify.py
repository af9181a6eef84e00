"""`skin-distill verify`: prove that a .tflite file answers like its Keras student."""

from pathlib import Path
from typing import Any

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed

EPILOG = """\b
Example:
  skin-distill verify artifacts/phantom-student/student.tflite --run phantom-student --data data/phantoms/meta.csv

Exit code 0: every gate passed, or had too few samples to tell and is named; 1: a gate failed. The gates' limits are
under convert.gates of the recipe; docs/conversion.md lists them.
"""


@click.command("verify", epilog=EPILOG)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--run", "run_name", required=True, help="Name of the student's run.")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The student's meta.csv.")
@output_options
def command(models: tuple[Path, ...], run_name: str, data: Path, terminal: Terminal) -> None:
    """Prove that .tflite files answer like Keras.

    Compares them with the float student on the test split: gate by gate, tone by tone, class by class, and colour by
    colour.
    """
    load_tensorflow()
    with needs_extra("train"):
        from convert.verifying.runtime_gates import gates_of_recipe
        from convert.verifying.verify import FIGURES, verify
        from skin_data.manifest import read_manifest
        from skin_training.run_folder import RunFolder

    run = RunFolder(run_name)
    manifest = read_manifest(data)
    report = verify(models, run, manifest, further=gates_of_recipe(run), progress=terminal.progress)
    for file in report.files:
        show_gates(file, terminal)
    show_classes(report.files, terminal)
    untold = [f"{file.path.name}: {', '.join(file.untold)}" for file in report.files if file.untold]
    text = f"Written: {run.report_path} and {', '.join(FIGURES)} in {run.figures}"
    terminal.result(report.to_json(), "\n".join([*(f"Too few samples to tell: {line}" for line in untold), text]))
    if not report.passed:
        failed = [file.path.name for file in report.files if not file.passed]
        raise CheckFailed(f"Gates failed for {', '.join(failed)}. Do not ship it; the table above says why.")


def show_gates(file: Any, terminal: Terminal) -> None:
    """Print the outcome of each gate of a `convert.verifying.verifier.FileVerdict`."""
    change, light = file.comparison["largest_change"], file.comparison["largest_lighting_change"]
    terminal.table(
        f"{file.path.name} ({file.variant})" + (", synthetic data" if file.test["synthetic"] else ""),
        ("gate", "measured", "limit", "outcome"),
        [(v.gate, v.measured, v.limit, v.outcome) for v in file.gates],
        caption=f"{file.test['n']} test photos. Largest change of a probability: diagnosis {change:.3f}, lighting "
        f"{light:.3f}. Tones: {file.test['tone_scheme']}.",
    )


def show_classes(files: list[Any], terminal: Terminal) -> None:
    """Print the paired change of each class's recall, one column a file."""
    from convert.verifying.gates import points

    terminal.table(
        "Recall of each class, against the float student",
        ("class", *(file.variant for file in files)),
        [
            (name, *(points(f.comparison["per_class"][name]) for f in files))
            for name in files[0].comparison["per_class"]
        ],
        caption="Paired changes with 95 % intervals.",
    )
