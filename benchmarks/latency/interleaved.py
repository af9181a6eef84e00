"""Latency of models side by side, measured so that a drift of the machine hits all alike.

Rounds go A B A B ..., each run in a fresh process. `strict` follows MLPerf Mobile's single stream (Reddi et al. 2020):
at least 1,024 inferences and 60 seconds a model.
"""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latency.candidates import BEST, Contender, contenders_of, measuring_folder
from benchmarks.latency.machine import describe_machine, load_average
from benchmarks.latency.operator_profile import operator_profile
from benchmarks.latency.ratios import paired_ratio
from convert.verifying.partitions import delegate_partitions
from triage.atomic import sha256_of
from triage.errors import CheckFailed, UnusableInput
from triage.model_file import read_model

FORMAT = 1
"""Of the JSON; docs/benchmarks.md describes it."""
NOISY_SPREAD = 0.15
"""A machine is called noisy when medians of the same model spread by more than this between rounds."""

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
"""Environment of the measured processes, beside the caller's."""


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
    also: Sequence[str] = (),
    tflite_python: str | None = None,
) -> dict[str, Any]:
    """Measure models.

    Args:
        models: .tflite files, with or without a card, and .keras files; the first is the reference of the ratios.
        threads: thread counts; each is measured by itself.
        mode: rapid, normal or strict.
        progress: called as `progress(stage, done, total)`.
        also: other ways in which the .tflite files are run in the same rounds (`benchmarks.latency.candidates.WAYS`).
        tflite_python: a Python that has tflite_runtime.

    Returns:
        JSON-able: `format`, `mode`, `machine`, `noisy`, and `results`, one for each thread count and contender with
        `p50_ms`, `p90_ms`, `p99_ms`, `mean_ms`, `std_ms`, `inferences`, `load_ms`, `first_ms`, `peak_rss_mb`, `bytes`,
        `runtime`, `round_medians_ms`, `spread` (of the rounds' medians) and `ratio` to the first with a 95 % interval;
        or `why` it cannot be run in that way. Of each .tflite, `files` has its delegate `partitions` and operator
        `profile`.

    Raises:
        UnusableInput: no or wrong models, thread counts, mode or ways.
        CheckFailed: the measured process of a model given died; it and its last words are named.
    """
    if mode not in MODES:
        raise UnusableInput(f"The mode is one of {', '.join(MODES)}. Received: {mode!r}.")
    if not models or not threads or min(threads) < 1:
        raise UnusableInput(f"Give at least one model and thread counts of at least 1. Received: {models}, {threads}.")
    contenders = contenders_of(models, also, tflite_python)
    amount = MODES[mode]
    load_before = load_average()
    total = len(threads) * amount.rounds * len(contenders)
    done, results = 0, []
    for count in threads:
        rounds: list[list[dict[str, Any]]] = [[] for _ in contenders]
        for _ in range(amount.rounds):
            for own, contender in zip(rounds, contenders, strict=True):
                own.append(_run_worker(contender, count, amount))
                done += 1
                progress(f"benchmark ({mode})", done, total)
        results += [_summarise(c, count, own, rounds[0]) for c, own in zip(contenders, rounds, strict=True)]
    files = {c.file: _describe_file(c.path) for c in contenders if c.path.suffix == ".tflite"}
    return {
        "format": FORMAT,
        "mode": mode,
        "machine": {**describe_machine(results[0]["runtime"]), "load_average_before": load_before},
        "noisy": any(result.get("spread", 0) > NOISY_SPREAD for result in results),
        "results": results,
        "files": files,
    }


def _run_worker(contender: Contender, threads: int, amount: Mode) -> dict[str, Any]:
    """What one process measured, or `why` another way than the models' own could not."""
    command = [
        contender.python, "-m", "benchmarks.latency.worker", contender.way, str(contender.path.absolute()),
        str(threads), str(amount.warm_up), str(amount.runs), str(amount.seconds),
    ]  # fmt: skip
    with measuring_folder(contender) as folder:
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **QUIET}, cwd=folder)
    if done.returncode == 0:
        return dict(json.loads(done.stdout.splitlines()[-1]))
    words = (done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"])[0]
    if contender.way == BEST or contender.path.suffix == ".keras":
        raise CheckFailed(f"The measured process of {contender.path} died. Received: {words}")
    return {"why": words}


def _summarise(
    contender: Contender, threads: int, rounds: list[dict[str, Any]], reference: list[dict[str, Any]]
) -> dict[str, Any]:
    model = contender.path
    identity = {
        "model": contender.name,
        "way": contender.way,
        "sha256": sha256_of(model),
        "threads": threads,
        "bytes": model.stat().st_size,
    }
    if failures := [r["why"] for r in rounds if "why" in r]:
        return {**identity, "why": failures[0]}
    latency = np.concatenate([r["latency_ms"] for r in rounds])
    medians = np.array([np.median(r["latency_ms"]) for r in rounds])
    base = np.array([np.median(r["latency_ms"]) for r in reference])
    p50, p90, p99 = np.percentile(latency, [50, 90, 99])
    return {
        **identity,
        "runtime": rounds[0]["runtime"],
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
        "round_medians_ms": medians.round(5).tolist(),
        "spread": float((medians.max() - medians.min()) / np.median(medians)),
        "ratio": paired_ratio(medians, base),
    }


def _describe_file(path: Path) -> dict[str, Any]:
    flatbuffer = read_model(path, card_required=False).flatbuffer
    return {"partitions": asdict(delegate_partitions(flatbuffer)), "profile": operator_profile(path)}
