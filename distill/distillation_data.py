"""What a run's students are trained on: photos, labels and the teacher's predictions."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from distill.recipe import DistillRecipe
from distill.teacher_predictions import (
    TeacherPredictions,
    average_predictions,
    store_folder,
    store_predictions,
    with_mirror,
)
from distill.teachers.teacher import Teacher
from skin_data.manifest import Manifest
from skin_data.progress import Progress
from skin_training.recipe import to_mapping
from skin_training.strategy import shard_of, wait_for_all
from skin_training.training_data import TrainingData, load_training_data
from triage.crop import SHAPES


@dataclass(frozen=True)
class DistillationData(TrainingData):
    """Training and validation split with a teacher's predictions.

    Attributes:
        predictions: the teachers' average, for the training split's views.
        predicted_by: how the teachers predicted what was missing, such as "tflite" or "keras".
        calibration: the teachers' colour calibration, M float32 [3, 3] and b float32 [3], averaged; the identity stands
            for one that cannot be read. A student starts from it.
        rounded: whether views have pixels of 8 bits, because a teacher sees them so.
        untaught: float32 [classes], 1 for classes that the teachers do not know.
    """

    predictions: TeacherPredictions
    predicted_by: str
    calibration: tuple[np.ndarray, np.ndarray]
    rounded: bool
    untaught: np.ndarray


def load_distillation_data(
    recipe: DistillRecipe,
    manifest: Manifest,
    teachers: Sequence[Teacher],
    root: Path,
    progress: Progress,
    strategy: tf.distribute.Strategy | None = None,
) -> DistillationData:
    """Load photos and labels, and let the teachers predict what is not stored yet.

    Args:
        recipe: views, weights of classes, and seeds.
        manifest: the data set.
        teachers: each keeps its predictions; the student learns from their average.
        root: the folder with `artifacts/`.
        progress: called as `progress(what, done, total)`.
        strategy: its processes divide the teachers' predictions among them.

    Raises:
        UnusableInput: photos or stored predictions cannot be used.
    """
    strategy = strategy or tf.distribute.get_strategy()
    data = load_training_data(manifest, recipe, root, progress)
    rounded = any(teacher.rounded for teacher in teachers)
    views = {
        "data": manifest.sha256,
        "pixels": hashlib.sha256(np.ascontiguousarray(data.training.pixels).data).hexdigest(),
        "views": to_mapping(recipe.views),
        "view_seed": recipe.view_seed,
        "mixup": recipe.mixup,
        "input_size": recipe.input_size,
        "crop_fraction": recipe.crop_fraction,
        **({} if recipe.crop == SHAPES[0] else {"crop": recipe.crop}),
        **({"rounded": True} if rounded else {}),
        **({"mirrored": True} if recipe.mirrored else {}),
    }
    with_features = recipe.feature_weight > 0
    parts, ways = [], []
    for teacher in teachers:
        key, forward = {"teacher": teacher.sha256, **views}, teacher.forward(with_features)
        forward = with_mirror(forward) if recipe.mirrored else forward
        folder = store_folder(teacher.store, key)
        predictions = store_predictions(
            forward,
            data.training,
            recipe.views,
            recipe.view_seed,
            recipe.view_count,
            folder,
            key,
            recipe.mixup,
            with_features,
            rounded,
            progress=progress,
            shard=shard_of(strategy),
            wait=partial(wait_for_all, strategy),
        )
        parts.append(predictions)
        ways.append(forward.way)
    unknown = teachers[0].unknown
    matrices, biases = zip(*(t.calibration or (np.eye(3), np.zeros(3)) for t in teachers), strict=True)
    return DistillationData(
        **vars(data),
        predictions=average_predictions(parts),
        predicted_by=" + ".join(ways),
        calibration=(np.asarray(np.mean(matrices, 0), np.float32), np.asarray(np.mean(biases, 0), np.float32)),
        rounded=rounded,
        untaught=np.array([name in unknown for name in manifest.taxonomy.ids], np.float32),
    )
