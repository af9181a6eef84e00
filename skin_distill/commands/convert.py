"""`skin-distill convert`: a student to .tflite variants."""

from pathlib import Path

import click

from convert.variants import VARIANTS
from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options

HELP = f"{', '.join(VARIANTS)}; repeat for several. Default: those of the recipe."
EPILOG = """\b
Example:
  skin-distill convert --run phantom-student --data data/phantoms/meta.csv --variant float32 --variant int8
"""


@click.command("convert", epilog=EPILOG)
@click.option("--run", "run_name", required=True, help="Name of the student's run.")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The student's meta.csv.")
@click.option("--variant", "variants", multiple=True, help=HELP)
@output_options
def command(run_name: str, data: Path, variants: tuple[str, ...], terminal: Terminal) -> None:
    """Convert a student to .tflite files.

    Each carries its classes, card and colour calibration.
    """
    load_tensorflow()
    with needs_extra("train"):
        from convert.convert import convert
        from teacher.data.manifest import read_manifest
        from teacher.run_folder import RunFolder

    run = RunFolder(run_name)
    wanted = variants or tuple(run.read_config().get("convert", {}).get("variants", ("float32", "int8")))
    files = convert(run, read_manifest(data), list(wanted), terminal.progress)
    sizes = {name: path.stat().st_size for name, path in files.items()}
    lines = [f"{files[name]}  {size / 1e6:.2f} MB" for name, size in sizes.items()]
    terminal.result(
        {name: {"path": str(files[name]), "bytes": size} for name, size in sizes.items()},
        "\n".join(
            [*lines, f"Next: skin-distill verify {' '.join(map(str, files.values()))} --run {run_name} --data {data}"]
        ),
    )
