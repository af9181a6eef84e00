"""`skin-distill benchmark`: latency of models side by side, or of every part from a photo to its prediction."""

from pathlib import Path

import click

from skin_distill.terminal import Terminal
from triage.errors import UnusableInput

EPILOG = """\b
Examples:
  skin-distill benchmark student-float32.tflite student-int8.tflite --threads 1,2 --json latency.json
  skin-distill benchmark student-int8.tflite --compare latency.json
  skin-distill benchmark student-float32.tflite other.tflite --also keras,tensorflow
  skin-distill benchmark student-float32.tflite --end-to-end

MODEL is any .tflite that takes one photo, or a .keras file.
"""


@click.command("benchmark", epilog=EPILOG)
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--threads", default="1", help="Thread counts, separated by commas.")
@click.option(
    "--mode",
    type=click.Choice(["rapid", "normal", "strict"]),
    default="rapid",
    help="How many rounds and inferences: fewer to more.",
)
@click.option("--also", default="", help="Run the .tflite files also by: keras, tensorflow, tflite_runtime.")
@click.option("--end-to-end", is_flag=True, help="Time every part from a JPEG or camera frame to the prediction.")
@click.option(
    "--compare", type=click.Path(path_type=Path, dir_okay=False), help="JSON of an earlier run, or of the app."
)
@click.option("--json", "json_path", type=click.Path(path_type=Path, dir_okay=False), help="Write the result here.")
@click.option("-v", "--verbose", is_flag=True, help="Also show the time of each operator.")
@click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")
def command(
    models: tuple[Path, ...],
    threads: str,
    mode: str,
    also: str,
    end_to_end: bool,
    compare: Path | None,
    json_path: Path | None,
    verbose: bool,
    quiet: bool,
) -> None:
    """Time models side by side.

    Runs alternate in fresh processes; ratios come with 95 % intervals.
    """
    from triage.atomic import check_writable, write_json

    # What cannot be used is reported before minutes are spent.
    if json_path:
        check_writable(json_path)
    with Terminal(-1 if quiet else int(verbose)) as terminal:
        if end_to_end:
            from benchmarks.latency.end_to_end import measure
            from skin_distill.latency_tables import show_end_to_end

            if len(models) != 1 or compare or also:
                raise UnusableInput(
                    "--end-to-end takes one model and --mode, --json, -v and -q. "
                    f"Received: {len(models)} models, or --compare or --also."
                )
            result = measure(models[0], mode, terminal.progress)
            show_end_to_end(result, terminal)
        else:
            from benchmarks.latency import compare as comparison
            from benchmarks.latency.interleaved import benchmark
            from skin_distill.latency_tables import show_comparison, show_latency, show_profiles

            try:
                counts = tuple(int(part) for part in threads.split(","))
            except ValueError:
                raise UnusableInput(f"--threads takes whole numbers such as 1,2. Received: {threads!r}.") from None
            old = comparison.read_result(compare) if compare else None
            ways = [way.strip() for way in also.split(",") if way.strip()]
            result = benchmark(models, counts, mode, terminal.progress, ways)
            show_latency(result, terminal)
            if verbose and not quiet:
                show_profiles(result, terminal)
            if old:
                result["comparison"] = comparison.compare(result, old)
                show_comparison(result["comparison"], terminal)
        if json_path:
            write_json(json_path, result)
            terminal.line(f"Written: {json_path}")
