"""Our latency against that of LiteRT's own benchmark tool, on the same file and threads.

    python -m benchmarks.latency.agreement_with_litert MODEL.tflite ... [--threads 1,2] [--rounds N] [--json FILE]

The processes of both alternate, and medians are compared pair by pair, because a busy machine moves both. A ratio whose
whole interval lies within 0.95 to 1.05 agrees; one whose whole interval lies outside differs, and the exit code is 1;
otherwise the machine is too noisy to tell.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.console import run_script, run_worker
from benchmarks.latency.ratios import Ratio, paired_ratio
from triage.atomic import write_json
from triage.model_file import read_model

TOOL = "ai_edge_litert.tools.benchmark_litert_model"
"""What `litert-benchmark` calls."""
WITHIN = 0.05
RUNS, WARM_UP = 300, 30


def compare(model: Path, threads: int, rounds: int) -> dict[str, Any]:
    """Measure a file with both.

    Returns:
        `model`, `threads`, `ours_ms` and `litert_ms` (median of the rounds' medians), `ratio` and `verdict`.

    Raises:
        UnusableInput: the model cannot be read.
        CheckFailed: one of the processes died.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "model.tflite"
        plain.write_bytes(read_model(model, card_required=False).flatbuffer)
        # Ours gets the whole file: it refuses one whose metadata names a card that is not behind it.
        pairs = np.array([(_ours(model, threads), _litert(plain, threads)) for _ in range(rounds)])
    ours, litert = pairs.T
    ratio = paired_ratio(ours, litert)
    return {
        "model": model.name,
        "threads": threads,
        "ours_ms": float(np.median(ours)),
        "litert_ms": float(np.median(litert)),
        "ratio": ratio,
        "verdict": _verdict(ratio),
    }


def _verdict(ratio: Ratio) -> str:
    lowest, highest = 1 - WITHIN, 1 + WITHIN
    if ratio["low"] >= lowest and ratio["high"] <= highest:
        return "agrees"
    return "differs" if ratio["high"] < lowest or ratio["low"] > highest else "cannot tell"


def _ours(model: Path, threads: int) -> float:
    output = run_worker("benchmarks.latency.worker", "best", model, threads, WARM_UP, RUNS, 0)
    return float(np.median(json.loads(output)["latency_ms"]))


def _litert(model: Path, threads: int) -> float:
    result = model.with_suffix(".json")
    settings = {"model": model, "num_threads": threads, "warmup_runs": WARM_UP, "num_runs": RUNS, "result_json": result}
    run_worker(TOOL, *(f"--{name}={value}" for name, value in settings.items()))
    return float(json.loads(result.read_text(encoding="utf-8"))["latency"]["median_ms"])


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--threads", default="1", show_default=True, help="Thread counts, separated by commas.")
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(min=2))
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
def main(models: tuple[Path, ...], threads: str, rounds: int, json_path: Path | None) -> None:
    """Compare our latency with that of LiteRT's own tool."""
    try:
        counts = [int(part) for part in threads.split(",")]
    except ValueError:
        raise click.UsageError(f"--threads takes whole numbers. Received: {threads}.") from None
    found = [compare(model, count, rounds) for model in models for count in counts]
    for row in found:
        ratio = row["ratio"]
        print(
            f"{row['model']}, threads {row['threads']}: ours {row['ours_ms']:.3f} ms, "
            f"LiteRT's {row['litert_ms']:.3f} ms, ratio {ratio['value']:.3f} "
            f"({ratio['low']:.3f} to {ratio['high']:.3f}), {row['verdict']}"
        )
    if json_path:
        write_json(json_path, found)
    sys.exit(1 if any(row["verdict"] == "differs" for row in found) else 0)


if __name__ == "__main__":
    run_script(main)
