"""How long the command takes to start, against interpreters that do nothing more than they must, in one run.

    python -m benchmarks.latency.startup [--model MODEL.tflite] [--runs N]

`skin-distill --help` stands against an empty interpreter. With a model, `skin-distill classify` of one small photo, as
a whole process, stands against a Python that imports numpy and LiteRT and ends. Prints milliseconds, and differences
and ratios run by run; the runs alternate, so that drift of the machine hits all alike.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.console import run_script

RUNS = 15
EMPTY, HELP, LIBRARIES, CLASSIFY = (
    "python -c pass",
    "skin-distill --help",
    "import numpy, LiteRT",
    "skin-distill classify",
)
SIDE = 320  # of the photo, pixels: decoding it takes a millisecond


def commands(model: Path | None, folder: Path) -> dict[str, list[str]]:
    """Commands by what they show; `folder` takes the photo."""
    own = [sys.executable, "-m", "skin_distill"]
    found = {EMPTY: [sys.executable, "-c", "pass"], HELP: [*own, "--help"]}
    if model:
        from benchmarks.latency.scenes import encoded, scene

        photo = folder / "photo.jpg"
        photo.write_bytes(encoded(scene(SIDE, SIDE)))
        found[LIBRARIES] = [sys.executable, "-c", "import numpy, ai_edge_litert.interpreter"]
        found[CLASSIFY] = [*own, "classify", str(photo), "--model", str(model)]
    return found


def measure(asked: Mapping[str, Sequence[str]], runs: int = RUNS) -> dict[str, list[float]]:
    """Return seconds of each run by command; one warm-up run of each is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    for run in range(runs + 1):
        for name, command in asked.items():
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if run:
                seconds[name].append(time.perf_counter() - begun)
    return seconds


def main() -> None:
    """Print medians, and each command against what it stands against."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(commands(options.model, Path(folder)), options.runs)
    for name, values in seconds.items():
        print(
            f"{name:22} {1000 * statistics.median(values):6.0f} ms median of {options.runs} "
            f"(least {1000 * min(values):.0f})"
        )
    for name, base in ((HELP, EMPTY), (CLASSIFY, LIBRARIES)):
        if name in seconds:
            pairs = list(zip(seconds[name], seconds[base], strict=True))
            more = statistics.median(one - other for one, other in pairs)
            ratio = statistics.median(one / other for one, other in pairs)
            print(f"{name:22} {1000 * more:6.0f} ms more than {base}, {ratio:.1f} times as long")


if __name__ == "__main__":
    run_script(main)
