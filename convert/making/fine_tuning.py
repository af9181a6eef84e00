"""Fine-tuning of a distilled student for the sake of its file, with the float student and its teachers as teachers.

It learns the average of their predictions on the same views that the student was distilled on. The colour calibration
does not change.
"""

import dataclasses
import hashlib
import json
import logging
from typing import Any

import numpy as np
import tf_keras as keras

from convert.making.activation_ranges import Ranges
from convert.making.source import Source
from convert.variants.variant import FineTuning, TunableStudent
from distill.distillation_data import DistillationData, load_distillation_data
from distill.fairness import Fairness
from distill.recipe import DistillRecipe
from distill.task import StudentTask
from distill.teachers import open_teacher
from distill.teachers.keras_teacher import KerasTeacher
from distill.teachers.teacher import Teacher, names_of
from skin_data.manifest import Manifest
from skin_data.progress import Progress
from skin_training.recipe import Phase, from_mapping, to_mapping
from skin_training.run_folder import RunFolder
from skin_training.training import Trainer
from triage.errors import SkinDistillError

log = logging.getLogger("skin_distill")

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
) -> tuple[keras.Model, Ranges | None, dict[str, Any]]:
    """Train a student for a variant; after a kill, the same call resumes after the last whole epoch.

    Args:
        tuning: what to train for.
        options: of the class `tuning.recipe`.
        model: the student to train, as `Variant.start` gives it; it is not changed.
        source: what the variant is made from; its float student teaches.
        student_sha256: of the student's file.
        run: of the student; holds the cached predictions and the checkpoint.
        manifest: the data set that the student was trained on.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The float student with the weights of the last epoch, the ranges that were learned, and the report's entry.

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
    teachers = [KerasTeacher(source.student, student_sha256, run), *_teachers_of(run, recipe, manifest)]
    key = {
        "recipe": to_mapping(recipe),
        "settings": to_mapping(options),
        "student_sha256": student_sha256,
        "meta_sha256": manifest.sha256,
        "teachers": [teacher.sha256 for teacher in teachers],
        **tunable.settings,
    }
    data = load_distillation_data(recipe, manifest, teachers, run.root, progress)
    # The name holds the key's digest: a checkpoint of other settings is left alone instead of being refused.
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]
    checkpoint = run.checkpoint(f"{tuning.section.replace('_', '-')}-{digest}")
    trainer = Trainer(TuningTask(recipe, data, tunable), checkpoint, {**key, "stage": "convert"}, "convert", progress)
    rows = trainer.run()
    return (
        tunable.float_student(),
        tunable.ranges(),
        {
            "recipe": to_mapping(options),
            "teachers": names_of(teachers),
            "seed": recipe.seed,
            "rows": [{name: row[name] for name in REPORTED_COLUMNS if name in row} for row in rows],
            "seconds": round(trainer.state.seconds, 1),
        },
    )


def _teachers_of(run: RunFolder, recipe: DistillRecipe, manifest: Manifest) -> list[Teacher]:
    """Return the student's teachers; none where one is not here any more, or does not know a class."""
    try:
        targets = run.read_config().get("teachers", [])
        found = [open_teacher(target, manifest.taxonomy.ids, run.root) for target in targets]
        for teacher in found:
            teacher.check(recipe, manifest)
    except SkinDistillError as error:
        log.warning("convert: the float student alone teaches: %s", error)
        return []
    return found if not any(teacher.unknown for teacher in found) else []


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
