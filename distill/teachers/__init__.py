"""Teachers: a run of this project, or one module and one line of `KINDS` for each kind from elsewhere."""

import re
from collections.abc import Sequence
from pathlib import Path

from distill.teachers.external import ExternalTeacher, TeacherKind
from distill.teachers.keras_teacher import RunTeacher
from distill.teachers.model_files import KERAS, ONNX, TFLITE
from distill.teachers.prediction_table import TABLE
from distill.teachers.python_callable import CALLABLE
from distill.teachers.teacher import Teacher
from skin_training.run_folder import RunFolder

KINDS: dict[str, TeacherKind] = {
    "onnx": ONNX,
    "tflite": TFLITE,
    "keras": KERAS,
    "table": TABLE,
    "callable": CALLABLE,
}


def open_teacher(target: str, class_ids: Sequence[str], root: Path = Path()) -> Teacher:
    """Open a teacher.

    Args:
        target: the name of a run, a model's file, a table of predictions, or `module:function`.
        class_ids: of the data set.
        root: the folder with `experiments/` and `artifacts/`.

    Raises:
        UnusableInput: there is none, or it cannot be used.
        MissingDependency: its library is not installed.
    """
    for name, kind in KINDS.items():
        if re.fullmatch(kind.pattern, target):
            return ExternalTeacher(target, name, kind, class_ids, root / "artifacts" / "teachers")
    return RunTeacher(RunFolder(target, root))
