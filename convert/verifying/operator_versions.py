"""Which versions of which operators a runtime has: the table, and how it is read from a runtime.

An operator's version grows with its abilities, and a file names the version that it needs. A runtime registers the
highest version of each in `register.cc` (tensorflow/lite/kernels/ until 2.12, tensorflow/lite/core/kernels/ until 2.16,
tflite/core/kernels/ in LiteRT). The table comes from the published wheels, probed by
`python -m tests.environments.operator_versions`, because a release may be built from other sources than its tag.
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
from convert.verifying.environments import Environment, run_worker

TABLE = "operator_versions.csv"
HIGHEST_PROBED = 24  # FULLY_CONNECTED, the operator with the most versions, is at 14 in LiteRT 2.3


@cache
def operator_versions() -> dict[str, dict[str, int]]:
    """Return the highest version by runtime (a key of `RUNTIMES`) and operator; missing operators are not listed."""
    with files("convert.verifying").joinpath(TABLE).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    runtimes = [name for name in rows[0] if name != "operator"]
    return {name: {row["operator"]: int(row[name]) for row in rows if row[name]} for name in runtimes}


def probe_operators(environment: Environment, module: str) -> dict[str, int]:
    """Find the highest version of each operator that a runtime has.

    Args:
        environment: where it is installed; its own worker is not used.
        module: that holds its `Interpreter`.

    Raises:
        CheckFailed: the runtime cannot be imported, or crashes.
    """
    with tempfile.TemporaryDirectory() as folder:
        probes, found = Path(folder) / "probes.npz", Path(folder) / "found.json"
        np.savez(probes, **_probes())
        run_worker(environment, "operator_probe.py", module, str(probes), str(found))
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
