"""Distil a teacher's run into a student: one call, one run folder."""

import dataclasses
import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from distill.recipe import DistillRecipe
from skin_data.progress import Progress, no_progress
from skin_training.recipe import to_mapping
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of
from triage.errors import UnusableInput

log = logging.getLogger("skin_distill")


def distill_student(
    recipe: DistillRecipe,
    manifest: Any,
    teacher_run: RunFolder,
    run: RunFolder,
    convert_section: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Train a student on a teacher's answers and measure both on the test split.

    The same student is trained again without the teacher, unless the recipe says otherwise: the difference is what the
    teacher was worth; and where groups are weighted, again without these weights. The teacher's answers are kept with
    its run, for other students. The same call after a kill goes on after the last whole epoch; after a finished run it
    answers at once. A run finished without `without_teacher` can be asked for it later: its student stays as it is.

    Args:
        recipe: student, views, losses, phases.
        manifest: the data set that the teacher was trained on, with the same splits.
        teacher_run: a finished teacher's run.
        run: where everything is written; the student becomes `artifacts/<run>/student.keras`, and what it is compared
            with `student-without-teacher.keras` and `student-without-weights.keras` beside it. What each says of the
            test split goes to `test_answers.npz` of the run, under the files' names.
        convert_section: the recipe's `convert` section, kept in the run's config for the commands that follow; of a
            finished run, too.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The report's `distill` section.

    Raises:
        UnusableInput: the teacher has other classes, another input or other data, or something cannot be read.
        CheckFailed: the loss is no longer a finite number.
    """
    from distill.fairness import fairness_table, find_groups
    from distill.material import load_material, pixels_of_split
    from distill.model_file import load_model
    from distill.student_training import new_student, train_student
    from distill.worth import agreement_with_teacher, paired_gain
    from skin_training.color_calibration import ccm_of
    from skin_training.evaluation import evaluate
    from skin_training.evaluation.evaluate import true_classes
    from skin_training.evaluation.held_out import Validation
    from skin_training.evaluation.plots import plot_distillation_gain, plot_evaluation
    from skin_training.predict import predict
    from skin_training.resources import check_resources
    from skin_training.training_plots import plot_training

    teacher_file = teacher_run.artifacts / "teacher.keras"
    if not teacher_file.is_file():
        raise UnusableInput(
            f"Run '{teacher_run.name}' has no teacher. Looked for: {teacher_file}. "
            f"Train one with `skin-distill teacher --run {teacher_run.name}`."
        )
    teacher_hash = sha256_of(teacher_file)
    key = {"recipe": to_mapping(recipe), "meta_sha256": manifest.sha256, "teacher_sha256": teacher_hash}
    with_baseline, without_baseline = (
        {**key, "recipe": to_mapping(dataclasses.replace(recipe, without_teacher=baseline))}
        for baseline in (True, False)
    )
    config = {
        "distill": to_mapping(recipe),
        "teacher_run": teacher_run.name,
        "data": {"meta_sha256": manifest.sha256, "split_sha256": manifest.split_sha256},
    }
    with run.stage(
        "distill",
        key,
        config,
        accepts=[with_baseline],
        extends=[without_baseline],
        manifest=manifest,
        checkpoints="student",
    ) as stage:
        finished = stage.earlier
        if convert_section and (stage.finished or finished):
            run.write_config({"convert": dict(convert_section)})  # the student does not depend on it
        if stage.finished:
            return stage.report
        teacher = load_model(teacher_file)
        _check_teacher(teacher, recipe, teacher_run, manifest)
        # Weights that are not available are reported before anything else is done.
        probe = new_student(recipe, len(manifest.taxonomy.classes))
        channels = teacher.get_layer("features").output_shape[-1] if recipe.feature_weight else 0
        answers_kept = (
            len(manifest.split("train")) * recipe.view_count * (len(manifest.taxonomy.classes) + 1 + channels // 2)
        )
        check_resources(probe.count_params(), run.artifacts, answers_kept, answering=teacher.count_params())
        stage.begin(**({} if finished else {"convert": dict(convert_section or {})}))
        material = load_material(recipe, manifest, teacher, teacher_hash, teacher_run, progress)
        test_frame, test_pixels = pixels_of_split(manifest, "test", recipe, run.root, progress)
        weighted = recipe.fairness.by and recipe.fairness.without
        if finished:
            log.info("distill: run '%s' has its student already; what follows is what it is compared with", run.name)
            students = {"": _kept_student(run, recipe, "", finished["seconds"])}
            if weighted:
                students["without weights"] = _kept_student(run, recipe, "without weights", 0.0)
        else:
            students = {"": train_student(recipe, material, run, "student", key, True, progress)}
        run.write_metrics(_all_rows(students))
        if recipe.without_teacher:
            labels_alone = dataclasses.replace(recipe, hard_share=1.0, feature_weight=0.0)
            students["without teacher"] = train_student(
                labels_alone, material, run, "student-without-teacher", key, False, progress
            )
            run.write_metrics(_all_rows(students))
        if weighted and "without weights" not in students:
            unweighted = dataclasses.replace(recipe, fairness=dataclasses.replace(recipe.fairness, by=""))
            students["without weights"] = train_student(
                unweighted, material, run, "student-without-weights", key, True, progress
            )
            run.write_metrics(_all_rows(students))

        def answers_of(model: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
            return predict(model, test_pixels, progress=progress, stage=f"{name}: test")

        student, rows, seconds = students.pop("")
        of_student, of_teacher = answers_of(student, "student"), answers_of(teacher, "teacher")
        others = {name: answers_of(other.model, name) for name, other in students.items()}
        gains = {name: paired_gain(manifest, test_frame, of_student[0], other[0]) for name, other in others.items()}
        alone = others.get("without teacher")
        fairness = None
        if recipe.fairness.by:
            groups = find_groups(
                recipe.fairness.by, material.training_frame, material.validation_frame, manifest.taxonomy.ids
            )
            fairness = fairness_table(recipe.fairness, groups, rows, gains.get("without weights"))
        validation = Validation(
            true_classes(material.validation_frame, manifest.taxonomy.ids),
            predict(student, material.validation_pixels)[0],
        )
        run.save_model(student, "student.keras")
        kept = {"teacher": of_teacher[0], "student": of_student[0]}
        for name, other in students.items():
            run.save_model(other.model, f"{_file_name(name)}.keras")
            kept[_file_name(name)] = others[name][0]
        run.write_test_answers(kept)
        matrices = {"teacher": ccm_of(teacher), "student": ccm_of(student)}
        section = {
            "meta_sha256": manifest.sha256,
            "teacher_run": teacher_run.name,
            "teacher_answered_by": material.answered_by,
            "backbone": f"{recipe.backbone}, width {recipe.width}",
            "parameters": student.count_params(),
            "best_epochs": [
                {k: row[k] for k in ("phase", "epoch", "val_balanced_accuracy")} for row in rows if row["best"]
            ],
            "color_calibration": {
                **{name: {"matrix": m.tolist(), "bias": b.tolist()} for name, (m, b) in matrices.items()},
                "distance": float(np.linalg.norm(matrices["teacher"][0] - matrices["student"][0])),
            },
            "agreement": agreement_with_teacher(manifest, test_frame, of_teacher[0], of_student[0]),
            "seconds": round(seconds, 1),
            "teacher_test": evaluate(manifest, test_frame, *of_teacher),
            "test": evaluate(manifest, test_frame, *of_student, validation=validation),
            "without_teacher": alone
            and {"test": evaluate(manifest, test_frame, *alone), "gain": gains["without teacher"]},
            "fairness": fairness,
        }
        plot_training(run.figures, rows, section, run.name)
        plot_evaluation(run.figures, section["test"], f"{run.name} on the test split")
        if alone:
            plot_distillation_gain(run.figures / "worth_of_the_teacher.png", gains["without teacher"], run.name)
        return stage.finish(section)


def _file_name(name: str) -> str:
    return f"student-{name.replace(' ', '-')}" if name else "student"


def _row_phase(phase: str, name: str) -> str:
    return f"{phase}, {name}" if name else phase


def _kept_student(run: RunFolder, recipe: DistillRecipe, name: str, seconds: float) -> Any:
    """Return a student of a finished run, with its rows of `metrics.csv`, as `train_student` gave it."""
    from distill.model_file import load_model
    from distill.student_training import TrainedStudent

    phases = {_row_phase(phase.name, name): phase.name for phase in recipe.phases}
    rows = [{**row, "phase": phases[row["phase"]]} for row in run.read_metrics() if row["phase"] in phases]
    return TrainedStudent(load_model(run.artifacts / f"{_file_name(name)}.keras"), rows, seconds)


def _all_rows(students: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {**row, "phase": _row_phase(row["phase"], name)} for name, student in students.items() for row in student.rows
    ]


def _check_teacher(teacher: Any, recipe: DistillRecipe, run: RunFolder, manifest: Any) -> None:
    answers, size, ids = teacher.output_shape[0][-1], teacher.input_shape[1], manifest.taxonomy.ids
    if answers != len(ids):
        raise UnusableInput(
            f"The teacher of run '{run.name}' knows {answers} classes, the data set has {len(ids)}. "
            f"Received: {manifest.path}. Use the data set that the teacher was trained on."
        )
    report = run.read_report().get("teacher", {})
    if report.get("meta_sha256") != manifest.sha256:
        raise UnusableInput(
            f"The teacher of run '{run.name}' was trained on another split of the data, so its test photos may be "
            f"among these training photos. Received: {manifest.path}. Use the meta.csv of the teacher's run."
        )
    manifest.check_classes(report["test"]["confusion"]["classes"], f"The teacher of run '{run.name}'")
    crop = run.read_config()["teacher"]["crop_fraction"]
    if (size, crop) != (recipe.input_size, recipe.crop_fraction):
        raise UnusableInput(
            f"Teacher and student must see the same pixels. Received: a teacher of {size} px of the middle {crop} of a "
            f"photo, a student of {recipe.input_size} px of the middle {recipe.crop_fraction}. Set distill.input_size "
            f"and crop_fraction to the teacher's."
        )
