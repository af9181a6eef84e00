"""Training a distilled student further for the sake of its file, taught by itself.

The float student's answers are what the file is compared with, so they are what it learns: the very views that the
student was distilled on, answered once by the float student and stored as the teacher's answers were. Its colour
calibration stays as it is.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from convert.making.activation_ranges import Ranges
from convert.recipe import AwareRecipe, ConvertRecipe, PruningRecipe
from skin_training.recipe import Phase, from_mapping, to_mapping
from skin_training.run_folder import RunFolder


class Tuned(Protocol):
    """A student in training, whose kernels are on the way to what the file will hold.

    Attributes:
        model: `image` float32 [batch, size, size, 3] to [diagnosis logits [batch, classes], lighting logit [batch, 1],
            pooled features [batch, channels]].
        phases: to train it through.
    """

    model: Any
    phases: Sequence[Phase]

    def select(self, phase: Phase) -> None:
        """Set what is trainable in a phase."""

    def answers(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer photos, uint8 [n, size, size, 3], as the file would."""

    def float_student(self) -> Any:
        """Return the Keras student with the weights learnt: what is to be converted."""


def train_further(
    training: str,
    of_convert: ConvertRecipe,
    run: RunFolder,
    manifest: Any,
    student: Any,
    student_sha256: str,
    ranges: Ranges | None,
    progress: Any,
) -> tuple[Any, dict[str, Any]]:
    """Train a student for a variant; after a kill, the same call goes on where the last epoch ended.

    Args:
        training: name of what it is trained for, in the recipe.
        of_convert: the recipe's `convert` section.
        run: of the student; it keeps the answers and the state.
        manifest: the data set that the student was trained on.
        student: the Keras student, on the fast path if its activations are to be integers; it is not changed.
        student_sha256: of its file.
        ranges: of its activations; needed to train with their rounding only.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The float student with the weights of the best epoch, and what the report says of it.

    Raises:
        UnusableInput: photos or stored answers cannot be used.
        CheckFailed: the loss is no longer a finite number.
    """
    from convert.making.tuning_task import TuningTask
    from distill.distillation_data import load_distillation_data
    from distill.fairness import Fairness
    from distill.recipe import DistillRecipe
    from skin_training.training import Trainer

    recipe = getattr(of_convert, training)
    tuned = _tuned(student, recipe, ranges)
    of_student = from_mapping(DistillRecipe, run.read_config()["distill"], "distill")
    distillation = dataclasses.replace(
        of_student,
        phases=tuple(tuned.phases),
        loss="hinton",
        hard_share=0.0,
        feature_weight=0.0,
        fairness=Fairness(),
        view_count=min(of_student.view_count, recipe.epochs),
    )
    key = {
        "recipe": to_mapping(distillation),
        "settings": to_mapping(recipe),
        "student_sha256": student_sha256,
        "meta_sha256": manifest.sha256,
        "ranges": dict(ranges or {}),
    }
    data = load_distillation_data(distillation, manifest, student, student_sha256, run, progress)
    # A checkpoint of another key would be refused; this one's name is its own.
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:12]
    name = training.replace("_", "-")
    trainer = Trainer(
        TuningTask(distillation, data, tuned),
        run.checkpoint(f"{name}-{digest}"),
        {**key, "stage": "convert"},
        "convert",
        progress,
    )
    rows = trainer.run()
    return tuned.float_student(), {
        "recipe": to_mapping(recipe),
        "seed": distillation.seed,
        "rows": _shown(rows),
        "seconds": round(trainer.state.seconds, 1),
    }


def _tuned(student: Any, recipe: Any, ranges: Ranges | None) -> Tuned:
    if isinstance(recipe, AwareRecipe):
        from convert.making.quantization_aware import QuantizationAware

        return QuantizationAware(student, ranges or {}, recipe.epochs, recipe.learning_rate)
    from convert.making.compressible import Clustered, Pruned

    if isinstance(recipe, PruningRecipe):
        return Pruned(student, recipe.sparsity, recipe.epochs, recipe.learning_rate)
    return Clustered(student, recipe.clusters, recipe.epochs, recipe.learning_rate)


def _shown(rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    kept = ("phase", "epoch", "loss", "val_balanced_accuracy", "best")
    return [{name: row[name] for name in kept if name in row} for row in rows]
