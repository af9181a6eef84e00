"""Latency of a model on this device, in the format of `skin-distill benchmark --json`."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from triage.atomic import sha256_of
from triage.machine import describe_machine
from triage.timing import FORMAT, NOISY_SPREAD, load_tflite, measure, summarise

WARM_UP, LEAST_RUNS = 10, 30
PARTS = 5
"""The run is split into this many parts; their medians tell noise from slowing down."""
SLOWER_WHEN_WARM = 1.15
"""A device slows down when the last part takes more than this factor of the first."""


def run(
    model: Path,
    progress: Callable[[float], None] = lambda fraction: None,
    seconds: float = 10.0,
    threads: int = 1,
) -> dict[str, Any]:
    """Time a release file in this process for some seconds, and at least `LEAST_RUNS` inferences.

    `progress` is called with the completed fraction, in [0, 1].

    Returns:
        JSON-able, as `benchmarks.latency.interleaved.benchmark` returns it, with mode "device" and a `thermal_note`:
        "steady", "slower_when_warm" or "noisy". `ratio` and `peak_rss_mb` are missing: there is no second model, and
        the memory is the whole app's.

    Raises:
        UnusableInput: no such model.
    """
    measured = measure(lambda: load_tflite(model, threads), WARM_UP, LEAST_RUNS, seconds, progress)
    summary = summarise(np.array_split(np.array(measured.latency_ms), PARTS))
    return {
        "format": FORMAT,
        "mode": "device",
        "machine": describe_machine(measured.runtime),
        "noisy": summary["spread"] > NOISY_SPREAD,
        "thermal_note": thermal_note(summary["round_medians_ms"]),
        "results": [
            {
                "model": Path(model).name,
                "sha256": sha256_of(model),
                "threads": threads,
                "bytes": Path(model).stat().st_size,
                "load_ms": measured.load_ms,
                "first_ms": measured.first_ms,
                **summary,
            }
        ],
    }


def thermal_note(medians: list[float]) -> str:
    """Tell whether a device slows down while it works, from the medians of parts of a run, first to last.

    Returns:
        "slower_when_warm": the last part took longer, and no part much less than the one before it; "noisy": parts
        differ otherwise; "steady".
    """
    rises = all(after > before / (1 + NOISY_SPREAD / 3) for before, after in pairwise(medians))
    if rises and medians[-1] > SLOWER_WHEN_WARM * medians[0]:
        return "slower_when_warm"
    return "noisy" if max(medians) > (1 + NOISY_SPREAD) * min(medians) else "steady"
