"""Latency of models side by side, measured so that a drift of the machine affects all alike.

Rounds alternate A B A B ..., each run in a fresh process. `strict` follows MLPerf Mobile's single stream (Reddi et al.
2020): at least 1,024 inferences and 60 seconds a model.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_worker
from benchmarks.latency.candidates import BEST, Candidate, candidates_of
from benchmarks.latency.operator_profile import operator_profile
from benchmarks.latency.ratios import paired_ratio
from convert.verifying.partitions import delegate_partitions
from skin_data.progress import Progress, no_progress
from triage.atomic import sha256_of
from triage.errors import CheckFailed, SkinDistillError, UnusableInput
from triage.machine import describe_machine, load_average
from triage.model_file import read_model
from triage.timing import FORMAT, NOISY_SPREAD, summarise

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
"""Added to the environment of the measured processes."""


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
    progress: Progress = no_progress,
    also: Sequence[str] = (),
) -> dict[str, Any]:
    """Measure models.

    They are .tflite files, with or without a card, and .keras files; the first is the reference of the ratios. Thread
    counts are measured separately; `also` are `WAYS` in which the .tflite files are run in the same rounds.

    Returns:
        JSON-able: `format`, `mode`, `machine`, `noisy`, and `results`, one for each thread count and candidate with
        `p50_ms`, `p90_ms`, `p99_ms`, `mean_ms`, `std_ms`, `inferences`, `load_ms`, `first_ms`, `peak_rss_mb`, `bytes`,
        `runtime`, `round_medians_ms`, `spread` (of the rounds' medians) and `ratio` to the first with a 95 % interval;
        or `why` it cannot be run in that way. Of each .tflite, `files` has its delegate `partitions` and operator
        `profile`.

    Raises:
        UnusableInput: no or wrong models, thread counts, mode or ways; a model that cannot be measured.
        CheckFailed: the measured process of a given model died; names it and its last error line.
    """
    if mode not in MODES:
        raise UnusableInput(f"The mode is one of {', '.join(MODES)}. Received: {mode!r}.")
    if not models or not threads or min(threads) < 1:
        raise UnusableInput(f"Give at least one model and thread counts of at least 1. Received: {models}, {threads}.")
    candidates = candidates_of(models, also)
    amount = MODES[mode]
    load_before = load_average()
    total = len(threads) * amount.rounds * len(candidates)
    done, results = 0, []
    for count in threads:
        rounds: list[list[dict[str, Any]]] = [[] for _ in candidates]
        for _ in range(amount.rounds):
            for own, candidate in zip(rounds, candidates, strict=True):
                own.append(_measure_once(candidate, count, amount))
                done += 1
                progress(f"benchmark ({mode})", done, total)
        results += [_summarise(c, count, own, rounds[0]) for c, own in zip(candidates, rounds, strict=True)]
    files = {c.file: _describe_file(c.path) for c in candidates if c.path.suffix == ".tflite"}
    return {
        "format": FORMAT,
        "mode": mode,
        "machine": {**describe_machine(results[0]["runtime"]), "load_average_before": load_before},
        "noisy": any(result.get("spread", 0) > NOISY_SPREAD for result in results),
        "results": results,
        "files": files,
    }


def _measure_once(candidate: Candidate, threads: int, amount: Mode) -> dict[str, Any]:
    """Return what one process measured, or `why` an alternative way (one of `also`) cannot run the file."""
    arguments = (candidate.way, candidate.path.absolute(), threads, amount.warm_up, amount.runs, amount.seconds)
    try:
        output = run_worker("benchmarks.latency.worker", *arguments, env={**os.environ, **QUIET})
    except SkinDistillError as error:
        if candidate.way == BEST or candidate.path.suffix == ".keras":
            if isinstance(error, UnusableInput):
                named = str(candidate.path) in str(error)
                raise UnusableInput(f"{error}" if named else f"{error} File: {candidate.path}.") from error
            raise CheckFailed(f"The measured process of {candidate.path} died. Received: {error}") from error
        return {"why": str(error)}
    return dict(json.loads(output.splitlines()[-1]))


def _summarise(
    candidate: Candidate, threads: int, rounds: list[dict[str, Any]], reference: list[dict[str, Any]]
) -> dict[str, Any]:
    identity = {
        "model": candidate.name,
        "way": candidate.way,
        "sha256": sha256_of(candidate.path),
        "threads": threads,
        "bytes": candidate.path.stat().st_size,
    }
    if failures := [r["why"] for r in rounds if "why" in r]:
        return {**identity, "why": failures[0]}
    summary = summarise([r["latency_ms"] for r in rounds])
    return {
        **identity,
        "runtime": rounds[0]["runtime"],
        **summary,
        "load_ms": float(np.median([r["load_ms"] for r in rounds])),
        "first_ms": float(np.median([r["first_ms"] for r in rounds])),
        "peak_rss_mb": float(max(r["peak_rss_mb"] for r in rounds)),
        "ratio": paired_ratio(_medians(rounds), _medians(reference)),
    }


def _medians(rounds: list[dict[str, Any]]) -> list[float]:
    return [float(np.median(one["latency_ms"])) for one in rounds]


def _describe_file(path: Path) -> dict[str, Any]:
    flatbuffer = read_model(path, card_required=False).flatbuffer
    return {"partitions": asdict(delegate_partitions(flatbuffer)), "profile": operator_profile(path)}
