"""Choose the smallest or fastest file that passes every gate.

A file that was chosen for its metrics on some photos owes part of them to chance. The choice is therefore made on the
validation split, and the file chosen is then verified once on the test split; if it fails there, the call fails, and
no other file is tried.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from convert.convert import convert
from convert.variants import find_variants
from convert.variants.variant import Variant
from convert.verifying.gates import FAILED
from convert.verifying.verifier import ExtraGate, FileVerdict, Verifier
from convert.verifying.verify import VerifyReport, verify
from skin_data.manifest import Manifest
from skin_data.progress import Progress, no_progress
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of, write_bytes
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import open_interpreter
from triage.model_file import read_model
from triage.timing import LoadedModel, measure, timed_interpreter

log = logging.getLogger("skin_distill")

OBJECTIVES = ("size", "latency")
FILE_NAME = "student.tflite"
"""The copy of the chosen file in `artifacts/<run>/`, whatever its variant."""
EQUALLY_FAST = 1.05
"""Files whose latencies differ by less than this factor count as equally fast: that is the machine's own noise."""
ROUNDS, RUNS = 30, 5


@dataclass(frozen=True)
class Candidate:
    """One file that was tried.

    Attributes:
        variant: its name.
        bytes: of the file; None where it could not be made.
        latency_ms: on this machine, one thread; None where size alone counts.
        passed: whether every gate passed, or was inconclusive with a change within its limit.
        why: the gates that it did not pass.
        untold: the gates with too few photos to tell.
    """

    variant: str
    bytes: int | None
    latency_ms: float | None
    passed: bool
    why: list[str]
    untold: list[str]

    def __str__(self) -> str:
        """The candidate and its outcome as one line."""
        size = "" if self.bytes is None else f", {self.bytes / 1e6:.2f} MB"
        latency = "" if self.latency_ms is None else f", {self.latency_ms:.2f} ms"
        unsure = f" (too few photos to tell: {', '.join(self.untold)})" if self.untold else ""
        return f"{self.variant}{size}{latency}: {f'chosen{unsure}' if self.passed else ' | '.join(self.why)}"


@dataclass(frozen=True)
class Best:
    """Outcome of the choice.

    Attributes:
        objective: "size" or "latency".
        candidates: that were tried, in order; the last was chosen.
        file: `artifacts/<run>/student.tflite`; None where the file chosen fails on the test split.
        verification: of the file chosen, on the test split.
    """

    objective: str
    candidates: list[Candidate]
    file: Path | None
    verification: VerifyReport


def choose_best(
    run: RunFolder,
    manifest: Manifest,
    variants: list[str],
    objective: str,
    extra_gates: Sequence[ExtraGate] = (),
    progress: Progress = no_progress,
) -> Best:
    """Convert a student, choose the best file on the validation split, and verify it on the test split.

    A student is fine-tuned only when no file before that one has passed. Writes the report's section `best`, and what
    `verify` writes.

    Args:
        run: of the student.
        manifest: the data set that it was trained on.
        variants: names of the candidates.
        objective: "size" tries the smallest file first, "latency" the fastest; of equally fast ones the smallest.
        extra_gates: checked after those of `convert.verifying.verifier`.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The candidates tried, and the verification of the file chosen; it may have failed.

    Raises:
        UnusableInput: no student, another data set, no or unknown variants, or an unknown objective.
        CheckFailed: no file passed.
    """
    if objective not in OBJECTIVES or not variants:
        raise UnusableInput(
            f"Choose the best by {' or '.join(OBJECTIVES)}, out of at least one variant. "
            f"Received: {objective!r}, {variants}."
        )
    ranked = find_variants(variants)
    verifier = Verifier(run, manifest, "val", extra_gates=extra_gates, progress=progress)
    candidates: list[Candidate] = []
    for variant, latency in _rank(run, manifest, ranked, objective, progress):
        try:
            path = convert(run, manifest, [variant.name], progress)[variant.name]
        except CheckFailed as error:  # its training failed; the others may need none
            candidates.append(Candidate(variant.name, None, latency, False, [str(error)], []))
        else:
            candidates.append(_candidate(path, latency, verifier.check(path, is_best=True)))
        log.info("best by %s: %s", objective, candidates[-1])
        if candidates[-1].passed:
            break
    found = candidates[-1] if candidates[-1].passed else None
    section = {
        "objective": objective,
        "chosen_on": "val",
        "rungs": [asdict(candidate) for candidate in candidates],
        "variant": found.variant if found else None,
        "sha256": sha256_of(path) if found else None,
    }
    run.update_report("best", section)
    copy = run.artifacts / FILE_NAME
    if not found:
        _remove(copy, run)
        raise CheckFailed(
            f"No file passes every gate on the validation split: {'; '.join(map(str, candidates))}. "
            f"Add float32 to the variants, or set other limits under convert.gates in {run.config_path}."
        )
    verification = verify([path], run, manifest, extra_gates=extra_gates, progress=progress)
    run.update_report("best", {**section, "passed_on_test": verification.passed})
    if not verification.passed:
        _remove(copy, run)
        return Best(objective, candidates, None, verification)
    write_bytes(copy, path.read_bytes())
    run.record_weights()
    return Best(objective, candidates, copy, verification)


def _remove(copy: Path, run: RunFolder) -> None:
    """Remove the file that an earlier call chose: the name belongs to the file in the report alone."""
    copy.unlink(missing_ok=True)
    run.record_weights()


def _candidate(path: Path, latency: float | None, found: FileVerdict) -> Candidate:
    failures = [f"{g.gate}: {g.measured}; limit: {g.limit}" for g in found.gates if g.beyond or g.outcome == FAILED]
    return Candidate(found.variant, path.stat().st_size, latency, not failures, failures, found.inconclusive)


def _rank(
    run: RunFolder, manifest: Manifest, variants: list[Variant], objective: str, progress: Progress
) -> list[tuple[Variant, float | None]]:
    """Order the candidates; one with fine-tuning ranks by its base, which has the same graph."""
    bases = {variant.name: (variant.base or variant).name for variant in variants}
    files = convert(run, manifest, list(dict.fromkeys(bases.values())), progress)
    size = {name: path.stat().st_size for name, path in files.items()}

    def by_size(variant: Variant) -> tuple[int, bool]:
        return size[bases[variant.name]], bool(variant.fine_tuning)

    if objective == "size":
        return [(variant, None) for variant in sorted(variants, key=by_size)]
    measured = latencies({name: read_model(path).flatbuffer for name, path in files.items()})
    latency = {variant.name: measured[bases[variant.name]] for variant in variants}
    remaining = sorted(variants, key=lambda v: latency[v.name])
    ranked: list[Variant] = []
    while remaining:
        fastest = latency[remaining[0].name]
        group = [v for v in remaining if latency[v.name] <= EQUALLY_FAST * fastest]
        ranked += sorted(group, key=by_size)
        remaining = remaining[len(group) :]
    return [(v, latency[v.name]) for v in ranked]


def latencies(flatbuffers: Mapping[str, bytes]) -> dict[str, float]:
    """Time models in turn, repeatedly, so that a drift of the machine affects all alike.

    Returns:
        Milliseconds per photo on one thread by name: the median over `ROUNDS` of the fastest of `RUNS`, because other
        load on the machine only ever adds time. `skin-distill benchmark` measures for reports.
    """
    models = {name: timed_interpreter(open_interpreter(flatbuffer)) for name, flatbuffer in flatbuffers.items()}
    found: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(ROUNDS):
        for name, model in models.items():
            found[name].append(_fastest(model))
    return {name: float(np.median(fastest)) for name, fastest in found.items()}


def _fastest(model: LoadedModel) -> float:
    return min(measure(lambda: model, warm_up=0, runs=RUNS, seconds=0.0).latency_ms)
