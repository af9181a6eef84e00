"""`skin-distill verify`: prove that a .tflite file answers like its Keras student."""

from pathlib import Path

import click

from skin_distill.terminal import Terminal, output_options

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
