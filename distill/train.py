"""Distil a teacher's run into a student: one call, one run folder."""

import dataclasses
import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from distill.recipe import DistillRecipe
from distill.teachers.keras_teacher import RunTeacher
from distill.teachers.teacher import Teacher, names_of
from distill.teachers.terms import warnings_of
from skin_data.manifest import Manifest
from skin_data.progress import Progress, no_progress
from skin_training.recipe import to_mapping
from skin_training.run_folder import RunFolder
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import tensorflow as tf

    from skin_training.report_types import DistillSection
    from skin_training.training_data import Split

log = logging.getLogger("skin_distill")


def distill_student(
    recipe: DistillRecipe,
    manifest: Manifest,
    teachers: RunFolder | Sequence[Teacher],
    run: RunFolder,
    convert_section: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
    also: Sequence[Path] = (),
    unlabelled: Sequence[Path] = (),
    strategy: "tf.distribute.Strategy | None" = None,
) -> "DistillSection":
    """Train a student on the predictions of a teacher, or of several on average, and measure all on the test split.

    With `without_teacher`, the label-only baseline is trained as well: the same student, seed and budget without the
    teacher. The difference is the distillation gain. Where groups are weighted, another baseline has no such weights.
    The teachers' predictions are stored, for other students.

    After a kill, the same call resumes after the last whole epoch; after a finished run it returns at once. The
    label-only baseline can be added to a finished run, which keeps its student.

    Args:
        recipe: student, views, losses, phases.
        manifest: the data set; a run's teacher must have been trained on the same splits.
        teachers: a finished teacher's run, or what `distill.teachers.open_teacher` opened.
        run: where everything is written. Models become `artifacts/<run>/student.keras`,
            `student-without-teacher.keras` and `student-without-weights.keras`; their predictions for the test split
            go to `test_predictions.npz` under the same names.
        convert_section: the recipe's `convert` section, stored in config.yaml for the commands that follow, also of a
            finished run.
        progress: called as `progress(what, done, total)`.
        also: meta.csv of outside test sets, on which teachers and students are measured.
        unlabelled: folders of photos without a diagnosis (`skin_data.unlabelled`): the student learns the teachers'
            predictions for them, and like its baselines their measured light.
        strategy: of `skin_training.strategy.make_strategy`; its processes divide the teachers' predictions among them,
            and the first writes the run.

    Returns:
        The report's `distill` section.

    Raises:
        UnusableInput: a teacher has other classes, another input or other data, or predicts what nobody can learn from;
            or something cannot be read.
        CheckFailed: the loss is NaN or inf, or another process of the strategy is lost.
    """
    import tensorflow as tf

    from distill.distillation_data import load_distillation_data
    from distill.measurement import measure_everyone, measure_students, plot_students
    from distill.students import file_name, train_students
    from skin_data.unlabelled import with_unlabelled
    from skin_training.evaluation.outside import read_outside_sets
    from skin_training.strategy import is_chief, others_alive, wait_for_all
    from skin_training.training_data import data_hashes, load_split

    teachers = [RunTeacher(teachers)] if isinstance(teachers, RunFolder) else list(teachers)
    sha256s = [teacher.sha256 for teacher in teachers]
    teacher_sha256 = sha256s[0] if len(sha256s) == 1 else hashlib.sha256(" ".join(sha256s).encode()).hexdigest()
    training, found = manifest, None
    strategy = strategy or tf.distribute.get_strategy()
    if unlabelled:
        with others_alive():
            if not is_chief(strategy):  # finds what the first process has measured
                wait_for_all(strategy)
            found = with_unlabelled(manifest, unlabelled, run.root / "artifacts", progress=progress)
            if is_chief(strategy):
                wait_for_all(strategy)
        training = found.manifest
    more = {"unlabelled_sha256": found.sha256} if found else {}
    key, with_baseline, without_baseline = (
        {"recipe": to_mapping(each), "meta_sha256": manifest.sha256, "teacher_sha256": teacher_sha256, **more}
        for each in (recipe, *(dataclasses.replace(recipe, without_teacher=baseline) for baseline in (True, False)))
    )
    config = {
        "distill": to_mapping(recipe),
        "teacher_run": names_of(teachers),
        "teachers": [teacher.target for teacher in teachers],
        "data": data_hashes(manifest),
    }
    with run.stage(
        "distill",
        key,
        config,
        accepts=[with_baseline],
        extends=[without_baseline],
        manifest=manifest,
        checkpoints="student",
        writes=is_chief(strategy),
    ) as stage:
        root, run = run.root, stage.run
        if convert_section and (stage.finished or stage.earlier):
            run.write_config({"convert": dict(convert_section)})  # the student does not depend on it
        if stage.finished:
            return cast("DistillSection", stage.report)
        _check_teachers(teachers, recipe, manifest)
        outside = read_outside_sets(also, manifest)
        _check_resources(recipe, teachers, training, run)
        test = load_split(manifest, "test", recipe, root, progress)
        answers = [teacher.predict(test.pixels, progress) for teacher in teachers]
        _warn(teachers, answers, test, manifest)
        stage.begin(**({} if stage.earlier else {"convert": dict(convert_section or {})}))

        with others_alive():
            data = load_distillation_data(recipe, training, teachers, root, progress, strategy)
            students = train_students(recipe, data, run, key, stage.earlier, progress, strategy)
        for name, student in students.items():
            run.save_model(student.model, f"{file_name(name)}.keras")

        measured, predictions = measure_students(recipe, data, test, teachers, answers, students, progress)
        run.write_test_predictions(predictions)
        head = {"key": key, "meta_sha256": manifest.sha256, "teacher_run": names_of(teachers)}
        section = cast("DistillSection", {**head, **measured})
        if found:
            section["unlabelled"] = {
                "folders": [Path(folder).name for folder in unlabelled],
                "photos": found.photos,
                "known": found.known,
                "near": found.near,
                "unreadable": found.unreadable,
                "sha256": found.sha256,
            }
        if outside:
            section["also"] = measure_everyone(recipe, outside, teachers, students, run, progress)
        plot_students(run, section, students)
        return cast("DistillSection", stage.finish(section))


def _check_teachers(teachers: Sequence[Teacher], recipe: DistillRecipe, manifest: Manifest) -> None:
    for teacher in teachers:
        teacher.check(recipe, manifest)
    if recipe.feature_weight and (len(teachers) > 1 or not teachers[0].channels):
        raise UnusableInput(
            f"Feature matching needs one teacher with features. Received: {names_of(teachers)} and feature_weight "
            f"{recipe.feature_weight}. Set distill.feature_weight to 0, or name the output in its YAML."
        )
    if len({frozenset(teacher.unknown) for teacher in teachers}) > 1:
        found = "; ".join(f"{teacher.name} without {', '.join(teacher.unknown) or 'exception'}" for teacher in teachers)
        raise UnusableInput(f"Teachers that are averaged must know the same classes. Received: {found}.")


def _warn(
    teachers: Sequence[Teacher],
    answers: Sequence[tuple[np.ndarray, np.ndarray | None]],
    test: "Split",
    manifest: Manifest,
) -> None:
    """Say before hours of training what speaks against a teacher: its terms, and metrics no better than chance."""
    from skin_data.statistics import balanced_accuracy
    from skin_training.evaluation.evaluate import true_classes

    for warning in warnings_of([teacher.describe() for teacher in teachers], manifest):
        log.warning("%s", warning)
    truth, count = true_classes(test.frame, manifest.taxonomy.ids), len(manifest.taxonomy.ids)
    for teacher, (diagnosis, _) in zip(teachers, answers, strict=True):
        value = balanced_accuracy(truth[truth >= 0], diagnosis.argmax(axis=1)[truth >= 0], count)
        if value <= 1 / count:
            log.warning(
                "Teacher %s has a balanced accuracy of %.3f on the test split, no better than chance: are its classes "
                "in the order of its output?",
                teacher.name,
                value,
            )


def _check_resources(recipe: DistillRecipe, teachers: Sequence[Teacher], manifest: Manifest, run: RunFolder) -> None:
    """Raise where weights, memory or disk are not available, before hours are spent."""
    from distill.students import new_student
    from skin_training.resources import check_resources

    classes = len(manifest.taxonomy.ids)
    student = new_student(recipe, classes)
    channels = teachers[0].channels if recipe.feature_weight else 0
    predictions = len(manifest.split("train")) * recipe.view_count * (classes + 1 + channels // 2) * len(teachers)
    check_resources(student.count_params(), run.artifacts, predictions, frozen=sum(t.parameters for t in teachers))
