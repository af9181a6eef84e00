"""Precision-recall curves of a split, for plots."""

from collections.abc import Sequence

import numpy as np

from skin_training.evaluation.split_predictions import SplitPredictions

CURVE_POINTS = 200
POOR_LIGHTING = "poor_lighting"


def curves_of(predictions: SplitPredictions, ids: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Return `recall` and `precision` of each class against the rest, and of `POOR_LIGHTING`, at up to 200 points.

    A class without photos has none, nor has lighting where only one of both labels occurs.
    """
    from sklearn.metrics import precision_recall_curve

    everything = np.arange(len(predictions.truth))
    rows, lighting_rows = predictions.labelled(everything), predictions.lighting_labelled(everything)
    truth, poor = predictions.truth[rows], predictions.well_lit[lighting_rows] == 0
    scores = {name: (truth == n, predictions.probabilities[rows, n]) for n, name in enumerate(ids) if n in truth}
    if predictions.lighting is not None and poor.any() and not poor.all():
        scores[POOR_LIGHTING] = poor, -predictions.lighting[lighting_rows]
    curves = {}
    for name, (positive, score) in scores.items():
        precision, recall, _ = precision_recall_curve(positive, score)
        curves[name] = {"recall": _thinned(recall[::-1]), "precision": _thinned(precision[::-1])}
    return curves


def _thinned(values: np.ndarray) -> list[float]:
    kept = np.unique(np.linspace(0, len(values) - 1, min(len(values), CURVE_POINTS)).round().astype(int))
    return [float(value) for value in np.round(values[kept], 5)]
