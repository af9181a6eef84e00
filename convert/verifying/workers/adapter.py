"""Runs in another Python environment: answers of `triage`'s own adapter on that environment's runtime.

    python adapter.py MODEL PHOTOS.npy ANSWERS.npz

Needs numpy and a TFLite runtime, and nothing else of this project's environment may come along.
"""

import sys
import types
from pathlib import Path

import numpy as np


def main() -> None:
    """Answer and write; a refusal goes to stderr, with exit code 2."""
    model_path, photos_path, answers_path = sys.argv[1:]
    # The folder that holds `triage` may be a site-packages with another numpy and other runtimes in it, and the
    # package's own start wants OpenCV: only its modules are opened, one by one.
    package = types.ModuleType("triage")
    package.__path__ = [str(Path(__file__).resolve().parents[3] / "triage")]
    sys.modules["triage"] = package
    from triage.errors import SkinDistillError
    from triage.interpreter import open_interpreter
    from triage.model_file import read_model

    try:
        interpreter = open_interpreter(read_model(model_path).flatbuffer)
    except SkinDistillError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    outputs = [interpreter.run(pixels) for pixels in np.load(photos_path)]
    answers = {name: np.stack([answer[name][0] for answer in outputs]) for name in interpreter.output_names}
    np.savez(answers_path, runtime=interpreter.runtime, **answers)


if __name__ == "__main__":
    main()
