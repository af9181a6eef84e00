"""Teachers that are a Python function: a person's own code, which runs with that person's rights."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from distill.teachers.external import OpenedModel, TeacherDescription, TeacherKind
from triage.atomic import sha256_of
from triage.errors import UnusableInput


def _file(target: str) -> Path:
    """Return the file of a module, which may lie in the working folder."""
    module = target.partition(":")[0]
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.origin or not Path(spec.origin).is_file():
        raise UnusableInput(f"No such Python module. Received: {target}. Looked in {Path.cwd()} and Python's path.")
    return Path(spec.origin)


def _open(target: str, description: TeacherDescription) -> OpenedModel:
    module, _, name = target.partition(":")
    function: Callable[[np.ndarray], object] = getattr(importlib.import_module(module), name, None)  # type: ignore[assignment]
    if not callable(function):
        raise UnusableInput(f"The module has no such function. Received: {target}.")

    def run(images: np.ndarray) -> Mapping[str, np.ndarray]:
        found = function(np.rint(images * 255).astype(np.uint8))
        outputs = found if isinstance(found, Mapping) else {"diagnosis": found}
        return {key: np.asarray(value, np.float32) for key, value in outputs.items()}

    return OpenedModel(run, sha256_of(_file(target)), description.size, rounded=True)


CALLABLE = TeacherKind(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", _open, _file)
