"""The student of a run, checked to belong to the data set at hand, and its prepared photos."""

from pathlib import Path

import numpy as np
import pandas as pd

from skin_data.manifest import Manifest
from skin_data.pixels import load_pixels
from skin_data.progress import Progress
from skin_training.run_folder import RunFolder
from triage.crop import Crop
from triage.errors import UnusableInput


def find_student(run: RunFolder, manifest: Manifest) -> Path:
    """Return the path of a run's `student.keras`.

    Raises:
        UnusableInput: there is no finished student, or it was trained on other splits or classes.
    """
    path = run.artifacts / "student.keras"
    config = run.read_config()
    if not path.is_file():
        raise UnusableInput(
            f"Run '{run.name}' has no student. Looked for: {path}. Train one with `skin-distill distill`."
        )
    if config["data"]["meta_sha256"] != manifest.sha256:
        raise UnusableInput(
            f"The student of run '{run.name}' was trained on another split of the data: its training photos may be "
            f"test photos here. Received: {manifest.path}. Use the meta.csv that it was trained with."
        )
    if not (distilled := run.read_report().get("distill")):
        raise UnusableInput(
            f"The student of run '{run.name}' is not finished. Received: {run.report_path}. Run its `skin-distill "
            "distill` again; it resumes where it stopped."
        )
    manifest.check_classes(distilled["test"]["confusion"]["classes"], f"The student of run '{run.name}'")
    return path


def load_student_pixels(
    run: RunFolder, manifest: Manifest, frame: pd.DataFrame, size: int, progress: Progress
) -> np.ndarray:
    """Return the photos of some rows as a run's student sees them, uint8 [n, size, size, 3], from the run's cache."""
    crop = Crop.recorded(run.read_config()["distill"])
    return load_pixels(manifest, frame, size, crop, run.root / "artifacts" / "pixels", progress)
