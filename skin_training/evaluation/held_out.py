"""What is fitted on the validation split and measured on another: calibration, the triage threshold, conformal sets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TypeVar

import numpy as np

from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.calibration import (
    METHODS,
    ece_if_calibrated,
    fit_calibrator,
    negative_log_likelihood,
    reliability_bins,
    scale_by_temperature,
)
from skin_training.evaluation.conformal import fit_sets
from skin_training.evaluation.metric import minority_of, without_interval
from skin_training.evaluation.split_predictions import SplitPredictions
from skin_training.evaluation.thresholds import (
    COVERAGE,
    MIN_GROUPS,
    MIN_URGENT_GROUPS,
    NEUTRAL_SET,
    NEUTRAL_TEMPERATURE,
    NEUTRAL_URGENT,
    SENSITIVITY,
    conformal_threshold,
    too_few,
    urgent_threshold,
)
from skin_training.report_types import (
    CalibrationErrors,
    CalibrationSection,
    CalibratorParameters,
    ConformalSection,
    FittedOn,
    Metric,
    SetFit,
    SetMetrics,
    SlicedSets,
    TriageSection,
    UrgentDetection,
)
from triage.errors import UnusableInput
from triage.prediction_set import SetRule, prediction_sets
from triage.skin_tone import UNKNOWN_TONE

T = TypeVar("T")


@dataclass(frozen=True)
class Validation:
    """The validation split's labelled photos and what is to be fitted on them.

    Both thresholds use temperature scaling, whatever the method of calibration: they are fitted on the same photos as
    the calibration, which a map of a hundred parameters overfits. With `dirichlet` and 100 validation photos, sets for
    a coverage of 0.90 contained the true class in about half of all cases.

    Photos of one group are no independent evidence: with fewer groups than `MIN_GROUPS`, and for the urgent threshold
    fewer urgent ones than `MIN_URGENT_GROUPS`, nothing is fitted, and the neutral value holds.

    Attributes:
        truth: int [m]; photos without a diagnosis (-1) are left out.
        probabilities: float [m, classes].
        tones: str [m], tone buckets; empty where they are not known.
        split: its name, for the report.
        method: of calibration: "temperature", "vector" or "dirichlet".
        sensitivity: target fraction of urgent cases at or above the triage threshold.
        coverage: target fraction of conformal sets that contain the true class.
        groups: [m], each photo's group; None where each photo is one of its own.
    """

    truth: np.ndarray
    probabilities: np.ndarray
    tones: np.ndarray = field(default_factory=lambda: np.empty(0, str))
    split: str = "val"
    method: str = "temperature"
    sensitivity: float = SENSITIVITY
    coverage: float = COVERAGE
    groups: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnusableInput(f"calibration must be one of {', '.join(METHODS)}. Received: {self.method!r}.")
        for name in ("sensitivity", "coverage"):
            if not 0 < getattr(self, name) < 1:
                raise UnusableInput(f"{name} must lie between 0 and 1. Received: {getattr(self, name)}.")
        known = self.truth >= 0
        if not known.any():
            raise UnusableInput("No photo of the validation split has a diagnosis: nothing can be fitted on it.")
        tones = self.tones if len(self.tones) else np.full(len(known), UNKNOWN_TONE)
        object.__setattr__(self, "tones", tones[known])
        object.__setattr__(self, "probabilities", self.probabilities[known])
        groups = np.arange(len(known)) if self.groups is None else self.groups
        object.__setattr__(self, "groups", groups[known])
        object.__setattr__(self, "truth", self.truth[known])

    def fitted_on(self, urgent: np.ndarray | None = None) -> FittedOn:
        """Return split, photos and groups that calibration and sets are fitted on, and why they are not.

        Args:
            urgent: bool [classes]; given, the same for the urgent threshold.
        """
        found: FittedOn = {"split": self.split, "n": len(self.truth), "groups": self._group_count()}
        why = too_few(found["groups"], MIN_GROUPS)
        if urgent is not None:
            found["urgent"] = int(urgent[self.truth].sum())
            why = too_few(self._group_count(urgent[self.truth]), MIN_URGENT_GROUPS, "urgent ")
        if why:
            found["not_fitted"] = why
        return found

    def _group_count(self, rows: np.ndarray | slice = slice(None)) -> int:
        assert self.groups is not None
        return len(np.unique(self.groups[rows]))

    def calibrator(self, method: str) -> tuple[Callable[[np.ndarray], np.ndarray], CalibratorParameters]:
        """Fit a method of calibration (`fit_calibrator`), or return the neutral one."""
        if "not_fitted" in self.fitted_on():
            return lambda probabilities: probabilities, {"temperature": NEUTRAL_TEMPERATURE}
        return fit_calibrator(method, self.truth, self.probabilities)

    @cached_property
    def temperature(self) -> float:
        """The temperature under which the thresholds are fitted."""
        return self.calibrator("temperature")[1]["temperature"]

    def scaled(self, probabilities: np.ndarray | None = None) -> np.ndarray:
        """Return probabilities, by default of the validation split, [n, classes], after temperature scaling."""
        return scale_by_temperature(self.probabilities if probabilities is None else probabilities, self.temperature)

    def fit_sets(self) -> tuple[SetRule, SetFit]:
        """Fit conformal sets (`conformal.fit_sets`); on too few groups, sets of all classes, as on no photo."""
        rows = slice(0) if "not_fitted" in self.fitted_on() else slice(None)
        return fit_sets(self.truth[rows], self.scaled()[rows], self.tones[rows], self.coverage)

    def urgent_threshold(self, urgent: np.ndarray) -> float:
        """Fit the threshold on the summed probability of the urgent classes, bool [classes], if enough are urgent."""
        if "not_fitted" in self.fitted_on(urgent):
            return NEUTRAL_URGENT
        return urgent_threshold(urgent[self.truth], self.scaled()[:, urgent].sum(axis=1), self.sensitivity)


@dataclass(frozen=True)
class HeldOut:
    """What was fitted on the validation split, measured on another.

    Attributes:
        predictions: of the measured split.
        by_tone: its rows, int [m], of each tone bucket; other rows have no known tone.
        by_fitzpatrick: its rows of each Fitzpatrick type, and of groups of types.
        validation: what is fitted, and on what.
    """

    predictions: SplitPredictions
    by_tone: Mapping[str, np.ndarray]
    by_fitzpatrick: Mapping[str, np.ndarray]
    validation: Validation

    def calibration(self) -> CalibrationSection:
        """Measure the expected calibration error before and after calibration, and with the other methods."""
        predictions, chosen, labelled = self.predictions, self.validation.method, self._labelled
        truth, calibrated = predictions.truth, {"none": predictions.probabilities}
        fitted: dict[str, CalibratorParameters] = {}
        for method in METHODS:
            calibrate, fitted[method] = self.validation.calibrator(method)
            calibrated[method] = calibrate(predictions.probabilities)
        correct = {name: p.argmax(axis=1) == truth for name, p in calibrated.items()}

        def ece(name: str, rows: np.ndarray) -> Metric:
            confidence = calibrated[name].max(axis=1)
            return without_interval(
                predictions.bootstrap.metric(
                    lambda w, r: metrics.expected_calibration_error(w, confidence[r], correct[name][r]), rows
                )
            )

        def before_and_after(rows: np.ndarray) -> CalibrationErrors:
            after, by_chance = ece(chosen, rows), None
            if after["value"] is not None:
                by_chance = ece_if_calibrated(calibrated[chosen][rows].max(axis=1), after["value"])
            return {"ece_before": ece("none", rows), "ece_after": after, "ece_if_calibrated": by_chance}

        return {
            "method": chosen,
            **fitted[chosen],
            "fitted_on": self.validation.fitted_on(),
            **before_and_after(labelled),
            "per_tone": self._each(self.by_tone, before_and_after),
            "alternatives": {
                name: {
                    "ece": ece(name, labelled),
                    "nll": negative_log_likelihood(truth[labelled], values[labelled]),
                    "accuracy": float(correct[name][labelled].mean()),
                    "per_tone": self._each(self.by_tone, partial(ece, name)),
                }
                for name, values in calibrated.items()
                if len(labelled)
            },
            "reliability": {
                when: reliability_bins(truth[labelled], calibrated[method][labelled])
                for when, method in (("before", "none"), ("after", chosen))
            },
        }

    def triage(self, urgent: np.ndarray, ids: Sequence[str]) -> TriageSection:
        """Measure sensitivity and specificity at the threshold on the urgent classes' calibrated probability.

        Args:
            urgent: bool [classes].
            ids: names of the classes.
        """
        threshold = self.validation.urgent_threshold(urgent)
        score = self.validation.scaled(self.predictions.probabilities)[:, urgent].sum(axis=1)
        positive, flagged = urgent[np.maximum(self.predictions.truth, 0)], score >= threshold
        labelled, metric = self._labelled, self.predictions.bootstrap.metric

        def detection(rows: np.ndarray) -> UrgentDetection:
            sensitivity = metric(lambda w, r: metrics.fraction(w, flagged[r], positive[r]), rows, positive[rows])
            specificity = metric(lambda w, r: metrics.fraction(w, ~flagged[r], ~positive[r]), rows, ~positive[rows])
            return {"sensitivity": sensitivity, "specificity": specificity}

        return {
            "classes": [name for name, is_urgent in zip(ids, urgent, strict=True) if is_urgent],
            "sensitivity_target": self.validation.sensitivity,
            "threshold": threshold,
            "fitted_on": self.validation.fitted_on(urgent),
            **detection(labelled),
            "auc": metric(
                lambda w, r: metrics.area_under_roc(w, positive[r], score[r]), labelled, minority_of(positive[labelled])
            ),
            "per_tone": self._each(self.by_tone, detection),
        }

    def conformal(self) -> ConformalSection:
        """Measure how often conformal sets by tone contain the true class, and how many classes they name."""
        validation, truth = self.validation, self.predictions.truth
        tones = np.full(len(truth), UNKNOWN_TONE, dtype=object)
        for tone, rows in self.by_tone.items():
            tones[rows] = tone
        values = validation.scaled(self.predictions.probabilities)
        rule, fitted_on_tones = validation.fit_sets()
        fitted_on, threshold = validation.fitted_on(), NEUTRAL_SET
        if "not_fitted" not in fitted_on:
            threshold = conformal_threshold(validation.truth, validation.scaled(), validation.coverage)

        def measured(sets: np.ndarray) -> SlicedSets:
            covered = sets[np.arange(len(sets)), np.maximum(truth, 0)]
            size, metric = sets.sum(axis=1).astype(float), self.predictions.bootstrap.metric

            def of(rows: np.ndarray) -> SetMetrics:
                return {
                    "coverage": metric(lambda w, r: metrics.fraction(w, covered[r]), rows),
                    "mean_size": metric(lambda w, r: metrics.fraction(w, size[r]), rows, proportion=False),
                }

            return {
                **of(self._labelled),
                "per_tone": self._each(self.by_tone, of),
                "per_fitzpatrick": self._each(self.by_fitzpatrick, of),
            }

        return {
            "coverage_target": validation.coverage,
            "rule": rule,
            "fitted_on": fitted_on,
            "fitted_on_tones": fitted_on_tones,
            **measured(prediction_sets(values, rule, tones)),
            "one_threshold": measured(values >= threshold),
        }

    @property
    def _labelled(self) -> np.ndarray:
        return self.predictions.labelled(np.arange(len(self.predictions.truth)))

    def _each(self, parts: Mapping[str, np.ndarray], measure: Callable[[np.ndarray], T]) -> dict[str, T]:
        return {name: measure(self.predictions.labelled(rows)) for name, rows in parts.items()}
