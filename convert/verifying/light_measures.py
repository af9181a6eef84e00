"""Gate: does a file estimate the light of photos like the float student?"""

import numpy as np

from convert.making.light_measures import Scale
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED, GateResult
from triage.estimated_light import LIGHT_MEASURES
from triage.interpreter import Interpreter
from triage.lighting import FEATURE_NAMES

GATE = "light measures"


def check_light_measures(
    interpreter: Interpreter, pixels: np.ndarray, of_student: np.ndarray | None, scale: Scale | None, largest: float
) -> GateResult:
    """Compare a file's estimates of the light of some photos with the float student's.

    Args:
        interpreter: of the file.
        pixels: uint8 [n, size, size, 3].
        of_student: float [n, 14], of `convert.making.light_measures.measures_of_student`.
        scale: of the measures, which makes their changes comparable.
        largest: largest mean absolute change of any measure, in standard deviations.
    """
    limit = f"each changes by at most {largest} standard deviations on average"
    if LIGHT_MEASURES not in interpreter.output_names or of_student is None or scale is None:
        why = "no photo's light was measured" if scale is None else "it was converted by an earlier version"
        return GateResult(GATE, f"the file has no such output: {why}", limit, INCONCLUSIVE)
    found = np.array([interpreter.run(photo)[LIGHT_MEASURES].reshape(-1) for photo in pixels])
    changes = np.abs(found - of_student).mean(axis=0) / scale[1]
    worst = int(np.argmax(changes))  # the first NaN, if there is one
    # NaN compares as false.
    passed = bool(changes[worst] <= largest)
    measured = f"{FEATURE_NAMES[worst]} changes by {changes[worst]:.3f}"
    return GateResult(GATE, measured, limit, PASSED if passed else FAILED, beyond=not passed)
