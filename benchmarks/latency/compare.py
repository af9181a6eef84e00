"""A benchmark result against an earlier one, of this machine or of a phone."""

import json
from pathlib import Path
from typing import Any

from benchmarks.latency.ratios import Ratio, unpaired_ratio, verdict
from triage.errors import UnusableInput
from triage.timing import FORMAT

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
        raise UnusableInput(f"The benchmark result cannot be read. Received: {path}: {error}.") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        received = found.get("format") if isinstance(found, dict) else type(found).__name__
        raise UnusableInput(f"A benchmark result has format {FORMAT}. Received: {received} in {path}.")
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
    """Match a result of `interleaved.benchmark` with one of `read_result`, by model and threads, and take ratios.

    Returns:
        `differences` (of the machines, by name), and `rows`: `model`, `threads`, `old_p50_ms`, `new_p50_ms`, `ratio`
        (new to old; without an interval where either has one round only), `verdict` and `same_file`.
    """
    earlier = {(result["model"], result["threads"]): result for result in old["results"] if "why" not in result}
    rows = [
        _row(result, earlier[key])
        for result in new["results"]
        if "why" not in result and (key := (result["model"], result["threads"])) in earlier
    ]
    machines = [result.get("machine") or {} for result in (new, old)]
    differences = {
        key: [machine.get(key) for machine in machines]
        for key in SAME_MACHINE
        if machines[0].get(key) != machines[1].get(key)
    }
    return {"differences": differences, "rows": rows}


def _row(result: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    medians, base = (each.get("round_medians_ms") or [] for each in (result, before))
    ratio: Ratio | dict[str, float]
    if min(len(medians), len(base)) > 1:
        ratio = unpaired_ratio(medians, base)
        conclusion = verdict(ratio)
    else:
        ratio, conclusion = {"value": result["p50_ms"] / before["p50_ms"]}, "cannot tell"
    return {
        "model": result["model"],
        "threads": result["threads"],
        "old_p50_ms": before["p50_ms"],
        "new_p50_ms": result["p50_ms"],
        "ratio": ratio,
        "verdict": conclusion,
        "same_file": None if "sha256" not in before else before["sha256"] == result["sha256"],
    }
