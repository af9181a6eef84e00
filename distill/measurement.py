"""The report's section on a teacher, its student and the baselines, and its plots."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tf_keras as keras

from distill.distillation_data import DistillationData
from distill.distillation_gain import agreement_with_teacher, paired_gain
from distill.fairness import fairness_table
from distill.recipe import DistillRecipe
from distill.students import DISTILLED, LABEL_ONLY, UNWEIGHTED, TrainedStudent, file_name
from distill.task import groups_of
from skin_data.progress import Progress
from skin_training.color_calibration import ccm_of
from skin_training.evaluation import evaluate
from skin_training.evaluation.evaluate import validation_of
from skin_training.evaluation.plots import plot_distillation_gain, plot_evaluation
from skin_training.predict import predict
from skin_training.report_types import DistillSection
from skin_training.run_folder import RunFolder
from skin_training.training import kept_epochs
from skin_training.training_data import Split
from skin_training.training_plots import plot_training


def measure_students(
    recipe: DistillRecipe,
    data: DistillationData,
    test: Split,
    teacher: keras.Model,
    students: Mapping[str, TrainedStudent],
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Measure a teacher, its student and the baselines on the test split.

    Args:
        recipe: of the student.
        data: what it was trained on.
        test: the test split.
        teacher: the Keras model.
        students: of `distill.students.train_students`.
        progress: called as `progress(what, done, total)`.

    Returns:
        The report's section, and diagnosis probabilities float32 [n, classes] by the name of the model's file.
    """
    manifest, student = data.manifest, students[DISTILLED]
    models = {DISTILLED: student.model, "teacher": teacher}
    models |= {name: each.model for name, each in students.items() if name != DISTILLED}
    predictions = {
        name: predict(model, test.pixels, progress=progress, stage=f"{name or 'student'}: test")
        for name, model in models.items()
    }
    diagnosis = {name: probabilities for name, (probabilities, _) in predictions.items()}
    gains = {
        name: paired_gain(manifest, test.frame, diagnosis[DISTILLED], diagnosis[name])
        for name in students
        if name != DISTILLED
    }
    probabilities, _ = predict(student.model, data.validation.pixels)
    validation = validation_of(data.validation.frame, manifest.taxonomy.ids, probabilities)
    groups = groups_of(recipe, data)
    matrices = {"teacher": ccm_of(teacher), "student": ccm_of(student.model)}
    section = {
        "teacher_answered_by": data.predicted_by,
        "backbone": f"{recipe.backbone}, width {recipe.width}",
        "parameters": student.model.count_params(),
        "kept_epochs": kept_epochs(student.rows),
        "color_calibration": {
            **{name: {"matrix": m.tolist(), "bias": b.tolist()} for name, (m, b) in matrices.items()},
            "distance": float(np.linalg.norm(matrices["teacher"][0] - matrices["student"][0])),
        },
        "agreement": agreement_with_teacher(manifest, test.frame, diagnosis["teacher"], diagnosis[DISTILLED]),
        "seconds": round(student.seconds, 1),
        "teacher_test": evaluate(manifest, test.frame, *predictions["teacher"]),
        "test": evaluate(manifest, test.frame, *predictions[DISTILLED], validation=validation),
        "without_teacher": {
            "test": evaluate(manifest, test.frame, *predictions[LABEL_ONLY]),
            "gain": gains[LABEL_ONLY],
        }
        if LABEL_ONLY in students
        else None,
        "fairness": groups and fairness_table(recipe.fairness, groups, student.rows, gains.get(UNWEIGHTED)),
    }
    names = ["teacher", *students]
    return section, {name if name == "teacher" else file_name(name): diagnosis[name] for name in names}


def plot_students(run: RunFolder, section: DistillSection, students: Mapping[str, TrainedStudent]) -> None:
    """Plot training, evaluation and distillation gain into the run's figures."""
    plot_training(run.figures, students[DISTILLED].rows, section, run.name)
    plot_evaluation(run.figures, section["test"], f"{run.name} on the test split")
    if section["without_teacher"]:
        plot_distillation_gain(run.figures / "distillation_gain.png", section["without_teacher"]["gain"], run.name)
