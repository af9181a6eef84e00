"""Train a teacher from a recipe: one call, one run folder."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from skin_data.manifest import Manifest
from skin_data.progress import Progress, no_progress
from skin_training.recipe import TeacherRecipe, to_mapping
from skin_training.run_folder import RunFolder

if TYPE_CHECKING:
    import tensorflow as tf

    from skin_training.report_types import TeacherSection


def train_teacher(
    recipe: TeacherRecipe,
    manifest: Manifest,
    run: RunFolder,
    progress: Progress = no_progress,
    strategy: "tf.distribute.Strategy | None" = None,
    mixed_precision: bool = False,
    also: Sequence[Path] = (),
    estimated: Callable[[float, int, int], None] | None = None,
) -> "TeacherSection":
    """Train a teacher through its phases and measure it on the test split.

    After a kill, the same call resumes after the last whole epoch; after a finished run it returns at once.

    Args:
        recipe: backbone, phases, views, weights.
        manifest: the data set: `train` to train on, `val` to select epochs, `test` only to measure.
        run: where everything is written; the model becomes `artifacts/<run>/teacher.keras`.
        progress: called as `progress(what, done, total)`.
        strategy: of `skin_training.strategy.make_strategy`; the first of its processes writes the run.
        mixed_precision: compute the backbone in bfloat16 while training, which is faster on GPUs since 2020. Metrics
            and the saved model are float32.
        also: meta.csv of outside test sets, which are only measured (`skin_training.evaluation.outside`).
        estimated: called before training as `estimated(seconds, photos, validation)`: about how long it will take, and
            the photos of an epoch and of validation.

    Returns:
        The report's `teacher` section: `meta_sha256`, `phases` (variables moved and test metrics of each),
        `color_calibration`, `seconds`, `test`.

    Raises:
        UnusableInput: recipe, data or weights cannot be used, or the run belongs to another recipe.
        CheckFailed: the loss is NaN or inf.
    """
    import tensorflow as tf
    import tf_keras as keras

    from skin_training.color_calibration import ccm_of
    from skin_training.evaluation import evaluate
    from skin_training.evaluation.evaluate import validation_of
    from skin_training.evaluation.outside import OutsideModel, measure_outside, read_outside_sets
    from skin_training.evaluation.plots import plot_evaluation
    from skin_training.predict import predict
    from skin_training.resources import check_resources
    from skin_training.strategy import is_chief, others_alive
    from skin_training.training import Trainer, kept_epochs
    from skin_training.training_data import data_hashes, load_split, load_training_data
    from skin_training.training_plots import plot_training
    from teacher.backbones import BACKBONES
    from teacher.estimate import forward_passes, forward_seconds
    from teacher.model import build_with_inference
    from teacher.task import TeacherTask, feature_count, phase_sections

    key: dict[str, Any] = {"recipe": to_mapping(recipe), "meta_sha256": manifest.sha256}
    if mixed_precision:
        key["mixed_precision"] = True
    config = {"teacher": to_mapping(recipe), "data": data_hashes(manifest)}
    strategy = strategy or tf.distribute.get_strategy()
    with run.stage(
        "teacher", key, config, manifest=manifest, checkpoints="teacher", writes=is_chief(strategy)
    ) as stage:
        if stage.finished:
            return cast("TeacherSection", stage.report)
        outside = read_outside_sets(also, manifest)
        keras.utils.set_random_seed(recipe.seed)
        model, inference = build_with_inference(recipe, len(manifest.taxonomy.ids), strategy, mixed_precision)
        data = load_training_data(manifest, recipe, run.root, progress)
        test = load_split(manifest, "test", recipe, run.root, progress)
        run = stage.run
        check_resources(model.count_params(), run.artifacts, feature_count(recipe, model, data))
        stage.begin()
        if estimated:
            photos, held = int(data.training.repeats.sum()), len(data.validation.frame)
            seconds = forward_seconds(inference, recipe.batch_size) * forward_passes(recipe, photos, held)
            estimated(seconds, photos, held)

        task = TeacherTask(recipe, data, test, model, inference, run.features, progress)
        trainer = Trainer(task, run.checkpoint("teacher"), key, "teacher", progress, strategy)
        with others_alive():
            rows = trainer.run()
        run.write_metrics(rows)
        teacher = task.current_model()
        run.save_model(teacher, "teacher.keras")

        predictions = predict(teacher, test.pixels, progress=progress, stage="teacher: test")
        probabilities, _ = predict(teacher, data.validation.pixels)
        validation = validation_of(data.validation.frame, manifest.taxonomy.ids, probabilities)
        matrix, bias = ccm_of(teacher)
        section: TeacherSection = {
            "key": key,
            "meta_sha256": manifest.sha256,
            "backbone": recipe.backbone,
            "parameters": teacher.count_params(),
            "kept_epochs": kept_epochs(rows),
            "terms": BACKBONES[recipe.backbone].terms(recipe.weights),
            "phases": phase_sections(trainer.state),
            "color_calibration": {"matrix": matrix.tolist(), "bias": bias.tolist()},
            "seconds": round(trainer.state.seconds, 1),
            "test": evaluate(manifest, test.frame, *predictions, validation=validation),
        }
        if outside:
            predictor = partial(predict, teacher, progress=progress, stage="outside test sets")
            measured = {"teacher": OutsideModel(predictor, recipe.input_size, recipe.photo_crop)}
            section["also"] = measure_outside(outside, measured, run.root / "artifacts" / "pixels", progress=progress)
        plot_training(run.figures, rows, section, run.name)
        plot_evaluation(run.figures, section["test"], f"{run.name} on the test split")
        return cast("TeacherSection", stage.finish(section))
