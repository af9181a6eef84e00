"""How long the command takes to answer `--help`, against an interpreter that does nothing, in one run.

    python -m benchmarks.startup

Prints milliseconds and the ratio; the runs alternate, so that drift of the machine hits both alike.
"""

import statistics
import subprocess
import sys
import time

RUNS = 15
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "skin-distill --help": [sys.executable, "-m", "skin_distill", "--help"],
}


def measure(runs: int = RUNS) -> dict[str, list[float]]:
    """Return seconds of each run by command; one warm-up run of each is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for run in range(runs + 1):
        for name, command in COMMANDS.items():
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if run:
                seconds[name].append(time.perf_counter() - begun)
    return seconds


def main() -> None:
    """Print the medians and their ratio."""
    seconds = measure()
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    for name, median in medians.items():
        print(f"{name:22} {1000 * median:6.0f} ms median of {RUNS} (least {1000 * min(seconds[name]):.0f})")
    empty, command = medians.values()
    print(f"{'ratio':22} {command / empty:6.1f}")


if __name__ == "__main__":
    main()
