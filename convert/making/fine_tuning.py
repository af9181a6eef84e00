"""Fine-tuning of a distilled student for the sake of its file, with the float student as its teacher.

A file is compared with the float student's predictions, so these are what it learns, on the same views that the
student was distilled on. The colour calibration does not change.
"""

import dataclasses
import hashlib
import json
from typing import Any

import numpy as np
import tf_keras as keras

from convert.making.source import Source
from convert.variants.variant import FineTuning, TunableStudent
from distill.distillation_data import DistillationData, load_distillation_data
from distill.fairness import Fairness
from distill.recipe import DistillRecipe
from distill.task import StudentTask
from distill.teachers.keras_teacher import KerasTeacher
from skin_data.manifest import Manifest
from skin_data.progress import Progress
from skin_training.recipe import Phase, from_mapping, to_mapping
from skin_training.run_folder import RunFolder
from skin_training.training import Trainer

REPORTED_COLUMNS = ("phase", "epoch", "loss", "val_balanced_accuracy", "kept")


def fine_tune(
    tuning: FineTuning,
    options: Any,
    model: keras.Model,
    source: Source,
    student_sha256: str,
    run: RunFolder,
    manifest: Manifest,
    progress: Progress,
) -> tuple[keras.Model, dict[str, Any]]:
    """Train a student for a variant; after a kill, the same call resumes after the last whole epoch.

    Args:
        tuning: what to train for.
        options: of the class `tuning.recipe`.
        model: the student to train, as `Variant.start` gives it; it is not changed.
        source: what the variant is made from.
        student_sha256: of the student's file.
        run: of the student; holds the cached predictions and the checkpoint.
        manifest: the data set that the student was trained on.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The float student with the weights of the last epoch, and the report's entry.

    Raises:
        UnusableInput: photos or cached predictions cannot be used.
        CheckFailed: the loss is NaN or inf.
    """
    tunable = tuning.build(model, source, options)
    distilled = from_mapping(DistillRecipe, run.read_config()["distill"], "distill")
    recipe = dataclasses.replace(
        distilled,
        phases=tuple(tunable.phases),
        loss="hinton",
        hard_share=0.0,
        feature_weight=0.0,
        fairness=Fairness(),
        view_count=min(distilled.view_count, options.epochs),
    )
    key = {
        "recipe": to_mapping(recipe),
        "settings": to_mapping(options),
        "student_sha256": student_sha256,
        "meta_sha256": manifest.sha256,
        **tunable.settings,
    }
    data = load_distillation_data(recipe, manifest, [KerasTeacher(model, student_sha256, run)], run.root, progress)
    # The name holds the key's digest: a checkpoint of other settings is left alone instead of being refused.
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]
    checkpoint = run.checkpoint(f"{tuning.section.replace('_', '-')}-{digest}")
    trainer = Trainer(TuningTask(recipe, data, tunable), checkpoint, {**key, "stage": "convert"}, "convert", progress)
    rows = trainer.run()
    return tunable.float_student(), {
        "recipe": to_mapping(options),
        "seed": recipe.seed,
        "rows": [{name: row[name] for name in REPORTED_COLUMNS if name in row} for row in rows],
        "seconds": round(trainer.state.seconds, 1),
    }


class TuningTask(StudentTask):
    """Train a wrapped student on the float student's predictions."""

    def __init__(self, recipe: DistillRecipe, data: DistillationData, tunable: TunableStudent):
        super().__init__(recipe, data, tunable.model, tunable.model)
        self.tunable = tunable

    def select(self, phase: Phase) -> None:
        """Train what the wrapped student trains."""
        self.tunable.select(phase)

    def predict_validation(self) -> tuple[np.ndarray, np.ndarray]:
        """Predict the validation photos as the file would."""
        return self.tunable.predict(self.data.validation.pixels)
