"""Predict in another Python environment with `triage`'s interpreter on that environment's runtime.

    python adapter.py MODEL PHOTOS.npy PREDICTIONS.npz

Needs numpy and a TFLite runtime; nothing else of this project's environment may be imported.
"""

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Write the predictions; a refused model is reported on stderr, with the error's exit code."""
    model_path, photos_path, predictions_path = sys.argv[1:]
    # The folder that holds `triage` may be a site-packages with another numpy and other runtimes, and importing the
    # package needs OpenCV: only single modules of it are loaded.
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
    arrays: dict[str, Any] = {
        name: np.stack([output[name][0] for output in outputs]) for name in interpreter.output_names
    }
    np.savez(predictions_path, runtime=interpreter.runtime, **arrays)


if __name__ == "__main__":
    main()
