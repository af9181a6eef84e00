"""How fast a model answers on this device, in the format of `skin-distill benchmark --json`."""

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from triage.atomic import sha256_of
from triage.interpreter import open_interpreter
from triage.model_file import read_model

FORMAT = 1
WARM_UP, LEAST_RUNS = 10, 30
PARTS = 5
"""Into so many parts of time the run is cut: their medians tell noise and warming."""
NOISY_SPREAD = 0.15
"""As in `benchmarks.latency.interleaved`: medians that spread by more than this make the device a noisy one."""
SLOWER_WHEN_WARM = 1.15
"""A last part slower than the first by more than this factor is told as warming."""


def run(
    model: Path, progress: Callable[[float], None] = lambda share: None, seconds: float = 10.0, threads: int = 1
) -> dict[str, Any]:
    """Time a model in this process for some seconds.

    Args:
        model: a release file.
        progress: told the share that is done, in [0, 1].
        seconds: how long; at least `LEAST_RUNS` inferences are timed.
        threads: of the interpreter.

    Returns:
        JSON-able, as `benchmarks.latency.interleaved.benchmark` gives it, with mode "device" and a `thermal_note`:
        "steady", "slower_when_warm" and "noisy". `ratio` and `peak_rss_mb` are missing: there is nothing to compare
        with, and the app itself is in the memory.

    Raises:
        UnusableInput: no such model.
    """
    begun = time.perf_counter()
    interpreter = open_interpreter(read_model(model, card_required=False).flatbuffer, threads)
    load_ms = 1000 * (time.perf_counter() - begun)
    size = interpreter.input_size
    photo = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    begun = time.perf_counter()
    interpreter.run(photo)  # sets the input, too; what counts below is the network alone
    first_ms = 1000 * (time.perf_counter() - begun)
    invoke = interpreter.raw.invoke
    for _ in range(WARM_UP):
        invoke()
    latency: list[float] = []
    begun = last_told = time.perf_counter()
    while len(latency) < LEAST_RUNS or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        invoke()
        ended = time.perf_counter()
        latency.append(1000 * (ended - start))
        if ended - last_told > 0.1:
            last_told = ended
            progress(min(1.0, (ended - begun) / seconds if seconds else 1.0))
    progress(1.0)
    medians = np.array([np.median(part) for part in np.array_split(np.array(latency), PARTS)])
    spread = float((medians.max() - medians.min()) / np.median(medians))
    p50, p90, p99 = (float(value) for value in np.percentile(latency, [50, 90, 99]))
    result = {
        "model": Path(model).name,
        "sha256": sha256_of(model),
        "threads": threads,
        "bytes": Path(model).stat().st_size,
        "inferences": len(latency),
        "p50_ms": p50,
        "p90_ms": p90,
        "p99_ms": p99,
        "mean_ms": float(np.mean(latency)),
        "std_ms": float(np.std(latency)),
        "least_ms": float(np.min(latency)),
        "load_ms": load_ms,
        "first_ms": first_ms,
        "spread": spread,
        "round_medians_ms": medians.tolist(),
    }
    return {
        "format": FORMAT,
        "mode": "device",
        "machine": _machine(interpreter.runtime),
        "noisy": spread > NOISY_SPREAD,
        "thermal_note": thermal_note(medians.tolist()),
        "results": [result],
    }


def thermal_note(medians: list[float]) -> str:
    """Whether a device slows down while it works, from the medians of parts of a run, first to last.

    Returns:
        "slower_when_warm": the last part took longer, and no part much less than the one before it; "noisy": parts
        differ otherwise; "steady".
    """
    rises = all(after > before / (1 + NOISY_SPREAD / 3) for before, after in pairwise(medians))
    if rises and medians[-1] > SLOWER_WHEN_WARM * medians[0]:
        return "slower_when_warm"
    return "noisy" if max(medians) > (1 + NOISY_SPREAD) * min(medians) else "steady"


def _machine(runtime: str) -> dict[str, Any]:
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "governor": None,
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "runtime": runtime,
        "packages": {name: _version(name) for name in ("numpy", "opencv-python-headless", "skin-distill")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    # Desktop kernels write "model name", phones' "Hardware".
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Hardware")))
    return next(named, platform.processor() or platform.machine())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:  # on a phone nothing is installed with its metadata
        return None
