"""Train a teacher from a recipe: one call, one run folder."""

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from skin_data.progress import Progress, no_progress
from skin_training.recipe import Phase, TeacherRecipe, to_mapping
from skin_training.run_folder import RunFolder

log = logging.getLogger("skin_distill")


def train_teacher(
    recipe: TeacherRecipe,
    manifest: Any,
    run: RunFolder,
    progress: Progress = no_progress,
    strategy: Any = None,
    mixed_precision: bool = False,
) -> dict[str, Any]:
    """Train a teacher through its phases and measure it on the test split.

    The same call after a kill goes on after the last whole epoch; after a finished run it answers at once.

    Args:
        recipe: backbone, phases, views, weights.
        manifest: the data set; its `train` and `val` splits are trained and selected on, `test` only measured.
        run: where everything is written; the model becomes `artifacts/<run>/teacher.keras`.
        progress: called as `progress(stage, done, total)`.
        strategy: of `skin_training.strategy.make_strategy`; of its processes the first writes the run.
        mixed_precision: compute the backbone in bfloat16 while training, which GPUs since 2020 do faster; what is
            measured and saved computes in float32.

    Returns:
        The report's `teacher` section: `meta_sha256`, `phases` (of each what it moved and what the model was then worth
        on the test split), `color_calibration`, `seconds`, `test`.

    Raises:
        UnusableInput: the recipe, data or weights cannot be used, or the checkpoint belongs to another recipe.
        CheckFailed: the loss is no longer a finite number.
    """
    import tensorflow as tf
    import tf_keras as keras

    from skin_data.batches import epoch_batches, make_training_set, steps_per_epoch
    from skin_data.pixels import load_pixels
    from skin_training.color_calibration import ccm_of
    from skin_training.evaluation import evaluate
    from skin_training.evaluation.evaluate import true_classes
    from skin_training.evaluation.held_out import Validation
    from skin_training.evaluation.plots import plot_evaluation
    from skin_training.head_features import HeadFeatures
    from skin_training.heads import before_heads
    from skin_training.losses import supervised_loss
    from skin_training.predict import predict
    from skin_training.resources import check_resources
    from skin_training.strategy import is_chief, others_alive
    from skin_training.training import Trainer
    from skin_training.training_plots import plot_training
    from teacher.model import build_teacher, set_trainable
    from teacher.phase_record import moved_variables, weight_digests

    key = {"recipe": to_mapping(recipe), "meta_sha256": manifest.sha256}
    if mixed_precision:
        key["mixed_precision"] = True
    config = {
        "teacher": to_mapping(recipe),
        "data": {"meta_sha256": manifest.sha256, "split_sha256": manifest.split_sha256},
    }
    strategy = strategy or tf.distribute.get_strategy()
    with run.stage(
        "teacher", key, config, manifest=manifest, checkpoints="teacher", writes=is_chief(strategy)
    ) as stage:
        if stage.finished:
            return stage.report
        run = stage.run
        keras.utils.set_random_seed(recipe.seed)
        classes = len(manifest.taxonomy.classes)
        cache = run.root / "artifacts" / "pixels"
        with strategy.scope():
            model = build_teacher(recipe, classes, mixed_precision)
        alone = strategy.num_replicas_in_sync == 1 and not mixed_precision
        # Answers come from a float32 model of this process alone: the others need not answer at the same moment.
        own = model if alone else build_teacher(dataclasses.replace(recipe, weights="none"), classes)

        def pixels_of(split: str) -> tuple[Any, np.ndarray]:
            frame = manifest.split(split)
            return frame, load_pixels(manifest, frame, recipe.input_size, recipe.crop_fraction, cache, progress)

        frame, pixels = pixels_of("train")
        training = make_training_set(
            manifest, frame, pixels, recipe.class_weights, recipe.label_smoothing, recipe.most_repeats
        )
        validation_frame, validation_pixels = pixels_of("val")
        test_frame, test_pixels = pixels_of("test")
        width, views = before_heads(model).output_shape[-1], max((p.fixed_views for p in recipe.phases), default=0)
        features_stored = width * (views * len(training) + len(validation_frame)) if views else 0
        check_resources(model.count_params(), run.artifacts, features_stored)
        stage.begin()
        loss = supervised_loss(model, recipe.lighting_weight)
        phases = list(recipe.phases)

        features: HeadFeatures | None = None

        def batches(phase: int, epoch: int) -> Any:
            number = sum(p.epochs for p in phases[:phase]) + epoch
            if features is not None:
                return features.batches(recipe.batch_size, number)
            return epoch_batches(
                training, recipe.views, recipe.batch_size, recipe.seed, number, mixup=phases[phase].mixup
            )

        def select(phase: Phase) -> None:
            nonlocal features
            set_trainable(model, phase.trains, phase.frozen_ccm)
            features = None
            if phase.fixed_views:
                features = HeadFeatures(
                    answering(), training, recipe.views, recipe.seed, phase.fixed_views, validation_pixels,
                    run.features, progress=progress,
                )  # fmt: skip

        def answer_validation() -> tuple[np.ndarray, np.ndarray]:
            current = answering()
            return predict(current, validation_pixels) if features is None else features.predict_validation()

        def answering() -> Any:
            if not alone:
                own.set_weights(model.get_weights())
            return own

        untrained = weight_digests(answering())

        def after_phase(phase: Phase) -> dict[str, Any]:
            records = trainer.state.phase_records
            digests = weight_digests(answering())
            test = evaluate(
                manifest, test_frame, *predict(own, test_pixels, progress=progress, stage=f"{phase.name}: test")
            )
            return {
                "phase": phase.name,
                "trains": phase.trains,
                "moved": moved_variables(records[-1]["digests"] if records else untrained, digests),
                "test": {head: test[head] for head in ("diagnosis", "lighting")},
                "digests": digests,
            }

        trainer = Trainer(
            model=model,
            phases=phases,
            batches=batches,
            steps=steps_per_epoch(training, recipe.batch_size),
            loss=loss,
            select=select,
            validate=validator(manifest, validation_frame, answer_validation),
            checkpoint=run.checkpoint("teacher"),
            key=key,
            stage="teacher",
            seed=recipe.seed,
            after_phase=after_phase,
            describe=training.describe,
            progress=progress,
            strategy=strategy,
        )
        with others_alive():
            rows = trainer.run()
        run.write_metrics(rows)
        model = answering()
        answers = predict(model, test_pixels, progress=progress, stage="teacher: test")
        validation = Validation(
            true_classes(validation_frame, manifest.taxonomy.ids), predict(model, validation_pixels)[0]
        )
        run.save_model(model, "teacher.keras")
        matrix, bias = ccm_of(model)
        section = {
            "meta_sha256": manifest.sha256,
            "backbone": recipe.backbone,
            "parameters": model.count_params(),
            "best_epochs": [
                {k: row[k] for k in ("phase", "epoch", "val_balanced_accuracy")} for row in rows if row["best"]
            ],
            "phases": [{k: v for k, v in r.items() if k != "digests"} for r in trainer.state.phase_records],
            "color_calibration": {"matrix": matrix.tolist(), "bias": bias.tolist()},
            "seconds": round(trainer.state.seconds, 1),
            "test": evaluate(manifest, test_frame, *answers, validation=validation),
        }
        plot_training(run.figures, rows, section, run.name)
        plot_evaluation(run.figures, section["test"], f"{run.name} on the test split")
        return stage.finish(section)


def validator(
    manifest: Any,
    frame: Any,
    answer: Callable[[], tuple[np.ndarray, np.ndarray]],
    more: Callable[[np.ndarray, np.ndarray], dict[str, float]] | None = None,
) -> Callable[[], dict[str, float]]:
    """Return a function that measures the answers on the validation split: three figures, no intervals.

    Args:
        manifest: the data set.
        frame: rows of the validation split.
        answer: gives the model's answers to them.
        more: `more(right, known)` gives further figures from bool [n], whether a photo was answered rightly and whether
            it has a label.
    """
    from skin_data.statistics import accuracy, balanced_accuracy
    from skin_training.evaluation.evaluate import lighting_labels, true_classes

    ids = manifest.taxonomy.ids
    truth, lit = true_classes(frame, ids), lighting_labels(frame)
    known, known_lit = truth >= 0, ~np.isnan(lit)

    def validate() -> dict[str, float]:
        diagnosis, lighting = answer()
        named = diagnosis.argmax(axis=1)
        return {
            "accuracy": accuracy(truth[known], named[known]),
            "balanced_accuracy": balanced_accuracy(truth[known], named[known], len(ids)),
            "lighting_accuracy": accuracy(lit[known_lit], (lighting[known_lit] >= 0.5).astype(float)),
            **(more(named == truth, known) if more else {}),
        }

    return validate
