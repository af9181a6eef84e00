"""Gates on other runtimes: does each have a file's operators, and does it predict the same where it is installed?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from convert.recipe import convert_recipe
from convert.verifying.comparison import Predictions
from convert.verifying.environments import KNOWN, Environment, find_environments, predict_in
from convert.verifying.gates import FAILED, PASSED, GateResult
from convert.verifying.runtimes import MUST_RUN_IN, RUNTIMES, check_operators
from convert.verifying.verifier import ExtraGate, GateInput
from skin_training.run_folder import RunFolder
from triage.errors import CheckFailed, UnusableInput

NOT_TRIED = "not tried"
"""Outcome of a runtime that is not on this machine: it has not passed, is named, and does not fail the file."""
NOT_REQUIRED = "unsupported"
"""Outcome of a runtime that cannot run the file, but need not: it is named, with the remedy, and fails no file."""
MAX_PHOTOS = 64
"""Photos that another runtime predicts; tflite-runtime 2.14 takes 40 ms for each integer one."""
AGREEMENT = 0.97  # of top diagnosis and lighting: the default that a file has to keep of its float student


def gate_on_runtimes(must_run_in: Sequence[str] = MUST_RUN_IN) -> ExtraGate:
    """Return a gate on other runtimes: operators in every known one, predictions in those installed.

    Args:
        must_run_in: names in `convert.verifying.runtimes.RUNTIMES` and `convert.verifying.environments.KNOWN`; a file
            that one of these cannot run fails, one that another runtime cannot run does not.

    Raises:
        UnusableInput: an unknown name.
    """
    names = [*RUNTIMES, *KNOWN]
    if unknown := set(must_run_in) - set(names):
        known = ", ".join(sorted(set(names)))
        raise UnusableInput(f"convert.runtimes has unknown names. Received: {sorted(unknown)}. Known: {known}.")

    def gate(checked: GateInput) -> list[GateResult]:
        results = [
            *check_known_operators(checked.model.flatbuffer),
            *check_predictions(checked.model.path, checked.pixels, checked.predictions),
        ]
        return [
            replace(result, outcome=NOT_REQUIRED) if result.outcome == FAILED and name not in must_run_in else result
            for name, result in zip(names, results, strict=True)
        ]

    return gate


def gates_of_recipe(run: RunFolder) -> list[ExtraGate]:
    """Return the gate on the runtimes under `convert.runtimes` of a run's recipe; default: `MUST_RUN_IN`."""
    return [gate_on_runtimes(convert_recipe(run).runtimes)]


def check_known_operators(flatbuffer: bytes) -> list[GateResult]:
    """Check for each runtime in `RUNTIMES` whether it has a model's operators."""
    return [
        GateResult(
            f"operators: {RUNTIMES[name].title}",
            "; ".join(obstacles) or "all known",
            "known and computed correctly",
            FAILED if obstacles else PASSED,
        )
        for name, obstacles in check_operators(flatbuffer).items()
    ]


def check_predictions(
    model: Path,
    pixels: np.ndarray,
    predictions: Predictions,
    agreement: float = AGREEMENT,
    environments: Mapping[str, Environment] | None = None,
) -> list[GateResult]:
    """Compare a file's predictions in each other runtime with those here.

    Args:
        model: a release file.
        pixels: uint8 [n, size, size, 3]; `MAX_PHOTOS` of them, evenly spread, are predicted.
        predictions: of the file in this environment's runtime.
        agreement: smallest fraction of photos with the same top diagnosis, and with the same lighting decision.
        environments: those installed; `find_environments()` if None.
    """
    found = find_environments() if environments is None else environments
    rows = np.unique(np.linspace(0, len(pixels) - 1, min(MAX_PHOTOS, len(pixels))).astype(int))
    here = predictions[0][rows], predictions[1][rows]
    results = []
    for name, (title, _) in KNOWN.items():
        gate, limit = f"runs in {title}", f"agreement at least {agreement}"
        if name not in found:
            results.append(GateResult(gate, "not on this machine; `make runtimes` builds it", limit, NOT_TRIED))
            continue
        try:
            there = predict_in(found[name], model, pixels[rows])
        except CheckFailed as error:
            results.append(GateResult(gate, str(error), limit, FAILED))
            continue
        results.append(_agreement(gate, limit, here, (there["diagnosis"], there["lighting"].reshape(-1)), agreement))
    return results


def _agreement(gate: str, limit: str, here: Predictions, there: Predictions, agreement: float) -> GateResult:
    top = float((there[0].argmax(axis=1) == here[0].argmax(axis=1)).mean())
    light = float(((there[1] >= 0.5) == (here[1] >= 0.5)).mean())
    change = max(float(np.abs(one - other).max()) for one, other in zip(there, here, strict=True))
    measured = f"diagnosis {top:.3f}, light {light:.3f}, largest change {change:.4f}, n = {len(there[1])}"
    return GateResult(gate, measured, limit, PASSED if min(top, light) >= agreement else FAILED)
