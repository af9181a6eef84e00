"""`skin-distill verify`: prove that a .tflite file answers like its Keras student."""

from pathlib import Path

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed

EPILOG = """\b
Example:
  skin-distill verify artifacts/phantom-student/student-int8.tflite --run phantom-student --data data/phantoms/meta.csv

Exit code 0: every gate passed, or had too few samples to tell and is named; 1: a gate failed.
"""


@click.command("verify", epilog=EPILOG)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--run", "run_name", required=True, help="Name of the student's run.")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The student's meta.csv.")
@output_options
def command(models: tuple[Path, ...], run_name: str, data: Path, terminal: Terminal) -> None:
    """Prove that .tflite files answer like Keras.

    Compares them with the float student on the test split, gate by gate and tone by tone.
    """
    load_tensorflow()
    with needs_extra("train"):
        from convert.verify import verify
        from teacher.data.manifest import read_manifest
        from teacher.run_folder import RunFolder

    run = RunFolder(run_name)
    report = verify(models, run, read_manifest(data), progress=terminal.progress)
    for file in report.files:
        terminal.table(
            file.path.name + (", synthetic data" if file.test["synthetic"] else ""),
            ("gate", "measured", "limit", "outcome"),
            [(v.gate, v.measured, v.limit, v.outcome) for v in file.gates],
            caption=f"{file.test['n']} test photos. Tones: {file.test['tone_scheme']}.",
        )
    untold = [f"{file.path.name}: {', '.join(file.untold)}" for file in report.files if file.untold]
    text = f"Written: {run.report_path} and {run.figures / 'tone_change.png'}"
    terminal.result(report.to_json(), "\n".join([*(f"Too few samples to tell: {line}" for line in untold), text]))
    if not report.passed:
        failed = [file.path.name for file in report.files if not file.passed]
        raise CheckFailed(f"Gates failed for {', '.join(failed)}. Do not ship it; the table above says why.")
