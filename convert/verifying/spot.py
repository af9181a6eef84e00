"""Gates on the output `spot`.

A converted file must show where the float student does, on every skin tone. A retrained file has a head of its own: it
must find the lesions as well.
"""

from typing import TYPE_CHECKING

import numpy as np

from convert.making.spot import maps_of_student
from convert.making.spot_fit import HEAD_FILE
from convert.verifying.comparison import RESAMPLES, corrected_changes, paired_change
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED, GateResult, Gates, check_slice, not_inferior
from skin_data.boxes import overlap
from skin_training.evaluation.metric import GroupBootstrap
from skin_training.run_folder import RunFolder
from skin_training.spot import SpotHead, corners_of
from triage.interpreter import Interpreter
from triage.spot import SPOT, SURE_FROM

if TYPE_CHECKING:
    import tf_keras as keras

GATE = "spot"
FEW = 10
"""A tone bucket with fewer photos does not count for itself."""


def student_spots(student: "keras.Model", run: RunFolder, pixels: np.ndarray) -> np.ndarray | None:
    """Return the float student's output `spot`, float32 [n, 5], for uint8 [n, size, size, 3]; None without a head."""
    path = run.artifacts / HEAD_FILE
    return SpotHead.load(path).predict(maps_of_student(student, pixels)) if path.is_file() else None


def check_spot(
    interpreter: Interpreter, pixels: np.ndarray, of_student: np.ndarray | None, tones: np.ndarray, gates: Gates
) -> list[GateResult]:
    """Compare a file's boxes of some photos with the float student's, where that is sure of them.

    Args:
        interpreter: of the file.
        pixels: uint8 [n, size, size, 3].
        of_student: float [n, 5], of `student_spots`.
        tones: tone bucket of each photo, [n].
        gates: the limits.

    Returns:
        One result; none where neither the file nor the student has the output.
    """
    limit = (
        f"IoU at least {gates.spot_overlap} in each tone, confidence changes by at most {gates.spot_confidence_change}"
    )
    if of_student is None and SPOT not in interpreter.output_names:
        return []
    if of_student is None or SPOT not in interpreter.output_names:
        return [_missing(of_student, limit)]
    found = _of_file(interpreter, pixels)
    change = float(np.abs(found[:, 4] - of_student[:, 4]).mean())
    sure = of_student[:, 4] >= SURE_FROM
    ious = overlap(corners_of(found), corners_of(of_student))[sure]
    groups = {"all": np.ones(len(ious), bool), **{str(tone): tones[sure] == tone for tone in sorted(set(tones))}}
    means = {name: float(ious[rows].mean()) for name, rows in groups.items() if rows.sum() >= FEW}
    measured = ", ".join(f"{name} {mean:.3f}" for name, mean in means.items()) or "too few photos"
    measured = f"IoU {measured} of {sure.sum()} photos; confidence {change:.3f}"
    # NaN compares as false.
    passed = change <= gates.spot_confidence_change and all(mean >= gates.spot_overlap for mean in means.values())
    outcome = (PASSED if means else INCONCLUSIVE) if passed else FAILED
    return [GateResult(GATE, measured, limit, outcome, beyond=not passed)]


def check_found_spots(
    interpreter: Interpreter,
    pixels: np.ndarray,
    of_student: np.ndarray | None,
    boxes: np.ndarray,
    tones: np.ndarray,
    groups: np.ndarray,
    loss: float,
) -> list[GateResult]:
    """Compare how well a retrained file finds lesions with how well the float student does.

    Args:
        interpreter: of the file.
        pixels: uint8 [n, size, size, 3].
        of_student: float [n, 5], of `student_spots`.
        boxes: of the lesions as the model sees them, float [n, 4]; NaN where there is none.
        tones: tone bucket of each photo, [n].
        groups: of each photo, [n].
        loss: largest fall of the mean IoU.

    Returns:
        One result for all photos and one for each tone; none where neither the file nor the student has the output.
    """
    limit = f"mean IoU falls by at most {loss}"
    if of_student is None and SPOT not in interpreter.output_names:
        return []
    if of_student is None or SPOT not in interpreter.output_names:
        return [_missing(of_student, limit)]
    known = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    found = _of_file(interpreter, pixels[known])
    if not np.isfinite(found).all():
        return [GateResult(GATE, "NaN or inf", limit, FAILED, beyond=True)]
    before, after = (overlap(np.clip(corners_of(spots), 0, 1), boxes[known]) for spots in (of_student[known], found))
    bootstrap, gain = GroupBootstrap(groups[known].astype(str), 0, RESAMPLES), after - before
    rows_of = {str(tone): np.flatnonzero(tones[known] == tone) for tone in sorted(set(tones))}
    changes, _ = corrected_changes(bootstrap, gain, rows_of)
    measured = f"IoU {after.mean():.3f} against {before.mean():.3f} of {len(known)} lesions" if len(known) else ""
    overall = not_inferior(GATE, paired_change(bootstrap, gain, np.arange(len(known))), loss, measured, limit)
    return [overall, *(check_slice(f"{GATE}, tone {tone}", changes[tone], loss, retrained=True) for tone in rows_of)]


def _missing(of_student: np.ndarray | None, limit: str) -> GateResult:
    lacks = "the run's head" if of_student is None else "the file's output: an earlier version converted it"
    return GateResult(GATE, f"{lacks} is missing", limit, INCONCLUSIVE)


def _of_file(interpreter: Interpreter, pixels: np.ndarray) -> np.ndarray:
    return np.array([interpreter.run(photo)[SPOT].reshape(-1) for photo in pixels]).reshape(-1, 5)
