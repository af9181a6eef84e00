"""Two models on the same photos: what the one gains over the other, paired by photo."""

import numpy as np
import pandas as pd

from skin_data.manifest import Manifest
from skin_data.statistics import LEVEL
from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.evaluate import FITZPATRICK_GROUPS, true_classes
from skin_training.evaluation.metric import GroupBootstrap, with_rule_of_three
from skin_training.report_types import GainSection, LostSlice, Metric
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME


def paired_gain(
    manifest: Manifest,
    frame: pd.DataFrame,
    one: np.ndarray,
    other: np.ndarray,
    seed: int = 0,
    resamples: int = 1000,
) -> GainSection:
    """Compare two models' predictions for the same photos: the gain of the first over the second.

    Args:
        manifest: the data set.
        frame: rows of the photos.
        one: float [n, classes], probabilities, such as those of the distilled student; or [runs, n, classes] for
            several seeds: metrics are then means over the runs, and intervals reflect the sampling of photos, not of
            seeds.
        other: the same shape, such as those of the label-only baseline.
        seed: of the bootstrap over groups.
        resamples: of the bootstrap.

    Returns:
        `accuracy` and `balanced_accuracy`, gains as paired differences `{value, low, high, n}`; `per_class`, `per_tone`
        and, where known, `per_fitzpatrick` (groups of types) the same; `lost`, the slices with a loss, and whether it
        is significant after Bonferroni correction (`beyond_doubt`); `verdict`: `helped`, `hurt` or `no difference
        shown`, by the interval of the balanced accuracy.
    """
    ids, truth = manifest.taxonomy.ids, true_classes(frame, manifest.taxonomy.ids)
    tones = frame["tone_bucket"].to_numpy(str)
    types = frame.get("fitzpatrick", pd.Series("", frame.index)).to_numpy(str)  # an unknown type is in no group
    bootstrap = GroupBootstrap(frame["group"].astype(str).to_numpy(), seed, resamples)
    after, before = (np.atleast_2d(probabilities.argmax(axis=-1)) for probabilities in (one, other))
    gain = ((after == truth).astype(float) - (before == truth)).mean(axis=0)
    labelled = np.flatnonzero(truth >= 0)

    def of_accuracy(rows: np.ndarray, level: float = LEVEL) -> Metric:
        change = bootstrap.metric(lambda w, r: metrics.fraction(w, gain[r]), rows, level=level, proportion=False)
        return with_rule_of_three(change)

    def of_balanced(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
        def mean_over_runs(predicted: np.ndarray) -> np.ndarray:
            each = [metrics.confusion(weights, truth[rows], classes[rows], len(ids)) for classes in predicted]
            return np.asarray(np.mean([metrics.balanced_accuracy(matrix) for matrix in each], axis=0))

        return np.asarray(mean_over_runs(after) - mean_over_runs(before))

    balanced = bootstrap.metric(of_balanced, labelled, proportion=False)
    rows_of = {
        "per_class": {name: np.flatnonzero(truth == number) for number, name in enumerate(ids)},
        "per_tone": {bucket: labelled[tones[labelled] == bucket] for bucket in TONE_BUCKETS},
        "per_fitzpatrick": {
            name: rows for name, of in FITZPATRICK_GROUPS.items() if len(rows := labelled[np.isin(types[labelled], of)])
        },
    }
    slices = {by: {name: of_accuracy(rows) for name, rows in parts.items()} for by, parts in rows_of.items()}
    # Among many slices, some are below zero by chance: Bonferroni correction.
    strict = 1 - (1 - LEVEL) / sum(map(len, slices.values()))
    lost: list[LostSlice] = [
        {
            "slice": name,
            "by": by.removeprefix("per_"),
            "change": metric["value"],
            "beyond_doubt": (of_accuracy(rows_of[by][name], strict)["high"] or 0) < 0,
            "n": metric["n"],
        }
        for by, parts in slices.items()
        for name, metric in parts.items()
        if metric["value"] is not None and metric["value"] < 0
    ]
    return {
        "accuracy": of_accuracy(labelled),
        "balanced_accuracy": balanced,
        "per_class": slices["per_class"],
        "per_tone": slices["per_tone"],
        "per_fitzpatrick": slices["per_fitzpatrick"],
        "tone_scheme": TONE_SCHEME,
        "lost": sorted(lost, key=lambda part: part["change"]),
        "verdict": _verdict(balanced),
    }


def _verdict(gain: Metric) -> str:
    low, high = gain["low"], gain["high"]
    if low is None or high is None:
        return gain["why"]
    return "helped" if low > 0 else "hurt" if high < 0 else "no difference shown"
