"""Probe the operator versions that TFLite runtimes support, and write or check their table.

    make runtimes
    python -m tests.environments.operator_versions [--write] [--also tflite-runtime-2.8=COMMAND]

Probes LiteRT of this environment (litert-2.3) and what `make runtimes` installed. COMMAND starts a Python that has
another runtime: the wheel of tflite-runtime 2.8 needs Python 3.9 or older. Columns of other runtimes are kept. Without
--write it exits with 1 where table and runtime differ.
"""

import argparse
import csv
import io
import shlex
import sys
from pathlib import Path

from benchmarks.console import run_script
from convert.verifying.environments import Environment, find_environments
from convert.verifying.operator_versions import TABLE, operator_versions, probe_operators
from convert.verifying.runtimes import RUNTIMES
from triage.atomic import write_bytes

MODULES = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}


def probe(also: dict[str, str]) -> dict[str, dict[str, int]]:
    """Return the highest version by runtime and operator, of the runtimes that are installed."""
    commands: dict[str, tuple[str, ...]] = {"litert-2.3": (sys.executable,)}
    commands |= {name: e.command for name, e in find_environments().items() if name in RUNTIMES}
    commands |= {name: tuple(shlex.split(command)) for name, command in also.items()}
    return {
        name: probe_operators(Environment(name, RUNTIMES[name].title, "", command), MODULES[name.rsplit("-", 1)[0]])
        for name, command in commands.items()
    }


def to_csv(table: dict[str, dict[str, int]]) -> str:
    """Return the table as CSV: one row per operator, one column per runtime, empty where the runtime lacks it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["operator", *RUNTIMES])
    for operator in sorted(set().union(*table.values())):
        writer.writerow([operator, *(table.get(name, {}).get(operator, "") for name in RUNTIMES)])
    return text.getvalue()


def main() -> None:
    """Probe, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write convert/verifying/operator_versions.csv")
    parser.add_argument("--also", action="append", default=[], metavar="NAME=COMMAND")
    arguments = parser.parse_args()
    path = Path(__file__).parents[2] / "convert" / "verifying" / TABLE
    known = operator_versions() if path.exists() else {}
    found = probe(dict(entry.split("=", 1) for entry in arguments.also))
    for name, versions in found.items():
        was = known.get(name, {})
        changes = [f"{o} {was.get(o, 0)} -> {versions.get(o, 0)}" for o in sorted({*was, *versions})
                   if was.get(o) != versions.get(o)]  # fmt: skip
        print(f"{name}: {len(versions)} operators, {len(changes)} differ from the table {', '.join(changes[:10])}")
    if arguments.write:
        write_bytes(path, to_csv({**known, **found}).encode("utf-8"))
        print(f"Written: {path}")
    elif any(known.get(name) != versions for name, versions in found.items()):
        sys.exit(1)


if __name__ == "__main__":
    run_script(main)
