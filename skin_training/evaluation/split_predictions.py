"""Metrics of both heads on any slice of a split."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.metric import GroupBootstrap, minority_of, without_interval, without_value
from skin_training.report_types import ClassMetrics, DiagnosisMetrics, LightingMetrics, Metric, SliceSection

WELL_LIT = 0.5
TOP_K = 3
NOT_PREDICTED = "not predicted"


@dataclass(frozen=True)
class SplitPredictions:
    """Predictions for the photos of a split, beside their labels.

    Attributes:
        bootstrap: over the photos' groups.
        truth: int [n], -1 without a diagnosis.
        probabilities: float [n, classes].
        well_lit: float [n], the lighting label: 1 well lit, 0 poorly lit, NaN without one.
        lighting: float [n], predicted probability that the photo is well lit; None where the model does not predict it.
    """

    bootstrap: GroupBootstrap
    truth: np.ndarray
    probabilities: np.ndarray
    well_lit: np.ndarray
    lighting: np.ndarray | None

    def labelled(self, rows: np.ndarray) -> np.ndarray:
        """Return those of the rows that have a diagnosis."""
        return np.asarray(rows[self.truth[rows] >= 0])

    def lighting_labelled(self, rows: np.ndarray) -> np.ndarray:
        """Return those of the rows that have a lighting label."""
        return np.asarray(rows[~np.isnan(self.well_lit[rows])])

    def confusion(self, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the weighted confusion tables [draws, classes, classes] of labelled rows."""
        predicted = self.probabilities[rows].argmax(axis=1)
        return metrics.confusion(weights, self.truth[rows], predicted, self.probabilities.shape[1])

    def slice(self, rows: np.ndarray) -> SliceSection:
        """Measure both heads on some rows, int [m]."""
        return {"n": len(rows), "diagnosis": self._diagnosis(rows), "lighting": self._lighting(rows)}

    def of_class(self, number: int, urgency: str, sent: np.ndarray | None = None) -> ClassMetrics:
        """Measure one class against the rest, on all labelled rows.

        `sent`, bool [n], says whether the decision sends the person on a photo to a doctor; None: not known.
        """
        rows = self.labelled(np.arange(len(self.truth)))
        own, predicted = self.truth[rows] == number, self.probabilities[rows].argmax(axis=1) == number

        def metric(of_table: Callable[[np.ndarray], np.ndarray], rests_on: np.ndarray = own) -> Metric:
            return self.bootstrap.metric(lambda w, r: of_table(self.confusion(w, r))[:, number], rows, rests_on)

        measured: ClassMetrics = {
            "n": int(own.sum()),
            "urgency": urgency,
            "recall": metric(metrics.recall),
            "precision": metric(metrics.precision, predicted),
            "f1": metric(metrics.f1),
            "auc": self.bootstrap.metric(
                lambda w, r: metrics.area_under_roc(w, self.truth[r] == number, self.probabilities[r, number]),
                rows,
                minority_of(own),
            ),
        }
        if sent is not None:
            measured["sent_to_doctor"] = self.bootstrap.metric(
                lambda w, r: metrics.fraction(w, sent[r], self.truth[r] == number), rows, own
            )
        return measured

    def _diagnosis(self, rows: np.ndarray) -> DiagnosisMetrics:
        rows, metric = self.labelled(rows), self.bootstrap.metric
        confidence, correct = self.probabilities.max(axis=1), self.probabilities.argmax(axis=1) == self.truth
        # Of equal probabilities the first class comes first, as on the device.
        top = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :TOP_K]
        in_top = (top == self.truth[:, None]).any(axis=1)
        return {
            "accuracy": metric(lambda w, r: metrics.fraction(w, correct[r]), rows),
            "balanced_accuracy": metric(lambda w, r: metrics.balanced_accuracy(self.confusion(w, r)), rows),
            "macro_f1": metric(lambda w, r: metrics.macro_f1(self.confusion(w, r)), rows),
            "top3_accuracy": metric(lambda w, r: metrics.fraction(w, in_top[r]), rows),
            "ece": without_interval(
                metric(lambda w, r: metrics.expected_calibration_error(w, confidence[r], correct[r]), rows)
            ),
        }

    def _lighting(self, rows: np.ndarray) -> LightingMetrics:
        rows = self.lighting_labelled(rows)
        well_lit = float(self.well_lit[rows].mean()) if len(rows) else None
        if self.lighting is None:
            none = without_value(0, NOT_PREDICTED)
            measured = ("accuracy", "auc", "average_precision", "poor_recall", "poor_precision")
            return cast("LightingMetrics", {**dict.fromkeys(measured, none), "well_lit_share": well_lit})
        poor, score, flagged = self.well_lit == 0, -self.lighting, self.lighting < WELL_LIT

        def metric(statistic: Callable[..., np.ndarray], rests_on: np.ndarray | None, *of: Any) -> Metric:
            return self.bootstrap.metric(lambda w, r: statistic(w, *(values[r] for values in of)), rows, rests_on)

        return {
            "accuracy": metric(metrics.fraction, None, poor == flagged),
            "auc": metric(metrics.area_under_roc, minority_of(poor[rows]), poor, score),
            "average_precision": metric(metrics.average_precision, poor[rows], poor, score),
            "poor_recall": metric(metrics.fraction, poor[rows], flagged, poor),
            "poor_precision": metric(metrics.fraction, flagged[rows], poor, flagged),
            "well_lit_share": well_lit,
        }
