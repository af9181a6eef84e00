"""What a run's students are trained on: photos, labels and the teacher's predictions."""

import hashlib
from dataclasses import dataclass

import numpy as np
import tf_keras as keras

from distill.recipe import DistillRecipe
from distill.teacher_forward import teacher_forward
from distill.teacher_predictions import TeacherPredictions, store_folder, store_predictions
from skin_data.manifest import Manifest
from skin_data.progress import Progress
from skin_training.color_calibration import ccm_of
from skin_training.recipe import to_mapping
from skin_training.run_folder import RunFolder
from skin_training.training_data import TrainingData, load_training_data


@dataclass(frozen=True)
class DistillationData(TrainingData):
    """Training and validation split with a teacher's predictions.

    Attributes:
        predictions: the teacher's, for the training split's views.
        predicted_by: how the teacher predicted what was missing, "tflite" or "keras".
        calibration: the teacher's colour calibration, M float32 [3, 3] and b float32 [3]; a student starts from it.
    """

    predictions: TeacherPredictions
    predicted_by: str
    calibration: tuple[np.ndarray, np.ndarray]


def load_distillation_data(
    recipe: DistillRecipe,
    manifest: Manifest,
    teacher: keras.Model,
    teacher_sha256: str,
    teacher_run: RunFolder,
    progress: Progress,
) -> DistillationData:
    """Load photos and labels, and let the teacher predict what is not stored yet.

    Args:
        recipe: views, weights of classes, and seeds.
        manifest: the data set that the teacher was trained on.
        teacher: the Keras model.
        teacher_sha256: of its file.
        teacher_run: its run, which keeps the predictions.
        progress: called as `progress(what, done, total)`.

    Raises:
        UnusableInput: photos or stored predictions cannot be used.
    """
    data = load_training_data(manifest, recipe, teacher_run.root, progress)
    key = {
        "teacher": teacher_sha256,
        "data": manifest.sha256,
        "pixels": hashlib.sha256(np.ascontiguousarray(data.training.pixels).data).hexdigest(),
        "views": to_mapping(recipe.views),
        "view_seed": recipe.view_seed,
        "mixup": recipe.mixup,
        "input_size": recipe.input_size,
        "crop_fraction": recipe.crop_fraction,
    }
    with_features = recipe.feature_weight > 0
    forward = teacher_forward(teacher, with_features)
    predictions = store_predictions(
        forward,
        data.training,
        recipe.views,
        recipe.view_seed,
        recipe.view_count,
        store_folder(teacher_run.artifacts / "answers", key),
        key,
        recipe.mixup,
        with_features,
        progress=progress,
    )
    return DistillationData(
        **vars(data), predictions=predictions, predicted_by=forward.way, calibration=ccm_of(teacher)
    )
