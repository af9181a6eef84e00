"""Gates on the output `familiarity`.

That of a converted file must be the float student's. A retrained file ranks photos in its own order, as every network
does: two float students trained on the same photos differ by 0.20 to 0.22 on average. It must refuse no more photos,
and as many pictures of nothing.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convert.making.familiarity import REFUSE_BELOW, fit_familiarity, seen_by_student
from convert.verifying.comparison import RESAMPLES, paired_change
from convert.verifying.gates import FAILED, INCONCLUSIVE, PASSED, GateResult, not_inferior
from skin_data.outliers import drawn_pictures
from skin_data.progress import Progress
from skin_training.evaluation.metric import GroupBootstrap
from skin_training.run_folder import RunFolder
from triage.interpreter import Interpreter
from triage.outputs import FAMILIARITY

if TYPE_CHECKING:
    import tf_keras as keras

    from skin_data.manifest import Manifest

GATE = "familiarity"
EARLIER = "the file has no such output: it was converted by an earlier version"
DRAWN, SEED = 30, 7
"""Noise, plain colours, textures and dead leaves: so many each, drawn with a seed of their own."""


class StudentFamiliarity(NamedTuple):
    """What the float student finds familiar.

    Attributes:
        photos: its familiarity of the split's photos, float [n] in [0, 1].
        drawn: pictures of nothing, uint8 [m, size, size, 3], that no head was fitted against.
        of_drawn: its familiarity of these, float [m].
    """

    photos: np.ndarray
    drawn: np.ndarray
    of_drawn: np.ndarray


def student_familiarity(
    student: "keras.Model", run: RunFolder, manifest: "Manifest", pixels: np.ndarray, progress: Progress
) -> StudentFamiliarity:
    """Fit the familiarity of the float student and return it for some photos.

    Args:
        student: the Keras student.
        run: of the student.
        manifest: the data set that it was trained on.
        pixels: uint8 [n, size, size, 3].
        progress: called as `progress(stage, done, total)`.
    """
    see = seen_by_student(student)
    fitted, _ = fit_familiarity(see, pixels.shape[1], run, manifest, progress)
    drawn = np.concatenate(list(drawn_pictures(DRAWN, pixels.shape[1], SEED).values()))
    return StudentFamiliarity(see(pixels).fraction(fitted), drawn, see(drawn).fraction(fitted))


def check_familiarity(
    interpreter: Interpreter, pixels: np.ndarray, of_student: np.ndarray, largest_change: float
) -> GateResult:
    """Compare a file's familiarity of some photos with the float student's.

    Args:
        interpreter: of the file.
        pixels: uint8 [n, size, size, 3].
        of_student: its familiarity, float [n].
        largest_change: largest mean absolute change.
    """
    limit = f"changes by at most {largest_change} on average"
    if FAMILIARITY not in interpreter.output_names:
        return GateResult(GATE, EARLIER, limit, INCONCLUSIVE)
    found = _of_file(interpreter, pixels)
    change = float(np.abs(found - of_student).mean())
    refused, expected = (float((values < REFUSE_BELOW).mean()) for values in (found, of_student))
    measured = f"{change:.3f}; refused {refused:.1%} of {len(pixels)} photos, the float student {expected:.1%}"
    # NaN compares as false.
    passed = change <= largest_change
    return GateResult(GATE, measured, limit, PASSED if passed else FAILED, beyond=not passed)


def check_refusals(
    interpreter: Interpreter, pixels: np.ndarray, of_student: StudentFamiliarity, groups: np.ndarray, loss: float
) -> list[GateResult]:
    """Compare what a retrained file refuses with what the float student refuses.

    Args:
        interpreter: of the file.
        pixels: uint8 [n, size, size, 3].
        of_student: of these photos.
        groups: of each photo, [n].
        loss: largest fall of either fraction.
    """
    limit = f"falls by at most {100 * loss:.1f} points"
    if FAMILIARITY not in interpreter.output_names:
        return [GateResult(GATE, EARLIER, limit, INCONCLUSIVE)]
    results = []
    for what, pictures, expected, of, refused in (
        ("photos kept", pixels, of_student.photos, groups, False),
        ("drawn pictures refused", of_student.drawn, of_student.of_drawn, np.arange(len(of_student.drawn)), True),
    ):
        found = _of_file(interpreter, pictures)
        if not np.isfinite(found).all():
            results.append(GateResult(f"{GATE}: {what}", "NaN or inf", limit, FAILED, beyond=True))
            continue
        after, before = ((values < REFUSE_BELOW) == refused for values in (found, expected))
        bootstrap, rows = GroupBootstrap(np.asarray(of).astype(str), 0, RESAMPLES), np.arange(len(found))
        change = paired_change(bootstrap, after.astype(float) - before, rows)
        measured = f"{after.mean():.1%} of {len(found)} against {before.mean():.1%}"
        results.append(not_inferior(f"{GATE}: {what}", change, loss, measured, limit))
    return results


def _of_file(interpreter: Interpreter, pixels: np.ndarray) -> np.ndarray:
    return np.array([float(interpreter.run(photo)[FAMILIARITY].reshape(-1)[0]) for photo in pixels])
