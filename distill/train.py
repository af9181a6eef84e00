"""Distil a teacher's run into a student: one call, one run folder."""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from distill.recipe import DistillRecipe
from teacher.predict import Progress, no_progress
from teacher.recipe import Phase, to_mapping
from teacher.run_folder import RunFolder
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

    The same student is trained a second time without the teacher, unless the recipe says otherwise: the difference is
    what the teacher was worth. The same call after a kill goes on after the last whole epoch; after a finished run it
    answers at once.

    Args:
        recipe: student, views, losses, phases.
        manifest: the data set that the teacher was trained on, with the same splits.
        teacher_run: a finished teacher's run.
        run: where everything is written; the student becomes `artifacts/<run>/student.keras`.
        convert_section: the recipe's `convert` section, kept in the run's config for the commands that follow.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The report's `distill` section.

    Raises:
        UnusableInput: the teacher has other classes, another input size or other data, or something cannot be read.
        CheckFailed: the loss is no longer a finite number.
    """
    import tf_keras as keras

    from distill.answers import store_answers
    from distill.model_file import load_model
    from distill.student import build_student, load_backbone_weights
    from distill.worth import agreement_with_teacher, worth_of_teacher
    from teacher.color_calibration import CCM_LAYER_NAME, ccm_of
    from teacher.data.batches import epoch_batches, make_training_set, steps_per_epoch
    from teacher.data.pixels import load_pixels
    from teacher.evaluation import evaluate
    from teacher.evaluation.evaluate import truth_of
    from teacher.evaluation.held_out import Validation
    from teacher.evaluation.pictures import draw_evaluation, draw_worth
    from teacher.heads import HEAD_LAYERS
    from teacher.predict import predict
    from teacher.resources import check_resources
    from teacher.run_card import write_card
    from teacher.train import validator
    from teacher.training import Trainer
    from teacher.training_pictures import draw_training

    teacher_file = teacher_run.artifacts / "teacher.keras"
    if not teacher_file.is_file():
        raise UnusableInput(
            f"Run '{teacher_run.name}' has no teacher. Looked for: {teacher_file}. "
            f"Train one with `skin-distill teacher --run {teacher_run.name}`."
        )
    teacher_hash = sha256_of(teacher_file)
    key = {"recipe": to_mapping(recipe), "meta_sha256": manifest.sha256, "teacher_sha256": teacher_hash}
    run.remove_abandoned()
    if finished := run.finished("distill", key):
        log.info("distill: run '%s' is finished already", run.name)
        write_card(run)  # a kill may have come before these
        run.remove_unfinished("student")
        return finished
    classes = len(manifest.taxonomy.classes)
    teacher = load_model(teacher_file)
    _check_teacher(teacher, classes, recipe, teacher_run, manifest)
    cache = run.root / "artifacts" / "pixels"

    def pixels_of(split: str) -> tuple[Any, np.ndarray]:
        frame = manifest.split(split)
        return frame, load_pixels(manifest, frame, recipe.input_size, recipe.crop_fraction, cache, progress)

    frame, pixels = pixels_of("train")
    training = make_training_set(
        manifest, frame, pixels, recipe.class_weights, recipe.label_smoothing, recipe.most_repeats
    )
    validation_frame, validation_pixels = pixels_of("val")
    test_frame, test_pixels = pixels_of("test")
    run.write_config(
        {
            "distill": to_mapping(recipe),
            "convert": dict(convert_section or {}),
            "teacher_run": teacher_run.name,
            "data": {"meta_sha256": manifest.sha256},
        }
    )
    run.write_environment()
    answers = store_answers(
        teacher,
        training,
        recipe.views,
        recipe.seed,
        recipe.view_count,
        run.artifacts / "answers",
        {
            "teacher": teacher_hash,
            "meta": manifest.sha256,
            "views": to_mapping(recipe.views),
            "seed": recipe.seed,
            "size": recipe.input_size,
            "crop": recipe.crop_fraction,
        },
        progress=progress,
    )
    phases = list(recipe.phases)

    def teacher_logits(rows: np.ndarray, views: np.ndarray) -> Mapping[str, np.ndarray]:
        return {
            "teacher_diagnosis": answers.diagnosis[rows, views],
            "teacher_lighting": answers.lighting[rows, views],
        }

    def batches(phase: int, epoch: int) -> Any:
        number = sum(p.epochs for p in phases[:phase]) + epoch
        return epoch_batches(
            training, recipe.views, recipe.batch_size, recipe.seed, number, recipe.view_count, teacher_logits
        )

    def train(student: Any, recipe: DistillRecipe, name: str, stage: str) -> tuple[list[dict[str, Any]], float]:
        def select(phase: Phase) -> None:
            for layer in student.layers:
                layer.trainable = phase.trains == "all" or layer.name in HEAD_LAYERS

        trainer = Trainer(
            model=student,
            phases=phases,
            batches=batches,
            steps=steps_per_epoch(training, recipe.batch_size),
            loss=distillation_loss(student, recipe),
            select=select,
            validate=validator(manifest, validation_frame, lambda: predict(student, validation_pixels)),
            checkpoint=run.checkpoint(name),
            key={**key, "stage": stage},
            stage=stage,
            seed=recipe.seed,
            describe=training.describe,
            progress=progress,
        )
        return trainer.run(), trainer.state.seconds

    def new_student() -> Any:
        keras.utils.set_random_seed(recipe.seed)
        student = build_student(
            classes, recipe.input_size, recipe.width, recipe.dropout, recipe.ccm_reg, recipe.batch_norm_momentum
        )
        if recipe.weights != "none":
            load_backbone_weights(student, recipe.weights)
        return student

    student = new_student()
    check_resources(teacher.count_params() + student.count_params(), run.artifacts)
    student.get_layer(CCM_LAYER_NAME).set_weights(teacher.get_layer(CCM_LAYER_NAME).get_weights())
    rows, seconds = train(student, recipe, "student", "distill")
    run.write_metrics(rows)
    alone = None
    if recipe.without_teacher:
        student_alone = new_student()
        labels_alone = dataclasses.replace(recipe, hard_share=1.0)
        more, _ = train(student_alone, labels_alone, "student-without-teacher", "without teacher")
        run.write_metrics([*rows, *({**row, "phase": f"{row['phase']}, without teacher"} for row in more)])
        alone = predict(student_alone, test_pixels, progress=progress, stage="without teacher: test")
    of_student = predict(student, test_pixels, progress=progress, stage="student: test")
    of_teacher = predict(teacher, test_pixels, progress=progress, stage="teacher: test")
    validation = Validation(truth_of(validation_frame, manifest.taxonomy.ids), predict(student, validation_pixels)[0])
    run.save_model(student, "student.keras")
    matrices = {"teacher": ccm_of(teacher), "student": ccm_of(student)}
    section = {
        "key": key,
        "meta_sha256": manifest.sha256,
        "teacher_run": teacher_run.name,
        "backbone": f"mobilenetv3small, width {recipe.width}",
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
        and {
            "test": evaluate(manifest, test_frame, *alone),
            "gain": worth_of_teacher(manifest, test_frame, of_student[0], alone[0]),
        },
    }
    run.record_weights()
    draw_training(run.figures, rows, section, run.name)
    draw_evaluation(run.figures, section["test"], f"{run.name} on the test split")
    if section["without_teacher"]:
        draw_worth(run.figures / "worth_of_the_teacher.png", section["without_teacher"]["gain"], run.name)
    run.update_report("distill", section)
    write_card(run)
    run.remove_unfinished("student")
    return section


def distillation_loss(student: Any, recipe: DistillRecipe) -> Callable[[Mapping[str, Any]], Any]:
    """Return `loss(batch)`: the teacher's soft targets and the labels, for both heads.

    Rows without a label still learn from the teacher; class weights apply to the labels' share alone.
    """
    import tensorflow as tf

    from distill.losses import (
        binary_soft_target_divergence,
        decoupled_divergence,
        relational_distance,
        soft_target_divergence,
    )
    from teacher.heads import logits_model
    from teacher.losses import diagnosis_cross_entropy, lighting_cross_entropy

    with_logits = logits_model(student)
    hard, soft, temperature = recipe.hard_share, 1.0 - recipe.hard_share, recipe.temperature

    def of_diagnosis(batch: Mapping[str, Any], diagnosis: Any) -> Any:
        from_teacher = batch["teacher_diagnosis"]
        if recipe.loss == "dist":
            return relational_distance(from_teacher, diagnosis, temperature, *recipe.loss_weights)
        if recipe.loss == "dkd":
            # A photo without a label takes the teacher's word for it.
            labels = batch["diagnosis"]
            known = tf.reduce_sum(labels, axis=1, keepdims=True) > 0
            target = tf.argmax(tf.where(known, labels, from_teacher), axis=1)
            return tf.reduce_mean(
                decoupled_divergence(from_teacher, diagnosis, target, temperature, *recipe.loss_weights)
            )
        return tf.reduce_mean(soft_target_divergence(from_teacher, diagnosis, temperature))

    def loss(batch: Mapping[str, Any]) -> Any:
        diagnosis, lighting = with_logits(batch["image"], training=True)
        lighting = lighting[:, 0]
        from_teacher = of_diagnosis(batch, diagnosis) + recipe.lighting_weight * tf.reduce_mean(
            binary_soft_target_divergence(batch["teacher_lighting"], lighting, temperature)
        )
        from_labels = diagnosis_cross_entropy(
            batch["diagnosis"], diagnosis, batch["diagnosis_weight"]
        ) + recipe.lighting_weight * lighting_cross_entropy(batch["lighting"], lighting, batch["lighting_weight"])
        return soft * from_teacher + hard * from_labels

    return loss


def _check_teacher(teacher: Any, classes: int, recipe: DistillRecipe, run: RunFolder, manifest: Any) -> None:
    answers, size = teacher.output_shape[0][-1], teacher.input_shape[1]
    if answers != classes:
        raise UnusableInput(
            f"The teacher of run '{run.name}' knows {answers} classes, the data set has {classes}. "
            f"Received: {manifest.path}. Use the data set that the teacher was trained on."
        )
    if size != recipe.input_size:
        raise UnusableInput(
            f"Teacher and student must see the same pixels. Received: a teacher of {size} px, a student of "
            f"{recipe.input_size} px. Set distill.input_size to {size}."
        )
    trained_on = run.read_report().get("teacher", {}).get("meta_sha256")
    if trained_on != manifest.sha256:
        raise UnusableInput(
            f"The teacher of run '{run.name}' was trained on another split of the data, so its test photos may be "
            f"among these training photos. Received: {manifest.path}. Use the meta.csv of the teacher's run."
        )
