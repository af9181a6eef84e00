"""`skin-distill demo`: the whole pipeline on an embedded, synthetic data set."""

from pathlib import Path

import click

from skin_distill.requirements import needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options, percent

EPILOG = """\b
Example:
  skin-distill demo --out demo

A second run resumes the first, or shows its results if it is finished.
"""


@click.command("demo", cls=ResumableCommand, epilog=EPILOG)
@click.option(
    "--out", default="demo", type=click.Path(path_type=Path, file_okay=False),
    help="Folder for photos, runs and files."
)  # fmt: skip
@output_options
def command(out: Path, terminal: Terminal) -> None:
    """Run the whole pipeline on synthetic photos.

    First the app's demo model assesses a skin phantom. Then: prepare, train, distil, convert, verify, benchmark
    and classify phantoms.
    """
    with needs_extra("train"):
        from skin_distill.demo import run_demo

        result = run_demo(out, terminal)
    terminal.table(
        "Synthetic skin phantoms: shows that the pipeline works, says nothing about real skin",
        ("model", "diagnosis accuracy", "lighting accuracy", "MB", "ms a photo"),
        [
            (
                r["model"],
                percent(r["diagnosis"]),
                percent(r["lighting"]),
                f"{r['size'] / 1e6:.2f}",
                f"{r['latency']:.2f}",
            )
            for r in result["rows"]
        ],
        caption=f"{result['rows'][0]['diagnosis']['n']} test photos, 95 % intervals; .tflite files, one thread of this "
        f"machine; duration {result['seconds']:.0f} s.",
    )
    gates = "no gate failed" if result["verified"] else "a gate failed, see the report"
    inconclusive = f"; too few photos for: {', '.join(result['cannot_tell'])}" if result["cannot_tell"] else ""
    model = result["chosen"]
    terminal.result(
        result,
        f"Chosen: {result['rows'][-1]['model']}, the smallest file that passes every gate on the validation split.\n"
        f"Verified on the test split: {gates}{inconclusive}.\n"
        "Try next:\n"
        f"  skin-distill classify {result['photo']} --model {model}\n"
        f"  skin-distill benchmark {' '.join(result['files'].values())} --threads 1,2\n"
        f"  skin-distill evaluate {model} --data {result['meta']}\n"
        "With your own photographs: skin-distill prepare --help",
    )
