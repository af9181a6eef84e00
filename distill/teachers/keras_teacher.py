"""Teachers that are Keras models of this project: those of runs."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distill.teachers.teacher import Matrices, Teacher
from skin_data.progress import Progress
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of
from triage.crop import Crop
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import tf_keras as keras

    from distill.recipe import DistillRecipe
    from distill.teacher_forward import TeacherForward
    from skin_data.manifest import Manifest


class KerasTeacher(Teacher):
    """A teacher or student in memory, with a hash of its weights; `run` keeps its predictions."""

    def __init__(self, model: "keras.Model", sha256: str, run: RunFolder):
        self.model, self.target, self.name = model, run.name, run.name
        self._sha256, self.store = sha256, run.artifacts / "answers"

    @property
    def sha256(self) -> str:
        """Hash of the model's file."""
        return self._sha256

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return int(self.model.count_params())

    @property
    def channels(self) -> int:
        """Length of the pooled features."""
        return int(self.model.get_layer("features").output_shape[-1])

    @property
    def calibration(self) -> Matrices:
        """The model's first layer."""
        from skin_training.color_calibration import ccm_of

        return ccm_of(self.model)

    def check(self, recipe: "DistillRecipe", manifest: "Manifest") -> None:
        """Accept every recipe."""

    def forward(self, with_features: bool) -> "TeacherForward":
        """Choose the fastest exact way on this machine."""
        from distill.teacher_forward import teacher_forward

        return teacher_forward(self.model, with_features)

    def predict(self, pixels: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray | None]:
        """Predict with Keras."""
        from skin_training.predict import predict

        return predict(self.model, pixels, progress=progress, stage="teacher: test")

    def describe(self) -> dict[str, Any]:
        """Return name and hash."""
        return {"name": self.name, "kind": "run", "sha256": self.sha256}


class RunTeacher(KerasTeacher):
    """The teacher of a finished run; its model is loaded when first used.

    Raises:
        UnusableInput: the run has no teacher.
    """

    def __init__(self, run: RunFolder):
        self.run, self.target, self.name = run, run.name, run.name
        self.file, self.store = run.artifacts / "teacher.keras", run.artifacts / "answers"
        if not self.file.is_file():
            raise UnusableInput(
                f"Run '{run.name}' has no teacher. Looked for: {self.file}. "
                f"Train one with `skin-distill teacher --run {run.name}`, or give a model made elsewhere: "
                "docs/any_teacher.md."
            )

    @cached_property
    def sha256(self) -> str:
        """Hash of the model's file."""
        return sha256_of(Path(self.file))

    @cached_property
    def model(self) -> "keras.Model":
        """The Keras model."""
        from distill.model_file import load_model

        return load_model(self.file)

    def check(self, recipe: "DistillRecipe", manifest: "Manifest") -> None:
        """Raise where classes, data or input differ."""
        count, size, ids = self.model.output_shape[0][-1], self.model.input_shape[1], manifest.taxonomy.ids
        if count != len(ids):
            raise UnusableInput(
                f"The teacher of run '{self.name}' has {count} classes, the data set has {len(ids)}. "
                f"Received: {manifest.path}. Use the data set that the teacher was trained on."
            )
        report = self.run.read_report().get("teacher", {})
        if report.get("meta_sha256") != manifest.sha256:
            raise UnusableInput(
                f"The teacher of run '{self.name}' was trained on another split of the data, so its test photos may be "
                f"among these training photos. Received: {manifest.path}. Use the meta.csv of the teacher's run."
            )
        manifest.check_classes(report["test"]["confusion"]["classes"], f"The teacher of run '{self.name}'")
        crop = Crop.recorded(self.run.read_config()["teacher"])
        if (size, crop) != (recipe.input_size, recipe.photo_crop):
            raise UnusableInput(
                "Teacher and student must see the same pixels. Received: teacher with input_size "
                f"{size} and {crop}, student with {recipe.input_size} and {recipe.photo_crop}. Set "
                "distill.input_size, distill.crop and distill.crop_fraction to the teacher's."
            )

    def describe(self) -> dict[str, Any]:
        """Return name, hash, and the terms of a backbone from elsewhere."""
        return {**super().describe(), **self.run.read_report().get("teacher", {}).get("terms", {})}
