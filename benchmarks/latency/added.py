"""Measure what the outputs that were appended to release files cost in time and size.

    python -m benchmarks.latency.added MODEL.tflite ... [--rounds N] [--json FILE]

Each file runs with all of its outputs and without one of them, in turn in one process with one thread. The time of a
round is its fastest inference; the ratio of the rounds has an interval of 95 %.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script
from benchmarks.latency.ratios import paired_ratio
from convert.flatbuffer import Flatbuffer, packed, unpacked
from triage.atomic import write_json
from triage.errors import UnusableInput
from triage.interpreter import Interpreter, open_interpreter
from triage.model_file import read_model

ROUNDS, RUNS = 40, 20


def appended_outputs(flatbuffer: bytes) -> list[str]:
    """Return the outputs whose operators `convert.making.graph` appended."""
    parsed = Flatbuffer(flatbuffer)
    named = zip(parsed.output_names(), parsed.outputs, strict=True)
    return [name for name, tensor in named if parsed.name(tensor).startswith(f"{name}/")]


def without_output(flatbuffer: bytes, name: str) -> bytes:
    """Return a model without an appended output and the operators and weights that it alone needs."""
    model = unpacked(flatbuffer)
    graph, (signature,) = model.subgraphs[0], model.signatureDefs
    own = {number for number, tensor in enumerate(graph.tensors) if tensor.name.startswith(f"{name}/".encode())}
    graph.operators = [operator for operator in graph.operators if not own & set(operator.outputs)]
    graph.outputs = [tensor for tensor in graph.outputs if tensor not in own]
    signature.outputs = [entry for entry in signature.outputs if entry.tensorIndex not in own]
    for tensor in own:
        model.buffers[graph.tensors[tensor].buffer].data = None
    return packed(model)


def measure_added(flatbuffer: bytes, rounds: int = ROUNDS) -> dict[str, Any]:
    """Return, by appended output, its `bytes` and the `ratio` of the time with it to the time without it."""
    others = {name: without_output(flatbuffer, name) for name in appended_outputs(flatbuffer)}
    interpreters = [open_interpreter(each, threads=1) for each in (flatbuffer, *others.values())]
    photo = np.random.default_rng(0).integers(0, 256, (interpreters[0].input_size,) * 2 + (3,), np.uint8)
    fastest = np.array([[_fastest(each, photo) for each in interpreters] for _ in range(rounds + 1)])[1:].T
    return {
        name: {"bytes": len(flatbuffer) - len(other), "ratio": paired_ratio(fastest[0], times)}
        for (name, other), times in zip(others.items(), fastest[1:], strict=True)
    }


def _fastest(interpreter: Interpreter, photo: np.ndarray) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        interpreter.run(photo)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.rounds < 2:
        raise UnusableInput(f"An interval needs at least 2 rounds. Received: {options.rounds}.")
    report = {}
    print("| file | output | kB | time with it, % more |\n|---|---|---|---|")
    for model in options.models:
        report[model.name] = found = measure_added(read_model(model).flatbuffer, options.rounds)
        for name, part in found.items():
            value, low, high = (100 * (part["ratio"][key] - 1) for key in ("value", "low", "high"))
            print(f"| {model.name} | {name} | {part['bytes'] / 1000:.1f} | {value:.1f} ({low:.1f} to {high:.1f}) |")
    if options.json:
        write_json(options.json, report)


if __name__ == "__main__":
    run_script(main)
