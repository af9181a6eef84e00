"""Precision-recall and ROC curves of a split."""

from collections.abc import Sequence

import numpy as np

from skin_training.evaluation.split_predictions import SplitPredictions
from skin_training.report_types import Curves, PrecisionRecall, RocCurve

CURVE_POINTS = 200


def curves_of(predictions: SplitPredictions, ids: Sequence[str], urgent: np.ndarray) -> Curves:
    """Return the curves of each class, of poor light and of the urgent classes together, thinned to 200 points.

    Args:
        predictions: of the split.
        ids: names of the classes.
        urgent: bool [classes].
    """
    everything = np.arange(len(predictions.truth))
    rows, lighting_rows = predictions.labelled(everything), predictions.lighting_labelled(everything)
    truth, probabilities = predictions.truth[rows], predictions.probabilities[rows]
    poor = predictions.well_lit[lighting_rows] == 0
    return {
        "lighting_precision_recall": (
            None if _one_sided(poor) else _precision_recall(poor, -predictions.lighting[lighting_rows])
        ),
        "precision_recall": {
            name: _precision_recall(truth == number, probabilities[:, number])
            for number, name in enumerate(ids)
            if (truth == number).any()
        },
        "urgent_roc": _roc(urgent[truth], probabilities[:, urgent].sum(axis=1)),
    }


def _precision_recall(positive: np.ndarray, score: np.ndarray) -> PrecisionRecall:
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(positive, score)
    return {"recall": _thinned(recall[::-1]), "precision": _thinned(precision[::-1])}


def _roc(positive: np.ndarray, score: np.ndarray) -> RocCurve | None:
    from sklearn.metrics import roc_curve

    if _one_sided(positive):
        return None
    false_positive_rate, sensitivity, _ = roc_curve(positive, score)
    return {"false_positive_rate": _thinned(false_positive_rate), "sensitivity": _thinned(sensitivity)}


def _one_sided(positive: np.ndarray) -> bool:
    return not positive.any() or bool(positive.all())


def _thinned(values: np.ndarray) -> list[float]:
    kept = np.unique(np.linspace(0, len(values) - 1, min(len(values), CURVE_POINTS)).round().astype(int))
    return [float(value) for value in np.round(values[kept], 5)]
