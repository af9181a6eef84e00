"""`skin-distill benchmark`: latency of models, interleaved."""

from pathlib import Path
from typing import Any

import click

from skin_distill.terminal import Terminal
from triage.errors import UnusableInput

EPILOG = """\b
Example:
  skin-distill benchmark student-float32.tflite student-int8.tflite --threads 1,2 --mode rapid --json latency.json
"""


@click.command("benchmark", epilog=EPILOG)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--threads", default="1", show_default=True, help="Thread counts, separated by commas.")
@click.option("--mode", type=click.Choice(["rapid", "normal", "strict"]), default="rapid", show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here.")
@click.option("-v", "--verbose", is_flag=True, help="Say more.")
@click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")
def command(
    models: tuple[Path, ...], threads: str, mode: str, json_path: Path | None, verbose: bool, quiet: bool
) -> None:
    """Time models side by side.

    Interleaved runs in fresh processes, with ratios and their intervals.
    """
    from benchmarks.latency import benchmark
    from triage.atomic import write_json

    try:
        counts = tuple(int(part) for part in threads.split(","))
    except ValueError:
        raise UnusableInput(f"--threads is a list of whole numbers such as 1,2. Received: {threads!r}.") from None
    with Terminal(-1 if quiet else int(verbose)) as terminal:
        result = benchmark([Path(m) for m in models], threads=counts, mode=mode, progress=terminal.progress)
        show_latency(result, terminal)
        if json_path:
            write_json(json_path, result)
            terminal.line(f"Written: {json_path}")


def show_latency(result: dict[str, Any], terminal: Terminal) -> None:
    """Print the table of a benchmark's result."""
    machine = result["machine"]
    noisy = " This machine is too noisy to tell small differences: its rounds differ by more than 15 %."
    terminal.table(
        f"Latency of one photo, {result['mode']}",
        ("model", "threads", "p50 ms", "p90 ms", "p99 ms", "ratio to first", "load ms", "first ms", "peak MB", "MB"),
        [
            (
                r["model"],
                r["threads"],
                f"{r['p50_ms']:.2f}",
                f"{r['p90_ms']:.2f}",
                f"{r['p99_ms']:.2f}",
                f"{r['ratio']['value']:.2f} ({r['ratio']['low']:.2f} to {r['ratio']['high']:.2f})",
                f"{r['load_ms']:.0f}",
                f"{r['first_ms']:.1f}",
                f"{r['peak_rss_mb']:.0f}",
                f"{r['bytes'] / 1e6:.2f}",
            )
            for r in result["results"]
        ],
        caption=f"{machine['cpu']}, {machine['cores']} cores, load {machine['load_average']:.1f}, {machine['runtime']}."
        + (noisy if result["noisy"] else ""),
    )
