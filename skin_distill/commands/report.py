"""`skin-distill report`: accuracy, latency, size and fairness of a set of runs on one page."""

from dataclasses import asdict
from pathlib import Path

import click

from skin_distill.requirements import needs_extra
from skin_distill.terminal import Terminal, output_options

EPILOG = """\b
Example:
  skin-distill report my-teacher my-student --out report.html

RUN is a run's name, or a folder with a report.json. Latency is read from its latency.json, written by
`skin-distill benchmark artifacts/RUN/student-*.tflite --json experiments/RUN/latency.json`.
"""


@click.command("report", epilog=EPILOG)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--out",
    default="report.html",
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Path of the HTML page.",
)
@output_options
def command(runs: tuple[str, ...], out: Path, terminal: Terminal) -> None:
    """Compare runs on one page.

    Accuracy against latency, size and fairness: one table and one plot, as HTML that opens offline.
    """
    from triage.atomic import write_text

    with needs_extra("train"):  # matplotlib and SciPy
        from benchmarks.report.collect import collect
        from benchmarks.report.page import page

        entries = collect(runs)
        text = page(entries)
    write_text(out, text)
    terminal.result([asdict(entry) for entry in entries], f"Written: {out}, {len(entries)} models")
