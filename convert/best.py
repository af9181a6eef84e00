"""The ladder: from the smallest or quickest file up to the first that passes every gate.

A file that was chosen because its figures on some photos are good owes part of them to luck. The choice is therefore
made on the validation split, and the file chosen is then judged once on the test split; if it fails there, the call
fails, and no other file is tried.
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from convert.convert import convert
from convert.timing import latencies
from convert.variants import find_variants
from convert.variants.variant import Variant
from convert.verifying.gates import FAILED
from convert.verifying.verifier import Examiner, FileVerdict, FurtherGate
from convert.verifying.verify import VerifyReport, verify
from skin_data.progress import Progress, no_progress
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of, write_bytes
from triage.errors import CheckFailed, UnusableInput
from triage.model_file import read_model

log = logging.getLogger("skin_distill")

OBJECTIVES = ("size", "latency")
FILE_NAME = "student.tflite"
"""The copy of the chosen file in `artifacts/<run>/`, whatever its variant."""
AS_QUICK = 1.05
"""Files whose latencies differ by less than this factor count as equally quick: the machine alone makes as much."""


@dataclass(frozen=True)
class Rung:
    """One file on the ladder.

    Attributes:
        variant: its name.
        bytes: of the file; None where it could not be made.
        latency_ms: on this machine, one thread; None where size alone counts.
        passed: whether every gate passed, or had too few photos to tell of a change within its limit.
        why: the gates that it did not pass.
        untold: the gates that could not tell.
    """

    variant: str
    bytes: int | None
    latency_ms: float | None
    passed: bool
    why: list[str]
    untold: list[str]


@dataclass(frozen=True)
class Best:
    """The outcome of a climb.

    Attributes:
        objective: "size" or "latency".
        rungs: that were tried, in order; the last was taken.
        file: `artifacts/<run>/student.tflite`; None where the file taken fails on the test split.
        proof: of the file taken, on the test split.
    """

    objective: str
    rungs: list[Rung]
    file: Path | None
    proof: VerifyReport


def choose_best(
    run: RunFolder,
    manifest: Any,
    variants: list[str],
    objective: str,
    further: Sequence[FurtherGate] = (),
    progress: Progress = no_progress,
) -> Best:
    """Convert a student, choose the best file on the validation split, and judge it on the test split.

    A student is trained with rounding only when no file before that one has passed. Writes the report's section
    `best`, and what `verify` writes.

    Args:
        run: of the student.
        manifest: the data set that it was trained on.
        variants: names of the candidates.
        objective: "size" climbs from the smallest file, "latency" from the quickest; of equally quick ones the
            smallest comes first.
        further: gates besides those of `convert.examination`.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The climb, and the chosen file's proof; that may have failed.

    Raises:
        UnusableInput: no student, another data set, no or unknown variants, or an unknown objective.
        CheckFailed: no file passed.
    """
    if objective not in OBJECTIVES or not variants:
        raise UnusableInput(
            f"Choose the best by {' or '.join(OBJECTIVES)}, out of at least one variant. "
            f"Received: {objective!r}, {variants}."
        )
    candidates = find_variants(variants)
    chosen = run.artifacts / FILE_NAME
    examiner = Examiner(run, manifest, "val", further=further, progress=progress)
    rungs: list[Rung] = []
    for variant, latency in _ladder(run, manifest, candidates, objective, progress):
        try:
            path = convert(run, manifest, [variant.name], progress)[variant.name]
        except CheckFailed as error:  # its training came to nothing; others may do without one
            rungs.append(Rung(variant.name, None, latency, False, [str(error)], []))
        else:
            rungs.append(_rung(path, latency, examiner.examine(path, is_best=True)))
        log.info("best by %s: %s", objective, describe(rungs[-1]))
        if rungs[-1].passed:
            break
    taken = rungs[-1] if rungs[-1].passed else None
    section = {
        "objective": objective,
        "chosen_on": "val",
        "rungs": [asdict(rung) for rung in rungs],
        "variant": taken.variant if taken else None,
        "sha256": sha256_of(path) if taken else None,
    }
    run.update_report("best", section)
    if not taken:
        _remove(chosen, run)
        raise CheckFailed(
            f"No file passes every gate on the validation split: {'; '.join(map(describe, rungs))}. "
            f"Add float32 to the variants, or set other limits under convert.gates in {run.config_path}."
        )
    proof = verify([path], run, manifest, further=further, progress=progress)
    run.update_report("best", {**section, "passed_on_test": proof.passed})
    if not proof.passed:
        _remove(chosen, run)
        return Best(objective, rungs, None, proof)
    write_bytes(chosen, path.read_bytes())
    run.record_weights()
    return Best(objective, rungs, chosen, proof)


def _remove(chosen: Path, run: RunFolder) -> None:
    """Take away the file of an earlier climb: nothing that the report does not speak for keeps the name."""
    chosen.unlink(missing_ok=True)
    run.record_weights()


def describe(rung: Rung) -> str:
    """Write one rung as a line."""
    latency = "" if rung.latency_ms is None else f", {rung.latency_ms:.2f} ms"
    untold = f" (too few photos to tell: {', '.join(rung.untold)})" if rung.untold else ""
    outcome = f"taken{untold}" if rung.passed else " | ".join(rung.why)
    size = "" if rung.bytes is None else f", {rung.bytes / 1e6:.2f} MB"
    return f"{rung.variant}{size}{latency}: {outcome}"


def _rung(path: Path, latency: float | None, found: FileVerdict) -> Rung:
    why = [f"{v.gate}: {v.measured}; limit: {v.limit}" for v in found.gates if v.beyond or v.outcome == FAILED]
    return Rung(found.variant, path.stat().st_size, latency, not why, why, found.untold)


def _ladder(
    run: RunFolder, manifest: Any, candidates: list[Variant], objective: str, progress: Progress
) -> list[tuple[Variant, float | None]]:
    """Order the candidates; one that needs training counts as its untrained twin, which has the same graph."""
    twins = {variant.name: (variant.base or variant).name for variant in candidates}
    files = convert(run, manifest, list(dict.fromkeys(twins.values())), progress)
    size = {name: path.stat().st_size for name, path in files.items()}
    if objective == "size":
        return [(v, None) for v in sorted(candidates, key=lambda v: (size[twins[v.name]], bool(v.fine_tuning)))]
    latency = latencies({name: read_model(path).flatbuffer for name, path in files.items()})
    left = sorted(candidates, key=lambda v: latency[twins[v.name]])
    ladder = []
    while left:
        within = AS_QUICK * latency[twins[left[0].name]]
        step = [v for v in left if latency[twins[v.name]] <= within]
        ladder += sorted(step, key=lambda v: (size[twins[v.name]], bool(v.fine_tuning)))
        left = left[len(step) :]
    return [(v, latency[twins[v.name]]) for v in ladder]
