"""A measurement against an earlier one, of this machine or of a phone."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latency.interleaved import FORMAT
from benchmarks.latency.ratios import unpaired_ratio, verdict
from triage.errors import UnusableInput

SAME_MACHINE = ("cpu", "cores", "platform", "runtime")
"""Where one of these differs, a ratio says as much about the machines as about the models."""


def read_result(path: Path) -> dict[str, Any]:
    """Read what `benchmark --json` or the app's benchmark screen wrote.

    Raises:
        UnusableInput: missing, not JSON, or not such a result.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnusableInput(f"Not a benchmark's result. Received: {path}: {error}.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        received = found.get("format") if isinstance(found, dict) else type(found).__name__
        raise UnusableInput(f"A benchmark's result has format {FORMAT}. Received: {received} in {path}.")
    results = found.get("results")
    if not isinstance(results, list) or not all(_is_result(result) for result in results):
        raise UnusableInput(
            f"Each result needs model, threads and p50_ms. Received: {path}. "
            "Write it with `skin-distill benchmark --json`."
        )
    return found


def _is_result(result: Any) -> bool:
    if not isinstance(result, dict) or "model" not in result or not isinstance(result.get("threads"), int):
        return False
    return "why" in result or (isinstance(result.get("p50_ms"), (int, float)) and result["p50_ms"] > 0)


def compare(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Match results by model and threads, and divide.

    Args:
        new: of `benchmark`.
        old: of `read_result`.

    Returns:
        `differences` (of the machines, by name), and `rows`: `model`, `threads`, `old_p50_ms`, `new_p50_ms`, `ratio`
        (new to old; without an interval where either has one round only), `verdict` and `same_file`.
    """
    earlier = {(result["model"], result["threads"]): result for result in old["results"] if "why" not in result}
    rows = []
    for result in new["results"]:
        before = earlier.get((result["model"], result["threads"]))
        if before and "why" not in result:
            rows.append(_row(result, before))
    machines = [result.get("machine") or {} for result in (new, old)]
    differences = {
        key: [machine.get(key) for machine in machines]
        for key in SAME_MACHINE
        if machines[0].get(key) != machines[1].get(key)
    }
    return {"differences": differences, "rows": rows}


def _row(result: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    rounds = [each.get("round_medians_ms") or [] for each in (result, before)]
    if min(map(len, rounds)) > 1:
        ratio: dict[str, float] = unpaired_ratio(*map(np.array, rounds))
        said = verdict(ratio)
    else:
        ratio = {"value": result["p50_ms"] / before["p50_ms"]}
        said = "cannot tell"
    return {
        "model": result["model"],
        "threads": result["threads"],
        "old_p50_ms": before["p50_ms"],
        "new_p50_ms": result["p50_ms"],
        "ratio": ratio,
        "verdict": said,
        "same_file": None if "sha256" not in before else before["sha256"] == result["sha256"],
    }
