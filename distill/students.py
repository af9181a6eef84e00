"""The distilled student of a run, and the baselines that it is compared with."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf
import tf_keras as keras

from distill.distillation_data import DistillationData
from distill.model_file import load_model
from distill.recipe import DistillRecipe
from distill.student import build_student, load_backbone_weights
from distill.task import StudentTask
from skin_data.progress import Progress
from skin_training.color_calibration import CCM_LAYER_NAME
from skin_training.run_folder import RunFolder
from skin_training.training import Trainer

DISTILLED, LABEL_ONLY, UNWEIGHTED = "", "without teacher", "without weights"
"""Names of students: the distilled one, the label-only baseline, and the one without weights of groups."""


class TrainedStudent(NamedTuple):
    """A student with its best weights.

    Attributes:
        model: the Keras model.
        rows: of `metrics.csv`.
        seconds: of training, over all starts.
    """

    model: keras.Model
    rows: list[dict[str, Any]]
    seconds: float


def new_student(recipe: DistillRecipe, class_count: int) -> keras.Model:
    """Build the student of a recipe; its initial weights follow from the recipe's seed."""
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
        load_backbone_weights(student, recipe.weights, recipe.backbone)
    return student


def recipes_of_students(recipe: DistillRecipe) -> dict[str, DistillRecipe]:
    """Return the recipe of each student that a run trains, by name, in order."""
    recipes = {DISTILLED: recipe}
    if recipe.without_teacher:
        recipes[LABEL_ONLY] = dataclasses.replace(recipe, hard_share=1.0, feature_weight=0.0)
    if recipe.fairness.by and recipe.fairness.without:
        unweighted = dataclasses.replace(recipe.fairness, by="")
        recipes[UNWEIGHTED] = dataclasses.replace(recipe, fairness=unweighted)
    return recipes


def train_students(
    recipe: DistillRecipe,
    data: DistillationData,
    run: RunFolder,
    key: Mapping[str, Any],
    earlier: Mapping[str, Any] | None,
    progress: Progress,
    strategy: tf.distribute.Strategy | None = None,
) -> dict[str, TrainedStudent]:
    """Train the distilled student and its baselines, with the same seed and budget.

    Args:
        recipe: of the distilled student.
        data: what they are trained on.
        run: holds checkpoints and `metrics.csv`.
        key: everything that the students depend on.
        earlier: the report's section of a finished run whose students are kept; only the label-only baseline is
            trained.
        progress: called as `progress(what, done, total)`.
        strategy: of `skin_training.strategy.make_strategy`; every process of it trains along.

    Returns:
        Students by name, the distilled one first.
    """
    students: dict[str, TrainedStudent] = {}
    recipes = recipes_of_students(recipe)
    if earlier:
        for name in recipes.keys() - {LABEL_ONLY}:
            students[name] = _kept_student(run, recipe, name, earlier["seconds"] if name == DISTILLED else 0.0)
        students = {name: students[name] for name in recipes if name in students}
    for name, own_recipe in recipes.items():
        if name not in students:
            students[name] = _train_student(own_recipe, data, run, name, key, progress, strategy)
        run.write_metrics(_all_rows(students))
    return students


def file_name(name: str) -> str:
    """Return the stem of a student's files."""
    return f"student-{name.replace(' ', '-')}" if name else "student"


def _train_student(
    recipe: DistillRecipe,
    data: DistillationData,
    run: RunFolder,
    name: str,
    key: Mapping[str, Any],
    progress: Progress,
    strategy: tf.distribute.Strategy | None,
) -> TrainedStudent:
    strategy = strategy or tf.distribute.get_strategy()

    def build(recipe: DistillRecipe) -> keras.Model:
        student = new_student(recipe, data.training.diagnosis.shape[1])
        if name != LABEL_ONLY:  # the baseline's colour calibration starts at the identity
            calibration = student.get_layer(CCM_LAYER_NAME)
            calibration.set_weights(data.calibration)
            calibration.pull_to(data.calibration[0])
        return student

    with strategy.scope():
        student = build(recipe)
    # Processes need not predict at the same moment.
    alone = strategy.num_replicas_in_sync == 1
    inference = student if alone else build(dataclasses.replace(recipe, weights="none"))
    task = StudentTask(recipe, data, student, inference=inference)
    stage = f"distill {name}".strip()
    trainer = Trainer(task, run.checkpoint(file_name(name)), {**key, "stage": stage}, stage, progress, strategy)
    rows = trainer.run()
    return TrainedStudent(task.current_model(), rows, trainer.state.seconds)


def _kept_student(run: RunFolder, recipe: DistillRecipe, name: str, seconds: float) -> TrainedStudent:
    """Return a student of a finished run with its rows of `metrics.csv`, as `_train_student` returned it."""
    phases = {_row_phase(phase.name, name): phase.name for phase in recipe.phases}
    rows = [{**row, "phase": phases[row["phase"]]} for row in run.read_metrics() if row["phase"] in phases]
    return TrainedStudent(load_model(run.artifacts / f"{file_name(name)}.keras"), rows, seconds)


def _row_phase(phase: str, name: str) -> str:
    return f"{phase}, {name}" if name else phase


def _all_rows(students: Mapping[str, TrainedStudent]) -> Iterator[dict[str, Any]]:
    for name, student in students.items():
        for row in student.rows:
            yield {**row, "phase": _row_phase(row["phase"], name)}
