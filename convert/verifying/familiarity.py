"""Gate: is a file's output `familiarity` that of the float student?"""

from typing import TYPE_CHECKING

import numpy as np

from convert.making.familiarity import REFUSE_BELOW, fit_familiarity, seen_by_student
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED, GateResult
from skin_data.progress import Progress
from skin_training.run_folder import RunFolder
from triage.interpreter import Interpreter
from triage.outputs import FAMILIARITY

if TYPE_CHECKING:
    import tf_keras as keras

    from skin_data.manifest import Manifest

GATE = "familiarity"


def student_familiarity(
    student: "keras.Model", run: RunFolder, manifest: "Manifest", pixels: np.ndarray, progress: Progress
) -> np.ndarray:
    """Fit the familiarity of the float student and return it for some photos.

    Args:
        student: the Keras student.
        run: of the student.
        manifest: the data set that it was trained on.
        pixels: uint8 [n, size, size, 3].
        progress: called as `progress(stage, done, total)`.

    Returns:
        float [n] in [0, 1].
    """
    see = seen_by_student(student)
    fitted, _ = fit_familiarity(see, pixels.shape[1], run, manifest, progress)
    return see(pixels).fraction(fitted)


def check_familiarity(
    interpreter: Interpreter, pixels: np.ndarray, of_student: np.ndarray, largest_change: float
) -> GateResult:
    """Compare a file's familiarity of some photos with the float student's.

    Args:
        interpreter: of the file.
        pixels: uint8 [n, size, size, 3].
        of_student: float [n], of `student_familiarity`.
        largest_change: largest mean absolute change.
    """
    limit = f"changes by at most {largest_change} on average"
    if FAMILIARITY not in interpreter.output_names:
        return GateResult(
            GATE, "the file has no such output: it was converted by an earlier version", limit, INCONCLUSIVE
        )
    found = np.array([float(interpreter.run(photo)[FAMILIARITY].reshape(-1)[0]) for photo in pixels])
    change = float(np.abs(found - of_student).mean())
    refused, expected = (float((values < REFUSE_BELOW).mean()) for values in (found, of_student))
    measured = f"{change:.3f}; refused {refused:.1%} of {len(pixels)} photos, the float student {expected:.1%}"
    # NaN compares as false.
    passed = change <= largest_change
    return GateResult(GATE, measured, limit, PASSED if passed else FAILED, beyond=not passed)
