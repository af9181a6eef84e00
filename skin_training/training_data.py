"""What a recipe's models are trained, validated and tested on."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from skin_data.batches import TrainingSet, make_training_set
from skin_data.manifest import Manifest
from skin_data.pixels import load_pixels
from skin_data.progress import Progress
from skin_data.statistics import accuracy, balanced_accuracy
from skin_training.evaluation.evaluate import lighting_labels, true_classes
from skin_training.recipe import ModelRecipe

if TYPE_CHECKING:
    from typing_extensions import Self

SMALLEST = 1e-7
"""Least probability of a true class in the log loss."""


class Split(NamedTuple):
    """Photos of one split.

    Attributes:
        frame: its rows of the data set's table.
        pixels: uint8 [n, size, size, 3], memory-mapped.
    """

    frame: pd.DataFrame
    pixels: np.ndarray


@dataclass(frozen=True)
class TrainingData:
    """Training and validation split.

    Attributes:
        manifest: the data set.
        training: the training split with its targets.
        training_frame: its rows.
        validation: the validation split.
        smaller: pixels of the training and the validation split by input side, for phases with `input_sizes`.
    """

    manifest: Manifest
    training: TrainingSet
    training_frame: pd.DataFrame
    validation: Split
    smaller: dict[int, tuple[np.ndarray, np.ndarray]]

    def at_size(self, side: int) -> "Self":
        """Return the same photos with pixels of another input side."""
        if side == self.training.pixels.shape[1]:
            return self
        training, validation = self.smaller[side]
        return replace(
            self,
            training=replace(self.training, pixels=training),
            validation=self.validation._replace(pixels=validation),
        )

    @property
    def true_validation_classes(self) -> np.ndarray:
        """Int [n]: number of each validation photo's class; -1 where it has no label."""
        return true_classes(self.validation.frame, self.manifest.taxonomy.ids)

    def validation_metrics(self, diagnosis: np.ndarray, lighting: np.ndarray) -> dict[str, float]:
        """Return `accuracy`, `balanced_accuracy`, `lighting_accuracy` and `log_loss` on the validation split.

        Predictions are probabilities, float [n, classes] of the diagnosis and [n] of good light; the log loss is
        the diagnosis head's, in nats.
        """
        truth, lit = self.true_validation_classes, lighting_labels(self.validation.frame)
        known, known_lit, predicted = truth >= 0, ~np.isnan(lit), diagnosis.argmax(axis=1)
        of_truth = diagnosis[known, truth[known]].astype(np.float64)
        return {
            "accuracy": accuracy(truth[known], predicted[known]),
            "balanced_accuracy": balanced_accuracy(truth[known], predicted[known], diagnosis.shape[1]),
            "lighting_accuracy": accuracy(lit[known_lit], (lighting[known_lit] >= 0.5).astype(float)),
            "log_loss": float(-np.log(np.maximum(of_truth, SMALLEST)).mean()),
        }


def load_split(manifest: Manifest, name: str, recipe: ModelRecipe, root: Path, progress: Progress) -> Split:
    """Load a split's rows and prepared pixels, cached under `artifacts/pixels` of the root folder."""
    frame, cache = manifest.split(name), root / "artifacts" / "pixels"
    return Split(frame, load_pixels(manifest, frame, recipe.input_size, recipe.photo_crop, cache, progress))


def load_training_data(manifest: Manifest, recipe: ModelRecipe, root: Path, progress: Progress) -> TrainingData:
    """Load the training and the validation split, with pixels as `load_split` caches them.

    Raises:
        UnusableInput: a class has no training photo, or photos cannot be read.
    """
    frame, pixels = load_split(manifest, "train", recipe, root, progress)
    training = make_training_set(
        manifest, frame, pixels, recipe.class_weights, recipe.label_smoothing, recipe.most_repeats
    )
    validation = load_split(manifest, "val", recipe, root, progress)
    smaller = {}
    for side in recipe.phase_sizes:
        seen, checked = (
            load_pixels(manifest, rows, side, recipe.photo_crop, root / "artifacts" / "pixels", progress)
            for rows in (frame, validation.frame)
        )
        smaller[side] = (seen, checked)
    return TrainingData(manifest, training, frame, validation, smaller)


def data_hashes(manifest: Manifest) -> dict[str, str]:
    """Return the `data` section of a run's config.yaml: the table and its splits."""
    return {"meta_sha256": manifest.sha256, "split_sha256": manifest.split_sha256}
