"""Quantization-aware training of a distilled student, taught by itself.

The float student's answers are what the integer file is compared with, so they are what it learns: the very views that
the student was distilled on, answered once by the float student and stored as the teacher's answers were.
"""

import dataclasses
import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from convert.activation_ranges import Ranges
from teacher.recipe import Phase, from_mapping, to_mapping
from teacher.run_folder import RunFolder

log = logging.getLogger("skin_distill")


@dataclasses.dataclass(frozen=True)
class AwareRecipe:
    """The `quantization_aware` part of a recipe's `convert` section.

    Attributes:
        epochs: passes over the training split.
        learning_rate: the peak of AdamW's cosine.
    """

    epochs: int = 4
    learning_rate: float = 3e-4


def train_aware(
    run: RunFolder,
    manifest: Any,
    student: Any,
    student_sha256: str,
    ranges: Ranges,
    recipe: AwareRecipe,
    progress: Any,
) -> tuple[Any, dict[str, Any]]:
    """Train a student with the rounding of its file; after a kill, the same call goes on where the last epoch ended.

    Args:
        run: of the student; it keeps the answers and the state.
        manifest: the data set that the student was trained on.
        student: the Keras student, on the fast path; it is not changed.
        student_sha256: of its file.
        ranges: of its activations.
        recipe: epochs and learning rate.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The float student with the weights of the best epoch, for the same ranges, and what the report says of it.

    Raises:
        UnusableInput: photos or stored answers cannot be used.
        CheckFailed: the loss is no longer a finite number.
    """
    from convert.quantization_aware import QuantizationAware
    from distill.fairness import Fairness
    from distill.material import load_material
    from distill.recipe import DistillRecipe
    from distill.student_training import fit_student

    of_student = from_mapping(DistillRecipe, run.read_config()["distill"], "distill")
    phase = Phase("quantization-aware", "all", recipe.epochs, recipe.learning_rate)
    distillation = dataclasses.replace(
        of_student,
        phases=(phase,),
        loss="hinton",
        hard_share=0.0,
        feature_weight=0.0,
        fairness=Fairness(),
        view_count=min(of_student.view_count, recipe.epochs),
    )
    key = {
        "recipe": to_mapping(distillation),
        "student_sha256": student_sha256,
        "meta_sha256": manifest.sha256,
        "ranges": dict(ranges),
    }
    material = load_material(distillation, manifest, student, student_sha256, run, progress)
    aware = QuantizationAware(student, ranges)

    def select(phase: Phase) -> None:
        aware.model.trainable = True
        aware.freeze_statistics()

    # A checkpoint of another key would be refused; this one's name is its own.
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]
    rows, seconds = fit_student(
        distillation,
        material,
        aware.model,
        aware.model,
        lambda: aware.answers(material.validation_pixels),
        select,
        run.checkpoint(f"quantization-aware-{digest}"),
        key,
        "convert",
        progress,
    )
    return aware.float_student(), {
        "recipe": to_mapping(recipe),
        "seed": distillation.seed,
        "rows": _shown(rows),
        "seconds": round(seconds, 1),
    }


def _shown(rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    kept = ("epoch", "loss", "val_balanced_accuracy", "best")
    return [{name: row[name] for name in kept if name in row} for row in rows]
