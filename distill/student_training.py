"""Training one student: the distilled one, or one that it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tf_keras as keras

from distill.answers import TeacherAnswers
from distill.fairness import find_groups, group_accuracies, group_weights, photo_weights
from distill.objective import distillation_loss
from distill.recipe import DistillRecipe
from distill.student import build_student, load_backbone_weights
from teacher.color_calibration import CCM_LAYER_NAME
from teacher.data.batches import TrainingSet, epoch_batches, steps_per_epoch
from teacher.heads import HEAD_LAYERS
from teacher.predict import Progress, predict
from teacher.recipe import Phase
from teacher.run_folder import RunFolder
from teacher.train import validator
from teacher.training import Trainer


@dataclass(frozen=True)
class Material:
    """What students of one run are trained and measured on.

    Attributes:
        manifest: the data set.
        training: the training split with its pixels.
        training_frame: its rows.
        validation_frame: rows of the validation split.
        validation_pixels: uint8 [n, size, size, 3].
        answers: the teacher's, for the training split's views.
        calibration: the teacher's colour calibration, M float32 [3, 3] and b float32 [3]; where a student's begins.
    """

    manifest: Any
    training: TrainingSet
    training_frame: Any
    validation_frame: Any
    validation_pixels: np.ndarray
    answers: TeacherAnswers
    calibration: tuple[np.ndarray, np.ndarray]


class TrainedStudent(NamedTuple):
    """A student with its best weights, and how it came to them.

    Attributes:
        model: the Keras model.
        rows: of `metrics.csv`.
        seconds: of training, over all starts.
    """

    model: keras.Model
    rows: list[dict[str, Any]]
    seconds: float


def new_student(recipe: DistillRecipe, class_count: int) -> keras.Model:
    """Build the student of a recipe with its first weights, which follow from the recipe's seed."""
    keras.utils.set_random_seed(recipe.seed)
    student = build_student(
        class_count,
        recipe.input_size,
        recipe.width,
        recipe.dropout,
        recipe.ccm_reg,
        recipe.batch_norm_momentum,
        recipe.backbone,
    )
    if recipe.weights != "none":
        load_backbone_weights(student, recipe.weights)
    return student


def train_student(
    recipe: DistillRecipe,
    material: Material,
    run: RunFolder,
    name: str,
    key: Mapping[str, Any],
    taught: bool,
    progress: Progress,
) -> TrainedStudent:
    """Train a student through all phases, or what is left of them after a kill.

    Args:
        recipe: student, losses, phases.
        material: what it is trained on.
        run: holds the checkpoint.
        name: of the checkpoint; the part behind "student" is shown with progress.
        key: what the result depends on.
        taught: whether the teacher has a say; else the labels are all, and the colour calibration starts at the
            identity.
        progress: called as `progress(stage, done, total)`.
    """
    training, answers, phases = material.training, material.answers, list(recipe.phases)
    student = new_student(recipe, training.diagnosis.shape[1])
    if taught:
        student.get_layer(CCM_LAYER_NAME).set_weights(material.calibration)
    groups = None
    if recipe.fairness.by:
        groups = find_groups(
            recipe.fairness.by, material.training_frame, material.validation_frame, material.manifest.taxonomy.ids
        )

    def batches(phase: int, epoch: int) -> Any:
        number = sum(p.epochs for p in phases[:phase]) + epoch
        weights = None
        if groups is not None:
            weights = photo_weights(groups, group_weights(recipe.fairness, groups, trainer.state.rows))

        def extra(rows: np.ndarray, views: np.ndarray) -> Mapping[str, np.ndarray]:
            found = answers.of(rows, views)
            return found if weights is None else {**found, "photo_weight": weights[rows]}

        return epoch_batches(
            training,
            recipe.views,
            recipe.batch_size,
            recipe.seed,
            number,
            recipe.view_count,
            extra,
            recipe.mixup,
            recipe.view_seed,
        )

    def select(phase: Phase) -> None:
        for layer in student.layers:
            layer.trainable = phase.trains == "all" or layer.name in HEAD_LAYERS

    def of_groups(right: np.ndarray, known: np.ndarray) -> dict[str, float]:
        return {} if groups is None else group_accuracies(groups, right, known)

    stage = "distill" + name.removeprefix("student").replace("-", " ")
    trainer = Trainer(
        model=student,
        phases=phases,
        batches=batches,
        steps=steps_per_epoch(training, recipe.batch_size),
        loss=distillation_loss(student, recipe),
        select=select,
        validate=validator(
            material.manifest,
            material.validation_frame,
            lambda: predict(student, material.validation_pixels),
            of_groups,
        ),
        checkpoint=run.checkpoint(name),
        key={**key, "stage": stage},
        stage=stage,
        seed=recipe.seed,
        describe=training.describe,
        progress=progress,
    )
    rows = trainer.run()
    return TrainedStudent(student, rows, trainer.state.seconds)
