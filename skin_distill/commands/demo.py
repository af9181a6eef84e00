"""`skin-distill demo`: the whole pipeline on an embedded, synthetic data set."""

from pathlib import Path

import click

from skin_distill.requirements import needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options, percent

EPILOG = """\b
Example:
  skin-distill demo --out demo

A second run resumes the first, or shows its result at once.
"""


@click.command("demo", cls=ResumableCommand, epilog=EPILOG)
@click.option(
    "--out", default="demo", show_default=True, type=click.Path(path_type=Path, file_okay=False),
    help="Folder for photos, runs and files.",
)  # fmt: skip
@output_options
def command(out: Path, terminal: Terminal) -> None:
    """Run the whole pipeline on synthetic photos.

    Prepare, train, distil, convert, verify, benchmark and classify skin phantoms.
    """
    with needs_extra("train"):
        from skin_distill.demo import run_demo

        result = run_demo(out, terminal)
    terminal.table(
        "Synthetic skin phantoms: shows that the pipeline works, says nothing about real skin",
        ("model", "diagnosis accuracy", "lighting accuracy", "MB", "ms a photo"),
        [
            (row.model, percent(row.diagnosis), percent(row.lighting), f"{row.size / 1e6:.2f}", f"{row.latency:.2f}")
            for row in result.rows
        ],
        caption=(
            f"{result.rows[0].diagnosis['n']} test photos, 95 % intervals; .tflite files, one thread of this machine; "
            f"duration {result.seconds:.0f} s."
        ),
    )
    gates = "no gate failed" if result.verified else "a gate failed, see the report"
    inconclusive = f"; too few photos for: {', '.join(result.inconclusive)}" if result.inconclusive else ""
    model = result.chosen
    terminal.result(
        {
            "synthetic": True,
            "seconds": result.seconds,
            "verified": result.verified,
            "cannot_tell": result.inconclusive,
            "rows": [vars(row) for row in result.rows],
            "files": {name: str(path) for name, path in result.files.items()},
            "chosen": str(model),
        },
        f"Chosen: {result.rows[-1].model}, the smallest file that passes every gate on the validation split.\n"
        f"Verified on the test split: {gates}{inconclusive}.\n"
        "Try next:\n"
        f"  skin-distill classify {result.photo} --model {model}\n"
        f"  skin-distill benchmark {' '.join(map(str, result.files.values()))} --threads 1,2\n"
        f"  skin-distill evaluate {model} --data {result.meta}\n"
        "With your own photographs: skin-distill prepare --help",
    )
