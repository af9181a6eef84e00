"""Which versions of which operators a runtime has: the table, and how it is read out of a runtime itself.

An operator's version grows with its abilities, and a file asks for the version that it needs. A runtime registers a
highest one of each in `register.cc` (tensorflow/lite/kernels/ until 2.12, tensorflow/lite/core/kernels/ until 2.16,
tflite/core/kernels/ in LiteRT). The table was not copied from there but asked of the published wheels, as
`python -m benchmarks.runtimes.operator_versions` does, because a release may be built from other
sources than its tag.
"""

import csv
import json
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from convert.flatbuffer import packed
from convert.verifying.environments import Environment, run

TABLE = "operator_versions.csv"
NEWEST_PROBED = 24  # FULLY_CONNECTED, the operator with the most versions, is at 14 in LiteRT 2.3
NO_LONGER_FIRST = {"BROADCAST_TO": 2}
"""Operators whose first version was withdrawn, and the first that is left."""


@cache
def operator_versions() -> dict[str, dict[str, int]]:
    """Return the highest version by runtime (a key of `RUNTIMES`) and operator; missing operators are not listed."""
    with files("convert.verifying").joinpath(TABLE).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    runtimes = [name for name in rows[0] if name != "operator"]
    return {name: {row["operator"]: int(row[name]) for row in rows if row[name]} for name in runtimes}


def probe_operators(environment: Environment, module: str) -> dict[str, int]:
    """Ask a runtime for the highest version of each operator that it has.

    Args:
        environment: where it is installed; its own worker does not matter.
        module: that holds its `Interpreter`.

    Raises:
        CheckFailed: the runtime cannot be imported, or breaks.
    """
    with tempfile.TemporaryDirectory() as folder:
        probes, found = Path(folder) / "probes.npz", Path(folder) / "found.json"
        np.savez(probes, **_probes())
        run(environment, "operator_probe.py", module, str(probes), str(found))
        return dict(sorted(json.loads(found.read_text(encoding="utf-8")).items()))


@cache
def _probes() -> dict[str, np.ndarray]:
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
        for version in range(1, NEWEST_PROBED + 1)
    }


def _declaring(schema: Any, number: int, version: int) -> bytes:
    """A model that declares an operator and runs none: its input is its output."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    tensor, code = schema.TensorT(), schema.OperatorCodeT()
    tensor.name, tensor.shape = b"x", [1]
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [tensor], [0], [0], []
    # The old field for the code is one byte, and 127 there points to the new one.
    code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), version
    model.version, model.buffers = 3, [schema.BufferT()]
    model.subgraphs, model.operatorCodes = [graph], [code]
    return packed(model)
