"""Two sets of answers to the same photos, compared pair by pair."""

from typing import Any

import numpy as np

from skin_data.statistics import Statistic, accuracy
from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.evaluate import lighting_labels, true_classes
from skin_training.evaluation.metric import GroupBootstrap, minority_of
from skin_training.evaluation.split_predictions import WELL_LIT
from triage.skin_tone import TONE_BUCKETS

Answers = tuple[np.ndarray, np.ndarray]
"""Diagnosis probabilities [n, classes] and well-lit probabilities [n]."""
RESAMPLES = 1000
OF_BOTH_LIGHTS = ("lighting_balanced_accuracy", "lighting_auc")
"""Figures that rest on the rarer of well and poorly lit photos."""


def compare(manifest: Any, frame: Any, of_float: Answers, of_file: Answers, seed: int = 0) -> dict[str, Any]:
    """Compare a file's answers with those of the float student.

    Args:
        manifest: the data set.
        frame: rows that were answered.
        of_float: answers of the float student.
        of_file: answers of the file.
        seed: of the bootstrap over groups.

    Returns:
        `agreement` and `largest_change` of a probability of each head; `overall`, for each figure `of_float`, `of_file`
        and their paired difference `value` with its 95 % interval `low` to `high` and `n` (the rarer side of figures of
        well and of poorly lit photos); `per_tone` and `per_class`, the paired change of accuracy, likewise. A slice
        with fewer than 20 photos has a null value, and `why`.
    """
    ids = manifest.taxonomy.ids
    bootstrap = GroupBootstrap(frame["group"].astype(str).to_numpy(), seed, RESAMPLES)
    truth, lit, tones = true_classes(frame, ids), lighting_labels(frame), frame["tone_bucket"].astype(str).to_numpy()
    before, after = of_float[0].argmax(axis=1), of_file[0].argmax(axis=1)
    gain = (after == truth).astype(float) - (before == truth)

    def change(rows: np.ndarray) -> dict[str, Any]:
        return bootstrap.metric(lambda w, r: metrics.fraction(w, gain[r]), rows)

    return {
        "agreement": accuracy(before, after),
        "lighting_agreement": accuracy(of_float[1] >= WELL_LIT, of_file[1] >= WELL_LIT),
        "largest_change": float(np.abs(of_float[0] - of_file[0]).max()),
        "largest_lighting_change": float(np.abs(of_float[1] - of_file[1]).max()),
        "overall": _overall(bootstrap, truth, lit, of_float, of_file),
        "per_tone": {bucket: change(np.flatnonzero((truth >= 0) & (tones == bucket))) for bucket in TONE_BUCKETS},
        "per_class": {name: change(np.flatnonzero(truth == number)) for number, name in enumerate(ids)},
    }


def _overall(
    bootstrap: GroupBootstrap, truth: np.ndarray, lit: np.ndarray, before: Answers, after: Answers
) -> dict[str, Any]:
    found, of_file = {}, _statistics(truth, lit, after)
    for name, of_float in _statistics(truth, lit, before).items():
        rows = np.flatnonzero(~np.isnan(lit) if name.startswith("lighting") else truth >= 0)
        rests_on = minority_of(lit[rows] == 0) if name in OF_BOTH_LIGHTS else None
        figure = bootstrap.metric(
            lambda w, r, one=of_file[name], other=of_float: one(w, r) - other(w, r), rows, rests_on
        )
        if figure["value"] is not None:
            once = np.ones((1, len(rows)))
            figure |= {"of_float": float(of_float(once, rows)[0]), "of_file": float(of_file[name](once, rows)[0])}
        found[name] = figure
    return found


def _statistics(truth: np.ndarray, lit: np.ndarray, answers: Answers) -> dict[str, Statistic]:
    answer, confidence, class_count = answers[0].argmax(axis=1), answers[0].max(axis=1), answers[0].shape[1]
    named_lit = (answers[1] >= WELL_LIT).astype(int)

    def table(w: np.ndarray, r: np.ndarray) -> np.ndarray:
        return metrics.confusion(w, truth[r], answer[r], class_count)

    def light_table(w: np.ndarray, r: np.ndarray) -> np.ndarray:
        return metrics.confusion(w, lit[r].astype(int), named_lit[r], 2)

    return {
        "accuracy": lambda w, r: metrics.accuracy(table(w, r)),
        "balanced_accuracy": lambda w, r: metrics.balanced_accuracy(table(w, r)),
        "ece": lambda w, r: metrics.expected_calibration_error(w, confidence[r], (answer == truth)[r]),
        "lighting_accuracy": lambda w, r: metrics.accuracy(light_table(w, r)),
        "lighting_balanced_accuracy": lambda w, r: metrics.balanced_accuracy(light_table(w, r)),
        "lighting_auc": lambda w, r: metrics.area_under_roc(w, lit[r] == 0, -answers[1][r]),
    }
