"""The report's section on a teacher, its student and the baselines, and its plots."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import numpy as np

from distill.agreement import agreement_with_teacher
from distill.distillation_data import DistillationData
from distill.fairness import fairness_table
from distill.recipe import DistillRecipe
from distill.students import DISTILLED, LABEL_ONLY, UNWEIGHTED, TrainedStudent, file_name
from distill.task import groups_of
from distill.teachers.teacher import Teacher
from skin_data.progress import Progress
from skin_training.color_calibration import ccm_of
from skin_training.evaluation import evaluate
from skin_training.evaluation.evaluate import validation_of
from skin_training.evaluation.outside import OutsideModel, OutsideSet, Predictor, measure_outside
from skin_training.evaluation.paired import paired_gain
from skin_training.evaluation.plots import plot_distillation_gain, plot_evaluation
from skin_training.predict import predict
from skin_training.report_types import DistillSection, OutsideSection, TeacherEntry
from skin_training.run_folder import RunFolder
from skin_training.training import kept_epochs
from skin_training.training_data import Split
from skin_training.training_plots import plot_training

Answer = tuple[np.ndarray, np.ndarray | None]
"""Diagnosis probabilities float32 [n, classes], and well-lit probabilities float32 [n] or None."""


def measure_students(
    recipe: DistillRecipe,
    data: DistillationData,
    test: Split,
    teachers: Sequence[Teacher],
    answers: Sequence[Answer],
    students: Mapping[str, TrainedStudent],
    progress: Progress,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Measure teachers, their student and the baselines on the test split.

    Args:
        recipe: of the student.
        data: what it was trained on.
        test: the test split.
        teachers: of the student.
        answers: each one's predictions for the test split, as `Teacher.predict` returns them.
        students: of `distill.students.train_students`.
        progress: called as `progress(what, done, total)`.

    Returns:
        The report's section, and diagnosis probabilities float32 [n, classes] by the name of the model's file.
    """
    manifest, student = data.manifest, students[DISTILLED]
    predictions = {
        name: predict(each.model, test.pixels, progress=progress, stage=f"{name or 'student'}: test")
        for name, each in students.items()
    }
    of_teacher = average_answer(answers)
    diagnosis = {"teacher": of_teacher[0], **{name: found for name, (found, _) in predictions.items()}}
    gains = {
        name: paired_gain(manifest, test.frame, diagnosis[DISTILLED], diagnosis[name])
        for name in students
        if name != DISTILLED
    }
    probabilities, _ = predict(student.model, data.validation.pixels)
    validation = validation_of(data.validation.frame, manifest.taxonomy.ids, probabilities)
    groups = groups_of(recipe, data)
    matrices = {"teacher": data.calibration, "student": ccm_of(student.model)}
    section = {
        "teacher_answered_by": data.predicted_by,
        "teachers": teacher_entries(recipe, data, test, teachers, answers),
        "backbone": f"{recipe.backbone}, width {recipe.width}",
        "parameters": student.model.count_params(),
        "kept_epochs": kept_epochs(student.rows),
        "color_calibration": {
            **{name: {"matrix": m.tolist(), "bias": b.tolist()} for name, (m, b) in matrices.items()},
            "distance": float(np.linalg.norm(matrices["teacher"][0] - matrices["student"][0])),
        },
        "agreement": agreement_with_teacher(manifest, test.frame, diagnosis["teacher"], diagnosis[DISTILLED]),
        "seconds": round(student.seconds, 1),
        "teacher_test": evaluate(manifest, test.frame, *of_teacher),
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


def measure_everyone(
    recipe: DistillRecipe,
    outside: Sequence[OutsideSet],
    teachers: Sequence[Teacher],
    students: Mapping[str, TrainedStudent],
    run: RunFolder,
    progress: Progress,
) -> dict[str, OutsideSection]:
    """Measure student, baselines and teachers on outside test sets; the label-only baseline is what is gained over."""
    predictors: dict[str, Predictor] = {
        file_name(name): partial(predict, each.model, progress=progress, stage="outside test sets")
        for name, each in students.items()
    }
    predictors["teacher"] = lambda pixels: average_answer([teacher.predict(pixels, progress) for teacher in teachers])
    return measure_outside(
        outside,
        {name: OutsideModel(each, recipe.input_size, recipe.photo_crop) for name, each in predictors.items()},
        run.root / "artifacts" / "pixels",
        file_name(LABEL_ONLY) if LABEL_ONLY in students else "",
        progress,
    )


def average_answer(answers: Sequence[Answer]) -> Answer:
    """Average several teachers' probabilities; those of lighting over teachers that predict it."""
    lit = [lighting for _, lighting in answers if lighting is not None]
    return np.mean([found for found, _ in answers], axis=0), np.mean(lit, axis=0) if lit else None


def teacher_entries(
    recipe: DistillRecipe,
    data: DistillationData,
    test: Split,
    teachers: Sequence[Teacher],
    answers: Sequence[Answer],
) -> list[TeacherEntry]:
    """Describe each teacher; of several, also measure it and what their average gains over it."""
    manifest, average = data.manifest, average_answer(answers)[0]
    entries = []
    for teacher, (diagnosis, lighting) in zip(teachers, answers, strict=True):
        entry: dict[str, Any] = {**teacher.describe(), "lighting": lighting is not None}
        size = entry.get("size") or recipe.input_size
        entry["resized"] = None if size == recipe.input_size else [recipe.input_size, size]
        if len(teachers) > 1:
            found = paired_gain(manifest, test.frame, average, diagnosis)
            entry["gain_of_average"] = {key: found[key] for key in ("accuracy", "balanced_accuracy", "verdict")}
            own = evaluate(manifest, test.frame, diagnosis, lighting)["diagnosis"]
            entry["test"] = {key: own[key] for key in ("accuracy", "balanced_accuracy")}
        entries.append(entry)
    return cast("list[TeacherEntry]", entries)


def plot_students(run: RunFolder, section: DistillSection, students: Mapping[str, TrainedStudent]) -> None:
    """Plot training, evaluation and distillation gain into the run's figures."""
    plot_training(run.figures, students[DISTILLED].rows, section, run.name)
    plot_evaluation(run.figures, section["test"], f"{run.name} on the test split")
    if section["without_teacher"]:
        plot_distillation_gain(run.figures / "distillation_gain.png", section["without_teacher"]["gain"], run.name)
