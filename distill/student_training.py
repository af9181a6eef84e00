"""Training one student: the distilled one, or one that it is compared with."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tf_keras as keras

from distill.fairness import find_groups, group_accuracies, group_weights, photo_weights
from distill.material import Material
from distill.objective import distillation_loss, with_features
from distill.recipe import DistillRecipe
from distill.student import build_student, load_backbone_weights
from skin_data.batches import epoch_batches, steps_per_epoch
from skin_data.progress import Progress
from skin_training.color_calibration import CCM_LAYER_NAME
from skin_training.heads import HEAD_LAYERS
from skin_training.predict import predict
from skin_training.recipe import Phase
from skin_training.run_folder import RunFolder
from skin_training.training import Trainer
from teacher.train import validator


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
        taught: whether the teacher has a say: the colour calibration starts at the teacher's and is pulled to it; else
            the labels are all, and the identity takes its place.
        progress: called as `progress(stage, done, total)`.
    """
    student = new_student(recipe, material.training.diagnosis.shape[1])
    if taught:
        calibration = student.get_layer(CCM_LAYER_NAME)
        calibration.set_weights(material.calibration)
        calibration.pull_to(material.calibration[0])

    def select(phase: Phase) -> None:
        for layer in student.layers:
            layer.trainable = phase.trains == "all" or layer.name in HEAD_LAYERS

    rows, seconds = fit_student(
        recipe,
        material,
        student,
        with_features(student),
        lambda: predict(student, material.validation_pixels),
        select,
        run.checkpoint(name),
        key,
        "distill" + name.removeprefix("student").replace("-", " "),
        progress,
    )
    return TrainedStudent(student, rows, seconds)


def fit_student(
    recipe: DistillRecipe,
    material: Material,
    model: keras.Model,
    answering: keras.Model,
    validate: Callable[[], tuple[np.ndarray, np.ndarray]],
    select: Callable[[Phase], Any],
    checkpoint: Path,
    key: Mapping[str, Any],
    stage: str,
    progress: Progress,
) -> tuple[list[dict[str, Any]], float]:
    """Train a model on stored answers and labels through a recipe's phases.

    Args:
        recipe: losses, views, phases.
        material: what it is trained on.
        model: whose weights are trained and checkpointed; it ends with its best ones.
        answering: the same weights, as `distill.objective.distillation_loss` takes them.
        validate: gives the answers to the validation photos: diagnosis [n, classes] and lighting [n], probabilities.
        select: `select(phase)` sets what is trainable.
        checkpoint: the file that holds the state.
        key: what the result depends on.
        stage: the word in progress and log lines.
        progress: called as `progress(stage, done, total)`.

    Returns:
        Rows of `metrics.csv`, and seconds of training over all starts.
    """
    training, answers, phases = material.training, material.answers, list(recipe.phases)
    groups = None
    if recipe.fairness.by:
        groups = find_groups(
            recipe.fairness.by, material.training_frame, material.validation_frame, material.manifest.taxonomy.ids
        )

    def batches(phase: int, epoch: int) -> Any:
        number = sum(p.epochs for p in phases[:phase]) + epoch
        weighted = training
        if groups is not None:
            weights = photo_weights(groups, group_weights(recipe.fairness, groups, trainer.state.rows))
            weighted = replace(training, photo_weight=weights)
        return epoch_batches(
            weighted,
            recipe.views,
            recipe.batch_size,
            recipe.seed,
            number,
            recipe.view_count,
            answers.of,
            recipe.mixup,
            recipe.view_seed,
        )

    def of_groups(right: np.ndarray, known: np.ndarray) -> dict[str, float]:
        return {} if groups is None else group_accuracies(groups, right, known)

    trainer = Trainer(
        model=model,
        phases=phases,
        batches=batches,
        steps=steps_per_epoch(training, recipe.batch_size),
        loss=distillation_loss(answering, recipe),
        select=select,
        validate=validator(material.manifest, material.validation_frame, validate, of_groups),
        checkpoint=checkpoint,
        key={**key, "stage": stage},
        stage=stage,
        seed=recipe.seed,
        describe=training.describe,
        progress=progress,
    )
    rows = trainer.run()
    return rows, trainer.state.seconds
