"""Time of each operator of a file, by LiteRT's own profiler.

`skin-distill benchmark MODEL.tflite -v` prints it. The profiler sees each kernel inside XNNPACK, but only the C
interface of the shipped library (ai-edge-litert 2.3) reaches it. A wrong call there ends the process, so
`operator_profile` starts another one. Profiling costs time: read fractions, not sums.
"""

import ctypes
import json
import os
import sys
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_worker
from triage.errors import CheckFailed
from triage.model_file import read_model

RUNS, WARM_UP = 30, 10
CPU = 1  # kLiteRtHwAcceleratorCpu
OPERATOR, OPERATOR_IN_DELEGATE = 1 << 1, 1 << 3  # tflite::Profiler::EventType
# LiteRtRankedTensorType: element type, rank (7 bits), then the sides, each an int32; the whole is far below 256 bytes.
TYPE_BYTES, RANK, SIDES = 256, 4, 8
ANY_SIZE, ONE = (-1).to_bytes(4, "little", signed=True), (1).to_bytes(4, "little")
Pointer = ctypes.c_void_p


class _Event(ctypes.Structure):
    """`ProfiledEventData` of litert_profiler_event.h."""

    _fields_ = [
        ("tag", ctypes.c_char_p),
        ("kind", ctypes.c_int),
        ("start_us", ctypes.c_uint64),
        ("elapsed_us", ctypes.c_uint64),
        ("memory_node_subgraph", ctypes.c_uint64 * 8),
        ("source", ctypes.c_int),
    ]


def operator_profile(model: Path) -> dict[str, Any]:
    """Profile a model in a process of its own.

    Returns:
        `runs`, `total_ms` and `operators`, most expensive first: `operator` (as XNNPACK calls its kernel), `count` in
        the graph, `ms` an inference and `share`. Or `why` it cannot be measured.
    """
    if os.name != "posix" or find_spec("ai_edge_litert") is None:
        return {"why": "the profiler comes with ai-edge-litert, on Linux and macOS"}
    try:
        output = run_worker("benchmarks.latency.operator_profile", model)
        return dict(json.loads(output.splitlines()[-1]))
    except (CheckFailed, ValueError, IndexError) as error:
        return {"why": f"the profiler of this LiteRT version is not supported: {error}"}


def _profile(path: Path) -> dict[str, Any]:
    library = _Library()
    environment, model, options, compiled, profiler = (Pointer() for _ in range(5))
    flatbuffer = ctypes.create_string_buffer(read_model(path, card_required=False).flatbuffer)
    library.call("CreateEnvironment", 0, None, ctypes.byref(environment))
    size = ctypes.c_size_t(len(flatbuffer) - 1)
    library.call("CreateModelFromBuffer", environment, flatbuffer, size, ctypes.byref(model))
    library.call("CreateOptions", ctypes.byref(options))
    library.call("SetOptionsHardwareAccelerators", options, CPU)
    library.set_option(options, b"runtime_options_string", b"enable_profiling = true\n")
    library.call("CreateCompiledModel", environment, model, options, ctypes.byref(compiled))
    library.call("CompiledModelGetProfiler", compiled, ctypes.byref(profiler))
    subgraph = Pointer()
    library.call("GetModelSubgraph", model, ctypes.c_size_t(0), ctypes.byref(subgraph))
    inputs, outputs = (library.buffers(kind, environment, compiled, subgraph) for kind in ("Input", "Output"))
    seen: dict[tuple[str, int], list[int]] = defaultdict(list)
    for number in range(WARM_UP + RUNS):
        library.call("ResetProfiler", profiler)
        library.call("StartProfiler", profiler)
        counts = [ctypes.c_size_t(len(buffers)) for buffers in (inputs, outputs)]
        library.call("RunCompiledModel", compiled, ctypes.c_size_t(0), counts[0], inputs, counts[1], outputs)
        library.call("StopProfiler", profiler)
        if number >= WARM_UP:
            for place, (operator, duration) in enumerate(library.events(profiler)):
                seen[operator, place].append(duration)
    spent: dict[str, list[float]] = defaultdict(list)
    for (operator, _), durations in seen.items():
        # The median of the runs: an interruption of the process would count for one operator.
        spent[operator].append(float(np.median(durations)) / 1000)
    total = sum(map(sum, spent.values()))
    rows = [
        {"operator": name, "count": len(ms), "ms": round(sum(ms), 4), "share": round(sum(ms) / total, 4)}
        for name, ms in spent.items()
    ]
    return {"runs": RUNS, "total_ms": round(total, 4), "operators": sorted(rows, key=lambda row: -row["ms"])}


class _Library:
    """The C interface of LiteRT; names are those of its headers without `LiteRt`."""

    def __init__(self) -> None:
        import ai_edge_litert

        (folder,) = ai_edge_litert.__path__
        self._functions = ctypes.CDLL(str(next(Path(folder).glob("libLiteRt.*"))))
        self._c = ctypes.CDLL(None)
        self._c.strdup.restype = Pointer

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function; raise RuntimeError if its status is an error."""
        if status := getattr(self._functions, f"LiteRt{name}")(*arguments):
            raise RuntimeError(f"LiteRt{name} returned {status}")

    def set_option(self, options: Pointer, kind: bytes, text: bytes) -> None:
        """Add settings in TOML, which LiteRT then owns and frees."""
        opaque = Pointer()
        release = ctypes.cast(self._c.free, Pointer)
        self.call("CreateOpaqueOptions", kind, Pointer(self._c.strdup(text)), release, ctypes.byref(opaque))
        self.call("AddOpaqueOptions", options, opaque)

    def buffers(self, kind: str, environment: Pointer, compiled: Pointer, subgraph: Pointer) -> Any:
        """Allocate all tensors of a kind, "Input" or "Output"; they stay unfilled: the values make no difference."""
        count = ctypes.c_size_t()
        self.call(f"GetNumSubgraph{kind}s", subgraph, ctypes.byref(count))
        made = (Pointer * count.value)()
        for number in range(count.value):
            index = ctypes.c_size_t(number)
            tensor, requirements, buffer = Pointer(), Pointer(), Pointer()
            shape = ctypes.create_string_buffer(TYPE_BYTES)
            self.call(f"GetSubgraph{kind}", subgraph, index, ctypes.byref(tensor))
            self.call("GetRankedTensorType", tensor, shape)
            arguments = (compiled, ctypes.c_size_t(0), index, ctypes.byref(requirements))
            self.call(f"GetCompiledModel{kind}BufferRequirements", *arguments)
            for side in range(shape.raw[RANK] & 0x7F):
                at = SIDES + 4 * side
                if shape.raw[at : at + 4] == ANY_SIZE:  # as the runtime does with a batch of any size
                    ctypes.memmove(ctypes.addressof(shape) + at, ONE, 4)
            self.call(
                "CreateManagedTensorBufferFromRequirements", environment, shape, requirements, ctypes.byref(buffer)
            )
            made[number] = buffer
        return made

    def events(self, profiler: Pointer) -> list[tuple[str, int]]:
        """Return the operators in the order in which they ran, with their durations in microseconds."""
        count = ctypes.c_int()
        self.call("GetNumProfilerEvents", profiler, ctypes.byref(count))
        events = (_Event * max(1, count.value))()
        if count.value:
            self.call("GetProfilerEvents", profiler, count, events)
        found = []
        for event in events[: count.value]:
            # The node of a whole delegate would count everything inside it twice.
            stands_alone = event.kind == OPERATOR and b"delegate" not in event.tag.lower()
            if stands_alone or event.kind == OPERATOR_IN_DELEGATE:
                found.append((event.tag.decode(), int(event.elapsed_us)))
        return found


if __name__ == "__main__":
    print(json.dumps(_profile(Path(sys.argv[1]))))
