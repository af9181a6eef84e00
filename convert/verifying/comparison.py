"""Paired comparison of two sets of predictions for the same photos."""

from collections.abc import Mapping
from typing import cast

import numpy as np
import pandas as pd

from convert.report_types import Comparison, PairedMetric, SliceChange
from skin_data.manifest import Manifest
from skin_data.statistics import LEVEL, Statistic, accuracy
from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.evaluate import lighting_labels, true_classes
from skin_training.evaluation.metric import GroupBootstrap, minority_of, with_rule_of_three
from skin_training.evaluation.split_predictions import WELL_LIT
from skin_training.report_types import Metric
from triage.skin_tone import TONE_BUCKETS

Predictions = tuple[np.ndarray, np.ndarray]
"""Diagnosis probabilities [n, classes] and well-lit probabilities [n]."""
RESAMPLES = 2000
OF_BOTH_LIGHTS = ("lighting_balanced_accuracy", "lighting_auc")
"""Metrics that rest on the rarer of well and poorly lit photos."""


def compare(
    manifest: Manifest, frame: pd.DataFrame, of_float: Predictions, of_file: Predictions, seed: int = 0
) -> Comparison:
    """Compare a file's predictions with those of the float student.

    Args:
        manifest: the data set.
        frame: rows of the photos, n of them.
        of_float: predictions of the float student.
        of_file: predictions of the file.
        seed: for the bootstrap over groups.

    Returns:
        `agreement` and `largest_change` of a probability for each head; `overall`, for each metric `of_float`,
        `of_file` and their paired difference `value` with its 95 % interval `low` to `high` and `n` (of lighting
        metrics that need both labels, the rarer one's count); `per_tone` and `per_class`, the paired change of
        accuracy, likewise, with `corrected_high` after Bonferroni correction for the number of these slices,
        `comparisons`. A slice with fewer than 20 photos has a null value, and `why`.
    """
    ids = manifest.taxonomy.ids
    bootstrap = GroupBootstrap(frame["group"].astype(str).to_numpy(), seed, RESAMPLES)
    truth, lit, tones = true_classes(frame, ids), lighting_labels(frame), frame["tone_bucket"].astype(str).to_numpy()
    before, after = of_float[0].argmax(axis=1), of_file[0].argmax(axis=1)
    gain = (after == truth).astype(float) - (before == truth)

    changes, comparisons = corrected_changes(
        bootstrap,
        gain,
        {
            **{f"tone {bucket}": np.flatnonzero((truth >= 0) & (tones == bucket)) for bucket in TONE_BUCKETS},
            **{f"class {name}": np.flatnonzero(truth == number) for number, name in enumerate(ids)},
        },
    )
    return {
        "agreement": accuracy(before, after),
        "lighting_agreement": accuracy(of_float[1] >= WELL_LIT, of_file[1] >= WELL_LIT),
        "largest_change": float(np.abs(of_float[0] - of_file[0]).max()),
        "largest_lighting_change": float(np.abs(of_float[1] - of_file[1]).max()),
        "overall": _overall(bootstrap, truth, lit, of_float, of_file),
        "per_tone": {bucket: changes[f"tone {bucket}"] for bucket in TONE_BUCKETS},
        "per_class": {name: changes[f"class {name}"] for name in ids},
        "comparisons": comparisons,
    }


def paired_change(bootstrap: GroupBootstrap, gain: np.ndarray, rows: np.ndarray, level: float = LEVEL) -> Metric:
    """Return the mean of a change, float [n], over some rows with its interval."""
    found = bootstrap.metric(lambda w, r: metrics.fraction(w, gain[r]), rows, level=level, proportion=False)
    return with_rule_of_three(found)


def corrected_changes(
    bootstrap: GroupBootstrap, gain: np.ndarray, rows_of: Mapping[str, np.ndarray]
) -> tuple[dict[str, SliceChange], int]:
    """Return the mean of a change, float [n], over each slice, and how many slices have enough photos.

    Among many slices, some fall by chance: `corrected_high` is that of an interval after Bonferroni correction.

    Args:
        bootstrap: of the photos' groups.
        gain: float [n].
        rows_of: numbers of the photos of each slice, by its name.
    """
    changes = {name: paired_change(bootstrap, gain, rows) for name, rows in rows_of.items()}
    comparisons = sum(change["value"] is not None for change in changes.values())
    strict = 1 - (1 - LEVEL) / max(comparisons, 1)
    found = {}
    for name, change in changes.items():
        high = paired_change(bootstrap, gain, rows_of[name], strict)["high"]
        found[name] = cast("SliceChange", change if high is None else {**change, "corrected_high": high})
    return found, comparisons


def _overall(
    bootstrap: GroupBootstrap, truth: np.ndarray, lit: np.ndarray, before: Predictions, after: Predictions
) -> dict[str, PairedMetric]:
    found, of_file = {}, _statistics(truth, lit, after)
    for name, of_float in _statistics(truth, lit, before).items():
        rows = np.flatnonzero(~np.isnan(lit) if name.startswith("lighting") else truth >= 0)
        decisive = minority_of(lit[rows] == 0) if name in OF_BOTH_LIGHTS else None
        difference = _difference(of_file[name], of_float)
        metric = cast("PairedMetric", bootstrap.metric(difference, rows, decisive, proportion=False))
        if metric["value"] is not None:
            once = np.ones((1, len(rows)))
            metric["of_float"] = float(of_float(once, rows)[0])
            metric["of_file"] = float(of_file[name](once, rows)[0])
        found[name] = metric
    return found


def _difference(one: Statistic, other: Statistic) -> Statistic:
    return lambda weights, rows: one(weights, rows) - other(weights, rows)


def _statistics(truth: np.ndarray, lit: np.ndarray, predictions: Predictions) -> dict[str, Statistic]:
    probabilities, well_lit = predictions
    predicted, confidence, class_count = probabilities.argmax(axis=1), probabilities.max(axis=1), probabilities.shape[1]
    predicted_lit = (well_lit >= WELL_LIT).astype(int)

    def table(w: np.ndarray, r: np.ndarray) -> np.ndarray:
        return metrics.confusion(w, truth[r], predicted[r], class_count)

    def light_table(w: np.ndarray, r: np.ndarray) -> np.ndarray:
        return metrics.confusion(w, lit[r].astype(int), predicted_lit[r], 2)

    return {
        "accuracy": lambda w, r: metrics.accuracy(table(w, r)),
        "balanced_accuracy": lambda w, r: metrics.balanced_accuracy(table(w, r)),
        "ece": lambda w, r: metrics.expected_calibration_error(w, confidence[r], (predicted == truth)[r]),
        "lighting_accuracy": lambda w, r: metrics.accuracy(light_table(w, r)),
        "lighting_balanced_accuracy": lambda w, r: metrics.balanced_accuracy(light_table(w, r)),
        "lighting_auc": lambda w, r: metrics.area_under_roc(w, lit[r] == 0, -well_lit[r]),
    }
