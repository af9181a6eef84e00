"""The models of a run, asked about one photo."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.light.changes import blurred, exposed, falling, glaring, tinted
from skin_data.phantom.camera import encode
from skin_training.run_folder import RunFolder
from triage import Triage
from triage.assessment import apply_temperature
from triage.crop import Crop
from triage.errors import UnusableInput
from triage.photo import Photo, prepare_pixels, small_copy
from triage.skin_color import LINEAR

if TYPE_CHECKING:
    import tf_keras as keras

FILES = ("student.tflite", "student-*.tflite")
"""The file that `convert --best` chose, else the first of the named variants."""
DAYLIGHT = 6500.0
LONGEST = 1024
"""Longer side in pixels to which a photo is shrunk before its light is changed: a slider must answer at once."""


@dataclass(frozen=True)
class KerasModel:
    """A teacher or student with the temperature that its run fitted on the validation split."""

    name: str
    model: "keras.Model" = field(repr=False)
    crop: Crop
    temperature: float

    def probabilities(self, photo: Photo) -> np.ndarray:
        """Return calibrated probabilities float [classes]."""
        from skin_training.predict import predict

        return apply_temperature(predict(self.model, self._view(photo)[None])[0][0], self.temperature)

    def heatmap(self, photo: Photo) -> np.ndarray:
        """Return the photo as the model saw it, with the evidence for its top class (Grad-CAM), uint8 [h, w, 3]."""
        from skin_training.grad_cam import grad_cam, overlay

        image = self._view(photo).astype(np.float32) / 255
        return overlay(image, grad_cam(self.model, image))

    def _view(self, photo: Photo) -> Photo:
        return prepare_pixels(photo, self.model.input_shape[1], self.crop)


@dataclass(frozen=True)
class RunModels:
    """What a run has.

    Attributes:
        file: the chosen release file, opened.
        path: of it.
        keras: teacher and student, as far as their files are here.
        missing: why a model is not here.
    """

    file: Triage
    path: Path
    keras: tuple[KerasModel, ...]
    missing: tuple[str, ...]

    def table(self, photo: Photo) -> dict[str, np.ndarray]:
        """Return calibrated probabilities float [classes] by model, the file last."""
        found = {model.name: model.probabilities(photo) for model in self.keras}
        outputs = self.file.interpreter.run(
            prepare_pixels(photo, self.file.card["input"]["size"], Crop.recorded(self.file.card["input"]))
        )
        found["file"] = apply_temperature(outputs["diagnosis"].reshape(-1), self.file.card["temperature"])
        return found


def load_models(run: RunFolder) -> RunModels:
    """Open the models of a student's run.

    Raises:
        UnusableInput: the run has no release file, or it cannot be used.
    """
    report = run.read_report()
    paths = [path for pattern in FILES for path in sorted(run.artifacts.glob(pattern))]
    if not paths:
        raise UnusableInput(
            f"Run '{run.name}' has no .tflite file. Looked in: {run.artifacts}. Make one with `skin-distill convert "
            f"--run {run.name}`."
        )
    section = report.get("distill", {})
    teachers = section.get("teacher_run")
    models: list[KerasModel] = []
    missing: list[str] = []
    for name in [teachers] if isinstance(teachers, str) else list(teachers or []):
        teacher = RunFolder(name, run.root)
        _add(models, missing, "teacher", teacher, teacher.artifacts / "teacher.keras", "teacher")
    _add(models, missing, "student", run, run.artifacts / "student.keras", "distill")
    return RunModels(Triage.load(paths[0]), paths[0], tuple(models), tuple(missing))


def _add(models: list[KerasModel], missing: list[str], name: str, run: RunFolder, path: Path, section: str) -> None:
    if not path.is_file():
        missing.append(f"The {name} is not shown: {path} is not here.")
        return
    from distill.model_file import load_model

    config = run.read_config()
    test: dict[str, Any] = run.read_report().get(section, {}).get("test", {})
    crop = Crop.recorded(config.get(section, {}))
    models.append(KerasModel(name, load_model(path), crop, test.get("calibration", {}).get("temperature", 1.0)))


def changed(photo: Photo, stops: float, kelvin: float, fall: float, blur: float, glare: float) -> Photo:
    """Return a photo under other light; the photo itself where nothing changes.

    Args:
        photo: uint8 [height, width, 3].
        stops: of exposure.
        kelvin: colour temperature of the light under a white balance for 6500 K.
        fall: stops by which the light falls off from left to right.
        blur: sigma of a Gaussian, percent of the longer side.
        glare: brightness of a highlight relative to white.
    """
    changes = [
        change
        for used, change in (
            (fall, falling(-fall, 0.0)),
            (kelvin != DAYLIGHT, tinted(kelvin, DAYLIGHT)),
            (glare, glaring(glare)),
            (stops, exposed(stops)),
            (blur, blurred(max(blur, 1e-6) / 100)),
        )
        if used
    ]
    if not changes:
        return photo
    radiance = LINEAR[small_copy(photo, LONGEST)]
    for change in changes:
        radiance = change(radiance)
    return np.asarray(encode(radiance), np.uint8)
