"""Distillation gain: the distilled student against the label-only baseline, paired by photo."""

import numpy as np
import pandas as pd

from skin_data.manifest import Manifest
from skin_data.statistics import LEVEL
from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.evaluate import true_classes
from skin_training.evaluation.metric import GroupBootstrap, with_rule_of_three
from skin_training.report_types import AgreementSection, GainSection, LostSlice, Metric
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

SMALLEST = 1e-12  # probability, so that its logarithm is finite


def paired_gain(
    manifest: Manifest,
    frame: pd.DataFrame,
    one: np.ndarray,
    other: np.ndarray,
    seed: int = 0,
    resamples: int = 1000,
) -> GainSection:
    """Compare two students' predictions for the same photos: the gain of the first over the second.

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
        `accuracy` and `balanced_accuracy`, gains as paired differences `{value, low, high, n}`; `per_class`
        and `per_tone` the same; `lost`, the slices with a loss, and whether it is significant after Bonferroni
        correction (`beyond_doubt`); `verdict`: `helped`, `hurt` or `no difference shown`, by the interval of the
        balanced accuracy.
    """
    ids, truth = manifest.taxonomy.ids, true_classes(frame, manifest.taxonomy.ids)
    tones = frame["tone_bucket"].to_numpy(str)
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
        "tone_scheme": TONE_SCHEME,
        "lost": sorted(lost, key=lambda part: part["change"]),
        "verdict": _verdict(balanced),
    }


def agreement_with_teacher(
    manifest: Manifest,
    frame: pd.DataFrame,
    teacher: np.ndarray,
    student: np.ndarray,
    seed: int = 0,
    resamples: int = 1000,
) -> AgreementSection:
    """Measure how well a student agrees with its teacher.

    Args:
        manifest: the data set.
        frame: rows of the photos.
        teacher: float [n, classes], probabilities.
        student: float [n, classes].
        seed: of the bootstrap over groups.
        resamples: of the bootstrap.

    Returns:
        JSON-able: `all`, `per_class` (by the photos' own label) and `per_tone`, each with `top1`, the fraction of
        photos with the same top class, and `kl`, the mean divergence of the student's probabilities from the teacher's
        in nats.
    """
    ids, truth = manifest.taxonomy.ids, true_classes(frame, manifest.taxonomy.ids)
    tones = frame["tone_bucket"].to_numpy(str)
    bootstrap = GroupBootstrap(frame["group"].astype(str).to_numpy(), seed, resamples)
    same = teacher.argmax(axis=1) == student.argmax(axis=1)
    teacher, student = (np.maximum(p.astype(np.float64), SMALLEST) for p in (teacher, student))
    divergence = (teacher * np.log(teacher / student)).sum(axis=1)

    def both(rows: np.ndarray) -> dict[str, Metric]:
        return {
            "top1": bootstrap.metric(lambda w, r: metrics.fraction(w, same[r]), rows),
            "kl": bootstrap.metric(lambda w, r: metrics.fraction(w, divergence[r]), rows, proportion=False),
        }

    return {
        "all": both(np.arange(len(frame))),
        "per_class": {name: both(np.flatnonzero(truth == number)) for number, name in enumerate(ids)},
        "per_tone": {bucket: both(np.flatnonzero(tones == bucket)) for bucket in TONE_BUCKETS},
    }


def _verdict(gain: Metric) -> str:
    low, high = gain["low"], gain["high"]
    if low is None or high is None:
        return gain["why"]
    return "helped" if low > 0 else "hurt" if high < 0 else "no difference shown"
