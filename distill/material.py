"""What the students of a run are trained on: photos, labels and the teacher's answers."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distill.answers import TeacherAnswers, store_answers, store_folder
from distill.recipe import DistillRecipe
from distill.teacher_forward import teacher_forward
from skin_data.batches import TrainingSet, make_training_set
from skin_data.pixels import load_pixels
from skin_data.progress import Progress
from skin_training.color_calibration import ccm_of
from skin_training.recipe import to_mapping
from skin_training.run_folder import RunFolder


@dataclass(frozen=True)
class Material:
    """What students are trained on.

    Attributes:
        manifest: the data set.
        training: the training split with its pixels.
        training_frame: its rows.
        validation_frame: rows of the validation split.
        validation_pixels: uint8 [n, size, size, 3].
        answers: the teacher's, for the training split's views.
        answered_by: how the teacher answered what was missing, "tflite" or "keras".
        calibration: the teacher's colour calibration, M float32 [3, 3] and b float32 [3]; where a student's begins.
    """

    manifest: Any
    training: TrainingSet
    training_frame: Any
    validation_frame: Any
    validation_pixels: np.ndarray
    answers: TeacherAnswers
    answered_by: str
    calibration: tuple[np.ndarray, np.ndarray]


def pixels_of_split(
    manifest: Any, split: str, recipe: DistillRecipe, root: Path, progress: Progress
) -> tuple[Any, np.ndarray]:
    """Return a split's rows and its prepared pixels, uint8 [n, size, size, 3], kept under `artifacts/pixels`."""
    frame, cache = manifest.split(split), root / "artifacts" / "pixels"
    return frame, load_pixels(manifest, frame, recipe.input_size, recipe.crop_fraction, cache, progress)


def load_material(
    recipe: DistillRecipe, manifest: Any, teacher: Any, teacher_sha256: str, teacher_run: RunFolder, progress: Progress
) -> Material:
    """Load photos and labels, and let the teacher answer what is not stored yet.

    Args:
        recipe: views, weights of classes and seeds.
        manifest: the data set that the teacher was trained on.
        teacher: the Keras model.
        teacher_sha256: of its file.
        teacher_run: its run, with which the answers are kept.
        progress: called as `progress(stage, done, total)`.

    Raises:
        UnusableInput: photos or stored answers cannot be used.
    """
    frame, pixels = pixels_of_split(manifest, "train", recipe, teacher_run.root, progress)
    training = make_training_set(
        manifest, frame, pixels, recipe.class_weights, recipe.label_smoothing, recipe.most_repeats
    )
    key = {
        "teacher": teacher_sha256,
        "data": manifest.sha256,
        "pixels": hashlib.sha256(np.ascontiguousarray(pixels)).hexdigest(),
        "views": to_mapping(recipe.views),
        "view_seed": recipe.view_seed,
        "mixup": recipe.mixup,
        "input_size": recipe.input_size,
        "crop_fraction": recipe.crop_fraction,
    }
    with_features = recipe.feature_weight > 0
    forward = teacher_forward(teacher, with_features)
    answers = store_answers(
        forward,
        training,
        recipe.views,
        recipe.view_seed,
        recipe.view_count,
        store_folder(teacher_run.artifacts / "answers", key),
        key,
        recipe.mixup,
        with_features,
        progress=progress,
    )
    validation = pixels_of_split(manifest, "val", recipe, teacher_run.root, progress)
    return Material(manifest, training, frame, *validation, answers, forward.way, ccm_of(teacher))
