"""Gates on other runtimes: does each have the operators of a file, and does it answer the same where it is there?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from convert.recipe import convert_recipe
from convert.verifying.environments import KNOWN, Environment, ask, find_environments
from convert.verifying.gates import FAILED, PASSED, Verdict
from convert.verifying.runtimes import MUST_RUN_IN, RUNTIMES, check_operators
from convert.verifying.verifier import Examined, FurtherGate
from skin_training.run_folder import RunFolder
from triage.errors import CheckFailed, UnusableInput

NOT_TRIED = "not tried"
"""Outcome of a runtime that is not on this machine: it has not passed, is named, and does not fail the file."""
ELSEWHERE = "not there"
"""Outcome of a runtime that cannot run the file, but need not: it is named, with the remedy, and does not fail it."""
MOST_PHOTOS = 64
"""Photos for which another runtime is asked; tflite-runtime 2.14 takes 40 ms for each integer one."""
AGREEMENT = 0.97  # of the top answer and of the light: the default that a file has to keep of its float student


def gate_on_runtimes(must_run_in: Sequence[str] = MUST_RUN_IN) -> FurtherGate:
    """Return a gate on other runtimes: operators in every known one, predictions in those installed.

    Args:
        must_run_in: names of `convert.verifying.runtimes.RUNTIMES` and `convert.verifying.environments.KNOWN`; a file
            that one of these cannot run fails, one that another runtime cannot run does not.

    Raises:
        UnusableInput: an unknown name.
    """
    known = {*RUNTIMES, *KNOWN}
    if unknown := set(must_run_in) - known:
        raise UnusableInput(
            f"convert.runtimes names unknown runtimes. Received: {sorted(unknown)}. Known: {', '.join(sorted(known))}."
        )

    def gate(examined: Examined) -> list[Verdict]:
        names = [*RUNTIMES, *KNOWN]
        verdicts = [
            *operator_verdicts(examined.model.flatbuffer),
            *runtime_verdicts(examined.model.path, examined.pixels, examined.answers),
        ]
        return [
            replace(verdict, outcome=ELSEWHERE) if verdict.outcome == FAILED and name not in must_run_in else verdict
            for name, verdict in zip(names, verdicts, strict=True)
        ]

    return gate


def gates_of_recipe(run: RunFolder) -> list[FurtherGate]:
    """Return the gate on the runtimes that a run's recipe names under `convert.runtimes`, else on `MUST_RUN_IN`."""
    return [gate_on_runtimes(convert_recipe(run).runtimes)]


def operator_verdicts(flatbuffer: bytes) -> list[Verdict]:
    """Say for each runtime of `convert.verifying.runtimes.RUNTIMES` whether it has a file's operators.

    Args:
        flatbuffer: the model.
    """
    verdicts = []
    for name, obstacles in check_operators(flatbuffer).items():
        measured = "; ".join(map(str, obstacles)) or "all known"
        outcome = FAILED if obstacles else PASSED
        verdicts.append(Verdict(f"operators: {RUNTIMES[name].title}", measured, "known and answered rightly", outcome))
    return verdicts


def runtime_verdicts(
    model: Path,
    pixels: np.ndarray,
    answers: tuple[np.ndarray, np.ndarray],
    agreement: float = AGREEMENT,
    environments: Mapping[str, Environment] | None = None,
) -> list[Verdict]:
    """Let each other runtime load a file and answer for some photos.

    Args:
        model: a release file.
        pixels: uint8 [n, size, size, 3]; `MOST_PHOTOS` of them, evenly spread, are asked.
        answers: diagnosis [n, classes] and lighting [n] of the file in this environment's runtime.
        agreement: smallest share of photos with the same top answer, and with the same answer to the light.
        environments: those that are there; `find_environments()` if None.
    """
    found = find_environments() if environments is None else environments
    rows = np.unique(np.linspace(0, len(pixels) - 1, min(MOST_PHOTOS, len(pixels))).astype(int))
    ours = answers[0][rows], answers[1][rows]
    verdicts = []
    for name, (title, _) in KNOWN.items():
        gate, limit = f"runs in {title}", f"agreement at least {agreement}"
        if name not in found:
            verdicts.append(Verdict(gate, "not on this machine; `make runtimes` builds it", limit, NOT_TRIED))
            continue
        try:
            theirs = ask(found[name], model, pixels[rows])
        except CheckFailed as error:
            verdicts.append(Verdict(gate, str(error), limit, FAILED))
            continue
        verdicts.append(_compare(gate, limit, ours, theirs, agreement))
    return verdicts


def _compare(
    gate: str, limit: str, ours: tuple[np.ndarray, np.ndarray], theirs: Mapping[str, np.ndarray], agreement: float
) -> Verdict:
    diagnosis, lighting = theirs["diagnosis"], theirs["lighting"].reshape(-1)
    top = float((diagnosis.argmax(axis=1) == ours[0].argmax(axis=1)).mean())
    light = float(((lighting >= 0.5) == (ours[1] >= 0.5)).mean())
    change = max(float(np.abs(diagnosis - ours[0]).max()), float(np.abs(lighting - ours[1]).max()))
    measured = f"diagnosis {top:.3f}, light {light:.3f}, largest change {change:.4f}, n = {len(lighting)}"
    return Verdict(gate, measured, limit, PASSED if min(top, light) >= agreement else FAILED)
