"""Start-up time of the command, against interpreters that import only what it must.

    python -m benchmarks.latency.startup [--model MODEL.tflite] [--runs N]

`skin-distill --help` is compared with an empty interpreter, and, given a model, `skin-distill classify` of one small
photo with a Python that imports numpy and LiteRT. Runs alternate, so that a drift of the machine affects all alike.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks.console import run_script

EMPTY, HELP, LIBRARIES, CLASSIFY = (
    "python -c pass",
    "skin-distill --help",
    "import numpy, LiteRT",
    "skin-distill classify",
)
SIDE = 320  # of the photo, pixels: decoding it takes a millisecond


def commands(model: Path | None, folder: Path) -> dict[str, list[str]]:
    """Return the command lines by name; the photo to classify is written into `folder`."""
    own = [sys.executable, "-m", "skin_distill"]
    found = {EMPTY: [sys.executable, "-c", "pass"], HELP: [*own, "--help"]}
    if model:
        from benchmarks.latency.scenes import encoded, scene

        photo = folder / "photo.jpg"
        photo.write_bytes(encoded(scene(SIDE, SIDE)))
        found[LIBRARIES] = [sys.executable, "-c", "import numpy, ai_edge_litert.interpreter"]
        found[CLASSIFY] = [*own, "classify", str(photo), "--model", str(model)]
    return found


def measure(command_lines: Mapping[str, Sequence[str]], runs: int) -> dict[str, list[float]]:
    """Return the seconds of each run by command; one warm-up run of each is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in command_lines}
    for run in range(runs + 1):
        for name, command in command_lines.items():
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if run:
                seconds[name].append(time.perf_counter() - begun)
    return seconds


@click.command()
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Also time classify.")
@click.option("--runs", default=15, show_default=True, type=click.IntRange(min=1))
def main(model: Path | None, runs: int) -> None:
    """Time how long the command takes to start."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(commands(model, Path(folder)), runs)
    for name, values in seconds.items():
        print(f"{name:22} {1000 * statistics.median(values):6.0f} ms median of {runs} (least {1000 * min(values):.0f})")
    for name, base in ((HELP, EMPTY), (CLASSIFY, LIBRARIES)):
        if name in seconds:
            more = statistics.median(one - other for one, other in zip(seconds[name], seconds[base], strict=True))
            print(f"{name:22} {1000 * more:6.0f} ms more than {base}")


if __name__ == "__main__":
    run_script(main)
