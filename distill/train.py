"""Distil a teacher's run into a student: one call, one run folder."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from distill.recipe import DistillRecipe
from skin_data.manifest import Manifest
from skin_data.progress import Progress, no_progress
from skin_training.recipe import to_mapping
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import tf_keras as keras

    from skin_training.report_types import DistillSection


def distill_student(
    recipe: DistillRecipe,
    manifest: Manifest,
    teacher_run: RunFolder,
    run: RunFolder,
    convert_section: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
) -> "DistillSection":
    """Train a student on a teacher's predictions and measure both on the test split.

    With `without_teacher`, the label-only baseline is trained as well: the same student, seed and budget without the
    teacher. The difference is the distillation gain. Where groups are weighted, another baseline has no such weights.
    The teacher's predictions are stored with its run, for other students.

    After a kill, the same call resumes after the last whole epoch; after a finished run it returns at once. The
    label-only baseline can be added to a finished run, which keeps its student.

    Args:
        recipe: student, views, losses, phases.
        manifest: the data set that the teacher was trained on, with the same splits.
        teacher_run: a finished teacher's run.
        run: where everything is written. Models become `artifacts/<run>/student.keras`,
            `student-without-teacher.keras` and `student-without-weights.keras`; their predictions for the test split
            go to `test_predictions.npz` under the same names.
        convert_section: the recipe's `convert` section, stored in config.yaml for the commands that follow, also of a
            finished run.
        progress: called as `progress(what, done, total)`.

    Returns:
        The report's `distill` section.

    Raises:
        UnusableInput: the teacher has other classes, another input or other data, or something cannot be read.
        CheckFailed: the loss is NaN or inf.
    """
    from distill.distillation_data import load_distillation_data
    from distill.measurement import measure_students, plot_students
    from distill.model_file import load_model
    from distill.students import file_name, train_students
    from skin_training.training_data import data_hashes, load_split

    teacher_file = teacher_run.artifacts / "teacher.keras"
    if not teacher_file.is_file():
        raise UnusableInput(
            f"Run '{teacher_run.name}' has no teacher. Looked for: {teacher_file}. "
            f"Train one with `skin-distill teacher --run {teacher_run.name}`."
        )
    teacher_sha256 = sha256_of(teacher_file)
    key, with_baseline, without_baseline = (
        {"recipe": to_mapping(each), "meta_sha256": manifest.sha256, "teacher_sha256": teacher_sha256}
        for each in (recipe, *(dataclasses.replace(recipe, without_teacher=baseline) for baseline in (True, False)))
    )
    config = {"distill": to_mapping(recipe), "teacher_run": teacher_run.name, "data": data_hashes(manifest)}
    with run.stage(
        "distill",
        key,
        config,
        accepts=[with_baseline],
        extends=[without_baseline],
        manifest=manifest,
        checkpoints="student",
    ) as stage:
        if convert_section and (stage.finished or stage.earlier):
            run.write_config({"convert": dict(convert_section)})  # the student does not depend on it
        if stage.finished:
            return cast("DistillSection", stage.report)
        teacher = load_model(teacher_file)
        _check_teacher(teacher, recipe, teacher_run, manifest)
        _check_resources(recipe, teacher, manifest, run)
        stage.begin(**({} if stage.earlier else {"convert": dict(convert_section or {})}))

        data = load_distillation_data(recipe, manifest, teacher, teacher_sha256, teacher_run, progress)
        test = load_split(manifest, "test", recipe, run.root, progress)
        students = train_students(recipe, data, run, key, stage.earlier, progress)
        for name, student in students.items():
            run.save_model(student.model, f"{file_name(name)}.keras")

        measured, predictions = measure_students(recipe, data, test, teacher, students, progress)
        run.write_test_predictions(predictions)
        head = {"key": key, "meta_sha256": manifest.sha256, "teacher_run": teacher_run.name}
        section = cast("DistillSection", {**head, **measured})
        plot_students(run, section, students)
        return cast("DistillSection", stage.finish(section))


def _check_teacher(teacher: "keras.Model", recipe: DistillRecipe, run: RunFolder, manifest: Manifest) -> None:
    count, size, ids = teacher.output_shape[0][-1], teacher.input_shape[1], manifest.taxonomy.ids
    if count != len(ids):
        raise UnusableInput(
            f"The teacher of run '{run.name}' has {count} classes, the data set has {len(ids)}. "
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
            "Teacher and student must see the same pixels. Received: teacher with input_size "
            f"{size} and crop_fraction {crop}, student with {recipe.input_size} and {recipe.crop_fraction}. Set "
            "distill.input_size and distill.crop_fraction to the teacher's."
        )


def _check_resources(recipe: DistillRecipe, teacher: "keras.Model", manifest: Manifest, run: RunFolder) -> None:
    """Raise where weights, memory or disk are not available, before hours are spent."""
    from distill.students import new_student
    from skin_training.resources import check_resources

    classes = len(manifest.taxonomy.ids)
    student = new_student(recipe, classes)
    channels = teacher.get_layer("features").output_shape[-1] if recipe.feature_weight else 0
    predictions = len(manifest.split("train")) * recipe.view_count * (classes + 1 + channels // 2)
    check_resources(student.count_params(), run.artifacts, predictions, frozen=teacher.count_params())
