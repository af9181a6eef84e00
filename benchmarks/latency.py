"""Latency of models side by side, measured so that a drift of the machine hits all alike.

Rounds go A B A B ..., each run in a fresh process. `strict` follows MLPerf Mobile's single stream (Reddi et al. 2020):
at least 1,024 inferences and 60 seconds a model, judged by the 90th percentile.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from teacher.environment import cpu_model, package_versions
from triage.atomic import sha256_of
from triage.errors import CheckFailed, UnusableInput
from triage.model_file import read_model

FORMAT = 1
NOISY_SPREAD = 0.15
"""A machine is called noisy when medians of the same model spread by more than this between rounds."""
RESAMPLES = 1000


@dataclass(frozen=True)
class Mode:
    """How much is measured: rounds of fresh processes, and in each the warm-up, inferences and seconds."""

    rounds: int
    warm_up: int
    runs: int
    seconds: float


MODES = {
    "rapid": Mode(rounds=3, warm_up=10, runs=60, seconds=0.3),
    "normal": Mode(rounds=7, warm_up=30, runs=150, seconds=2.0),
    "strict": Mode(rounds=8, warm_up=50, runs=128, seconds=7.5),
}


def benchmark(
    models: Sequence[Path],
    threads: Sequence[int] = (1,),
    mode: str = "rapid",
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Measure models.

    Args:
        models: .tflite files, with or without a card; the first is the reference of the ratios.
        threads: thread counts; each is measured by itself.
        mode: rapid, normal or strict.
        progress: called as `progress(stage, done, total)`.

    Returns:
        JSON-able: `format`, `mode`, `machine`, `noisy`, and `results`, one for each thread count and model with
        `p50_ms`, `p90_ms`, `p99_ms`, `mean_ms`, `std_ms`, `inferences`, `load_ms`, `first_ms`, `peak_rss_mb`, `bytes`,
        `spread` (of the rounds' medians) and `ratio` to the first model with a 95 % interval.

    Raises:
        UnusableInput: no or wrong models, thread counts or mode.
        CheckFailed: a measured process died; its model and last words are named.
    """
    models = [Path(m) for m in models]
    if mode not in MODES:
        raise UnusableInput(f"The mode is one of {', '.join(MODES)}. Received: {mode!r}.")
    if not models or not threads or min(threads) < 1:
        raise UnusableInput(f"Give at least one model and thread counts of at least 1. Received: {models}, {threads}.")
    for model in models:
        read_model(model, card_required=False)  # a wrong file is told before anything is measured
    amount = MODES[mode]
    total = len(threads) * amount.rounds * len(models)
    done, results, runtime = 0, [], ""
    for count in threads:
        rounds: list[list[dict[str, Any]]] = [[] for _ in models]
        for _ in range(amount.rounds):
            for number, model in enumerate(models):
                rounds[number].append(_run_worker(model, count, amount))
                done += 1
                progress(f"benchmark ({mode})", done, total)
        runtime = str(rounds[0][0]["runtime"])
        results += [_summarise(model, count, own, rounds[0]) for model, own in zip(models, rounds, strict=True)]
    return {
        "format": FORMAT,
        "mode": mode,
        "machine": describe_machine(runtime),
        "noisy": any(result["spread"] > NOISY_SPREAD for result in results),
        "results": results,
    }


def _run_worker(model: Path, threads: int, amount: Mode) -> dict[str, Any]:
    command = [
        sys.executable, "-m", "benchmarks.worker", str(model), str(threads), str(amount.warm_up), str(amount.runs),
        str(amount.seconds),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        words = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise CheckFailed(f"The measured process of {model} died. Received: {words[0]}")
    return dict(json.loads(done.stdout))


def _summarise(
    model: Path, threads: int, rounds: list[dict[str, Any]], reference: list[dict[str, Any]]
) -> dict[str, Any]:
    latency = np.concatenate([r["latency_ms"] for r in rounds])
    medians = np.array([np.median(r["latency_ms"]) for r in rounds])
    base = np.array([np.median(r["latency_ms"]) for r in reference])
    p50, p90, p99 = np.percentile(latency, [50, 90, 99])
    return {
        "model": model.name,
        "sha256": sha256_of(model),
        "threads": threads,
        "bytes": model.stat().st_size,
        "inferences": len(latency),
        "p50_ms": float(p50),
        "p90_ms": float(p90),
        "p99_ms": float(p99),
        "mean_ms": float(latency.mean()),
        "std_ms": float(latency.std()),
        "least_ms": float(latency.min()),
        "load_ms": float(np.median([r["load_ms"] for r in rounds])),
        "first_ms": float(np.median([r["first_ms"] for r in rounds])),
        "peak_rss_mb": float(max(r["peak_rss_mb"] for r in rounds)),
        "spread": float((medians.max() - medians.min()) / np.median(medians)),
        "ratio": _ratio(medians, base),
    }


def _ratio(medians: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Ratio to the reference, round by round, with a percentile interval over rounds."""
    ratios = np.log(medians / base)
    draws = np.random.default_rng(0).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    low, high = np.quantile(ratios[draws].mean(axis=1), [0.025, 0.975])
    return {"value": float(np.exp(ratios.mean())), "low": float(np.exp(low)), "high": float(np.exp(high))}


def describe_machine(runtime: str) -> dict[str, Any]:
    """What a figure depends on: processor, cores, load, governor, runtime and versions."""
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "governor": governor.read_text().strip() if governor.is_file() else None,
        "platform": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "runtime": runtime,
        "packages": package_versions(("numpy", "opencv-python-headless", "skin-distill")),
    }
