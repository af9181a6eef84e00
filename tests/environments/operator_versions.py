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
import json
import shlex
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script
from convert.flatbuffer import packed
from convert.verifying.environments import Environment, find_environments, run_worker
from convert.verifying.runtimes import RUNTIMES, TABLE, operator_versions
from triage.atomic import write_bytes

MODULES = {"litert": "ai_edge_litert.interpreter", "tflite-runtime": "tflite_runtime.interpreter"}
HIGHEST_PROBED = 24  # FULLY_CONNECTED, the operator with the most versions, is at 14 in LiteRT 2.3


def probe_operators(environment: Environment, module: str) -> dict[str, int]:
    """Find the highest version of each operator that a runtime has.

    A runtime registers it in `register.cc` (tensorflow/lite/kernels/ until 2.12, tensorflow/lite/core/kernels/ until
    2.16, tflite/core/kernels/ in LiteRT); a release may be built from other sources than its tag.

    Args:
        environment: where it is installed; its own worker is not used.
        module: that holds its `Interpreter`.

    Raises:
        CheckFailed: the runtime cannot be imported, or crashes.
    """
    with tempfile.TemporaryDirectory() as folder:
        probes, found = Path(folder) / "probes.npz", Path(folder) / "found.json"
        np.savez(probes, **_probes())
        run_worker(environment, Path(__file__).with_name("operator_probe.py"), module, str(probes), str(found))
        return dict(sorted(json.loads(found.read_text(encoding="utf-8")).items()))


@cache
def _probes() -> dict[str, Any]:
    from tensorflow.lite.python import schema_py_generated as schema

    # CUSTOM operators and PLACEHOLDER_FOR_GREATER_OP_CODES have no versions of their own.
    names = {
        name: number
        for name, number in vars(schema.BuiltinOperator).items()
        if isinstance(number, int) and name not in ("CUSTOM", "PLACEHOLDER_FOR_GREATER_OP_CODES")
    }
    return {
        f"{name}/{version}": np.frombuffer(_declaring(schema, number, version), np.uint8)
        for name, number in names.items()
        for version in range(1, HIGHEST_PROBED + 1)
    }


def _declaring(schema: Any, number: int, version: int) -> bytes:
    """Return a model that declares an operator and runs none: its input is its output."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    tensor, code = schema.TensorT(), schema.OperatorCodeT()
    tensor.name, tensor.shape = b"x", [1]
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [tensor], [0], [0], []
    # The deprecated field is one byte, and 127 there refers to the new one.
    code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), version
    model.version, model.buffers = 3, [schema.BufferT()]
    model.subgraphs, model.operatorCodes = [graph], [code]
    return packed(model)


def probe(also: dict[str, str]) -> dict[str, dict[str, int]]:
    """Return the highest version by runtime and operator, of the runtimes that are installed."""
    commands: dict[str, tuple[str, ...]] = {"litert-2.3": (sys.executable,)}
    commands |= {name: e.command for name, e in find_environments().items() if name in RUNTIMES}
    commands |= {name: tuple(shlex.split(command)) for name, command in also.items()}
    return {
        name: probe_operators(Environment(RUNTIMES[name].title, "", command), MODULES[name.rsplit("-", 1)[0]])
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
