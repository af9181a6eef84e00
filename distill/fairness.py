"""Weights of groups (skin tones or classes) that grow where validation accuracy falls behind.

Multiplicative weights after Sagawa et al. 2020 ("Distributionally Robust Neural Networks"), but updated once an epoch
by the shortfall of a group's validation accuracy, not by its training loss, which a student drives to zero on a small
group. The fewer photos a shortfall was measured on, the less it counts.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skin_training.report_types import FairnessSection, GainSection
from triage.errors import UnusableInput
from triage.skin_tone import TONE_BUCKETS

COLUMNS = {"tone": "tone_bucket", "class": "diagnosis"}
METRIC = "accuracy of {}"
"""Name of a group's validation metric; `metrics.csv` prefixes it with `val_`."""
HALF_WEIGHT_COUNT = 20
"""Number of photos at which a shortfall counts half."""


@dataclasses.dataclass(frozen=True)
class Fairness:
    """How groups are weighted.

    Attributes:
        by: "tone" or "class"; "" weights all photos equally.
        rate: change of the logarithm of a group's weight per epoch and unit of shortfall.
        tolerance: shortfall of the worst group, in [0, 1), up to which weights do not change.
        largest: upper bound of a group's weight, and inverse of the lower bound, before scaling to a mean of 1 over the
            photos.
        without: also train the same student without these weights, as a baseline for the report.
    """

    by: str = ""
    rate: float = 1.0
    tolerance: float = 0.02
    largest: float = 3.0
    without: bool = True

    def __post_init__(self) -> None:
        if self.by not in ("", *COLUMNS) or self.rate <= 0 or self.largest < 1 or not 0 <= self.tolerance < 1:
            raise UnusableInput(
                "distill.fairness needs by: tone or class, a positive rate, largest of 1 or more, and a tolerance in "
                f"[0, 1). Received: {self}."
            )


@dataclasses.dataclass(frozen=True)
class Groups:
    """Groups of the training and the validation split.

    Attributes:
        names: of the groups that are weighted.
        of_training: int [n], number of each training photo's group; -1 for none, with weight 1.
        of_validation: int [m], the same for validation photos.
    """

    names: tuple[str, ...]
    of_training: np.ndarray
    of_validation: np.ndarray


def find_groups(
    by: str, training_frame: pd.DataFrame, validation_frame: pd.DataFrame, class_ids: Sequence[str]
) -> Groups:
    """Number the groups of both splits.

    Args:
        by: "tone" or "class".
        training_frame: rows of the data set's table.
        validation_frame: the same.
        class_ids: of the taxonomy.

    Returns:
        Groups with photos in both splits, in the order of buckets or classes. Photos of unknown tone belong to none.
    """
    candidates = TONE_BUCKETS if by == "tone" else tuple(class_ids)
    columns = [frame[COLUMNS[by]].astype(str).to_numpy() for frame in (training_frame, validation_frame)]
    names = tuple(name for name in candidates if all((column == name).any() for column in columns))
    number = {name: index for index, name in enumerate(names)}
    return Groups(names, *(np.array([number.get(value, -1) for value in column], np.int64) for column in columns))


def group_accuracies(groups: Groups, correct: np.ndarray, known: np.ndarray) -> dict[str, float]:
    """Return each group's validation accuracy under the name `METRIC`.

    Args:
        groups: of the splits.
        correct: bool [m], whether a validation photo was predicted correctly.
        known: bool [m], whether it has a label.
    """
    rows = {name: known & (groups.of_validation == number) for number, name in enumerate(groups.names)}
    return {METRIC.format(name): float(correct[chosen].mean()) for name, chosen in rows.items() if chosen.any()}


def group_weights(recipe: Fairness, groups: Groups, epochs: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return the weight of each group after some epochs, a function of their rows alone.

    Args:
        recipe: rate, tolerance and bounds.
        groups: of the splits.
        epochs: rows of `metrics.csv` with `val_` and the names of `group_accuracies`, oldest first.

    Returns:
        float64 [groups], scaled so that the mean over the training photos in a group is 1.
    """
    counts = np.bincount(groups.of_validation[groups.of_validation >= 0], minlength=len(groups.names))
    in_training = np.bincount(groups.of_training[groups.of_training >= 0], minlength=len(groups.names))
    logs, bound = np.zeros(len(groups.names)), np.log(recipe.largest)
    for row in epochs:
        accuracy = np.array([float(row.get(f"val_{METRIC.format(name)}", np.nan)) for name in groups.names])
        shortfall = np.nanmean(accuracy) - accuracy
        if np.nanmax(shortfall, initial=0.0) > recipe.tolerance:
            damped = np.nan_to_num(shortfall) * counts / (counts + HALF_WEIGHT_COUNT)
            logs = np.clip(logs + recipe.rate * damped, -bound, bound)
    weights = np.exp(logs)
    return np.asarray(weights / ((weights * in_training).sum() / max(1, in_training.sum())))


def photo_weights(groups: Groups, weights: np.ndarray) -> np.ndarray:
    """Return float32 [n], the weight of each training photo: that of its group, or 1."""
    return np.asarray(np.append(weights, 1.0)[groups.of_training], np.float32)


def fairness_table(
    recipe: Fairness, groups: Groups, epochs: Sequence[Mapping[str, Any]], change: GainSection | None
) -> FairnessSection:
    """Summarize the weights and their effect.

    Args:
        recipe: rate, tolerance and bounds.
        groups: of the splits.
        epochs: rows of the weighted student's training.
        change: `skin_training.evaluation.paired.paired_gain` of the weighted over the unweighted student, or None.

    Returns:
        JSON-able: `by`; `groups`, for each its number of training and validation photos, validation accuracy of the
        first and last epoch, and weight after the last; `change_on_test`, paired differences, or None.
    """
    weights = group_weights(recipe, groups, epochs)
    table: dict[str, dict[str, float | None]] = {}
    for number, name in enumerate(groups.names):
        seen = [row[f"val_{METRIC.format(name)}"] for row in epochs if f"val_{METRIC.format(name)}" in row]
        table[name] = {
            "n_training": int((groups.of_training == number).sum()),
            "n_validation": int((groups.of_validation == number).sum()),
            "first_accuracy": seen[0] if seen else None,
            "last_accuracy": seen[-1] if seen else None,
            "weight": round(float(weights[number]), 4),
        }
    return {"by": recipe.by, "groups": table, "change_on_test": change}
