"""What is fitted on the validation split and measured on another: calibration, the triage threshold, conformal sets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.calibration import (
    METHODS,
    ece_if_calibrated,
    fit_calibrator,
    negative_log_likelihood,
    reliability,
)
from skin_training.evaluation.conformal import COVERAGE, METHOD, conformal_threshold, prediction_sets
from skin_training.evaluation.metric import GroupBootstrap, minority_of, without_interval
from skin_training.evaluation.operating_point import SENSITIVITY, urgent_threshold
from triage.errors import UnusableInput

FOR_THRESHOLDS = "temperature"
"""Map under which the urgent and the conformal threshold are fitted, whatever the method of calibration.

They are taken from the very photos that the map was fitted on, and a map of a hundred parameters learns those by heart:
with `dirichlet` and 100 validation photos, sets that promise 0.90 held the truth in about half of all cases.
"""


@dataclass(frozen=True)
class Validation:
    """The validation split's labelled photos and what is to be fitted on them.

    Attributes:
        truth: int [m]; photos without a diagnosis (-1) are left out.
        probabilities: float [m, classes].
        split: its name, for the report.
        method: of calibration: "temperature", "vector" or "dirichlet".
        sensitivity: share of the urgent cases that the triage threshold shall catch.
        coverage: share of conformal sets that shall hold the truth.
    """

    truth: np.ndarray
    probabilities: np.ndarray
    split: str = "val"
    method: str = "temperature"
    sensitivity: float = SENSITIVITY
    coverage: float = COVERAGE

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnusableInput(f"Calibration is one of {', '.join(METHODS)}. Received: {self.method!r}.")
        for name in ("sensitivity", "coverage"):
            if not 0 < getattr(self, name) < 1:
                raise UnusableInput(f"{name} is a share between 0 and 1. Received: {getattr(self, name)}.")
        known = self.truth >= 0
        if not known.any():
            raise UnusableInput("No photo of the validation split has a diagnosis: nothing can be fitted on it.")
        object.__setattr__(self, "probabilities", self.probabilities[known])
        object.__setattr__(self, "truth", self.truth[known])

    @property
    def fitted_on(self) -> dict[str, Any]:
        """The split's name and number of photos."""
        return {"split": self.split, "n": len(self.truth)}


def calibration_section(
    bootstrap: GroupBootstrap,
    truth: np.ndarray,
    probabilities: np.ndarray,
    labelled: np.ndarray,
    by_tone: Mapping[str, np.ndarray],
    validation: Validation,
) -> dict[str, Any]:
    """Return the expected calibration error before and after, overall and per tone, and the other methods' beside it.

    Beside the error after stands what chance alone would give (`ece_if_calibrated`).

    Args:
        bootstrap: over the measured photos' groups.
        truth: int [n], -1 without a diagnosis.
        probabilities: float [n, classes].
        labelled: int [m], rows with a diagnosis.
        by_tone: rows of each tone bucket.
        validation: what to fit on.
    """
    answers, fitted = {"none": probabilities}, {}
    for method in METHODS:
        calibrate, fitted[method] = fit_calibrator(method, validation.truth, validation.probabilities)
        answers[method] = calibrate(probabilities)
    rights = {name: (p.argmax(axis=1) == truth) for name, p in answers.items()}

    def ece(name: str, rows: np.ndarray) -> dict[str, Any]:
        confidence = answers[name].max(axis=1)
        rows = rows[truth[rows] >= 0]
        return without_interval(
            bootstrap.metric(lambda w, r: metrics.expected_calibration_error(w, confidence[r], rights[name][r]), rows)
        )

    def before_and_after(rows: np.ndarray) -> dict[str, Any]:
        after, known = ece(validation.method, rows), rows[truth[rows] >= 0]
        by_chance = None
        if after["value"] is not None:
            by_chance = ece_if_calibrated(answers[validation.method][known].max(axis=1), after["value"])
        return {"ece_before": ece("none", rows), "ece_after": after, "ece_if_calibrated": by_chance}

    chosen = answers[validation.method]
    return {
        "method": validation.method,
        **fitted[validation.method],
        "fitted_on": validation.fitted_on,
        **before_and_after(labelled),
        "per_tone": {bucket: before_and_after(rows) for bucket, rows in by_tone.items()},
        "alternatives": {
            name: {
                "ece": ece(name, labelled),
                "nll": negative_log_likelihood(truth[labelled], values[labelled]),
                "accuracy": float(rights[name][labelled].mean()),
            }
            for name, values in answers.items()
            if len(labelled)
        },
        "reliability": {
            "before": reliability(truth[labelled], probabilities[labelled]),
            "after": reliability(truth[labelled], chosen[labelled]),
        },
    }


def triage_section(
    bootstrap: GroupBootstrap,
    truth: np.ndarray,
    probabilities: np.ndarray,
    labelled: np.ndarray,
    by_tone: Mapping[str, np.ndarray],
    validation: Validation,
    urgent: np.ndarray,
    ids: list[str],
) -> dict[str, Any]:
    """Return the threshold on the urgent classes' calibrated probability, and what it catches and lets go.

    Args:
        bootstrap: over the measured photos' groups.
        truth: int [n], -1 without a diagnosis.
        probabilities: float [n, classes].
        labelled: int [m], rows with a diagnosis.
        by_tone: rows of each tone bucket.
        validation: what to fit on.
        urgent: bool [classes].
        ids: names of the classes.
    """
    calibrate, _ = fit_calibrator(FOR_THRESHOLDS, validation.truth, validation.probabilities)
    threshold = urgent_threshold(
        urgent[validation.truth], calibrate(validation.probabilities)[:, urgent].sum(axis=1), validation.sensitivity
    )
    score = calibrate(probabilities)[:, urgent].sum(axis=1)
    positive, flagged = urgent[np.maximum(truth, 0)], score >= threshold

    def sensitivity_and_specificity(rows: np.ndarray) -> dict[str, Any]:
        rows = rows[truth[rows] >= 0]
        return {
            "sensitivity": bootstrap.metric(
                lambda w, r: metrics.fraction(w, flagged[r], positive[r]), rows, positive[rows]
            ),
            "specificity": bootstrap.metric(
                lambda w, r: metrics.fraction(w, ~flagged[r], ~positive[r]), rows, ~positive[rows]
            ),
        }

    return {
        "classes": [name for name, is_urgent in zip(ids, urgent, strict=True) if is_urgent],
        "sensitivity_target": validation.sensitivity,
        "threshold": threshold,
        "fitted_on": {**validation.fitted_on, "urgent": int(urgent[validation.truth].sum())},
        **sensitivity_and_specificity(labelled),
        "auc": bootstrap.metric(
            lambda w, r: metrics.area_under_roc(w, positive[r], score[r]),
            labelled,
            minority_of(positive[labelled]),
        ),
        "per_tone": {bucket: sensitivity_and_specificity(rows) for bucket, rows in by_tone.items()},
    }


def conformal_section(
    bootstrap: GroupBootstrap,
    truth: np.ndarray,
    probabilities: np.ndarray,
    labelled: np.ndarray,
    by_tone: Mapping[str, np.ndarray],
    validation: Validation,
) -> dict[str, Any]:
    """Return how often conformal sets hold the truth, and how many classes they name.

    Args:
        bootstrap: over the measured photos' groups.
        truth: int [n], -1 without a diagnosis.
        probabilities: float [n, classes].
        labelled: int [m], rows with a diagnosis.
        by_tone: rows of each tone bucket.
        validation: what to fit on.
    """
    calibrate, _ = fit_calibrator(FOR_THRESHOLDS, validation.truth, validation.probabilities)
    threshold = conformal_threshold(validation.truth, calibrate(validation.probabilities), validation.coverage)
    sets = prediction_sets(calibrate(probabilities), threshold)
    covered, size = sets[np.arange(len(truth)), np.maximum(truth, 0)], sets.sum(axis=1).astype(float)

    def coverage_and_size(rows: np.ndarray) -> dict[str, Any]:
        rows = rows[truth[rows] >= 0]
        return {
            "coverage": bootstrap.metric(lambda w, r: metrics.fraction(w, covered[r]), rows),
            "mean_size": bootstrap.metric(lambda w, r: metrics.fraction(w, size[r]), rows),
        }

    return {
        "coverage_target": validation.coverage,
        "method": METHOD,
        "threshold": threshold,
        "fitted_on": validation.fitted_on,
        **coverage_and_size(labelled),
        "per_tone": {bucket: coverage_and_size(rows) for bucket, rows in by_tone.items()},
    }
