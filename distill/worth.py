"""What the teacher was worth: the distilled student beside the same student trained without it, photo by photo."""

from typing import Any

import numpy as np

from skin_data.statistics import LEVEL
from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.evaluate import true_classes
from skin_training.evaluation.metric import GroupBootstrap
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

SMALLEST = 1e-12  # probability that still has a logarithm


def paired_gain(
    manifest: Any,
    frame: Any,
    one: np.ndarray,
    other: np.ndarray,
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, Any]:
    """Compare two students' answers to the same photos: what the first gains over the second.

    Args:
        manifest: the data set.
        frame: the rows that were answered.
        one: float [n, classes], probabilities, such as those of the student that learned from the teacher; or
            [runs, n, classes], those of several seeds: the figures are then means over the runs, and the intervals say
            what other photos would change, not what other seeds would.
        other: such as those of the same students, seeds and budgets without the teacher.
        seed: of the bootstrap over groups.
        resamples: of the bootstrap.

    Returns:
        JSON-able: `accuracy` and `balanced_accuracy`, gains as paired differences `{value, low, high, n}`; `per_class`
        and `per_tone` the same; `lost`, the slices that are worse off, and whether that is beyond doubt among so many;
        `verdict`: `helped`, `hurt` or `no difference shown`, by the balanced accuracy's interval.
    """
    ids, truth = manifest.taxonomy.ids, true_classes(frame, manifest.taxonomy.ids)
    tones = frame["tone_bucket"].to_numpy(str)
    bootstrap = GroupBootstrap(frame["group"].astype(str).to_numpy(), seed, resamples)
    after, before = (np.atleast_2d(probabilities.argmax(axis=-1)) for probabilities in (one, other))
    gain = ((after == truth).astype(float) - (before == truth)).mean(axis=0)
    labelled = np.flatnonzero(truth >= 0)

    def of_accuracy(rows: np.ndarray, level: float = LEVEL) -> dict[str, Any]:
        return bootstrap.metric(lambda w, r: metrics.fraction(w, gain[r]), rows, level=level)

    def of_balanced(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
        def mean_over_runs(answers: np.ndarray) -> np.ndarray:
            each = [metrics.confusion(weights, truth[rows], answer[rows], len(ids)) for answer in answers]
            return np.mean([metrics.balanced_accuracy(matrix) for matrix in each], axis=0)

        return mean_over_runs(after) - mean_over_runs(before)

    balanced = bootstrap.metric(of_balanced, labelled)
    rows_of = {
        "per_class": {name: np.flatnonzero(truth == number) for number, name in enumerate(ids)},
        "per_tone": {bucket: labelled[tones[labelled] == bucket] for bucket in TONE_BUCKETS},
    }
    slices = {by: {name: of_accuracy(rows) for name, rows in parts.items()} for by, parts in rows_of.items()}
    # Of many slices some would lie below zero by chance: Bonferroni's correction.
    strict = 1 - (1 - LEVEL) / sum(map(len, slices.values()))
    lost = [
        {
            "slice": name,
            "by": by[4:],
            "change": figure["value"],
            "beyond_doubt": of_accuracy(rows_of[by][name], strict)["high"] < 0,
            "n": figure["n"],
        }
        for by, figures in slices.items()
        for name, figure in figures.items()
        if figure["value"] is not None and figure["value"] < 0
    ]
    return {
        "accuracy": of_accuracy(labelled),
        "balanced_accuracy": balanced,
        **slices,
        "tone_scheme": TONE_SCHEME,
        "lost": sorted(lost, key=lambda part: part["change"]),
        "verdict": _verdict(balanced),
    }


def agreement_with_teacher(
    manifest: Any, frame: Any, of_teacher: np.ndarray, of_student: np.ndarray, seed: int = 0, resamples: int = 1000
) -> dict[str, Any]:
    """Say how far a student answers as its teacher does.

    Args:
        manifest: the data set.
        frame: the rows that were answered.
        of_teacher: float [n, classes], probabilities.
        of_student: float [n, classes].
        seed: of the bootstrap over groups.
        resamples: of the bootstrap.

    Returns:
        JSON-able: `all`, `per_class` (by the photos' own label) and `per_tone`, each with the share of photos with the
        same `top1` and the mean `kl`, the divergence of the student's probabilities from the teacher's in nats.
    """
    ids, truth = manifest.taxonomy.ids, true_classes(frame, manifest.taxonomy.ids)
    tones = frame["tone_bucket"].to_numpy(str)
    bootstrap = GroupBootstrap(frame["group"].astype(str).to_numpy(), seed, resamples)
    same = of_teacher.argmax(axis=1) == of_student.argmax(axis=1)
    teacher, student = (np.maximum(p.astype(np.float64), SMALLEST) for p in (of_teacher, of_student))
    divergence = (teacher * np.log(teacher / student)).sum(axis=1)

    def both(rows: np.ndarray) -> dict[str, Any]:
        return {
            "top1": bootstrap.metric(lambda w, r: metrics.fraction(w, same[r]), rows),
            "kl": bootstrap.metric(lambda w, r: metrics.fraction(w, divergence[r]), rows),
        }

    return {
        "all": both(np.arange(len(frame))),
        "per_class": {name: both(np.flatnonzero(truth == number)) for number, name in enumerate(ids)},
        "per_tone": {bucket: both(np.flatnonzero(tones == bucket)) for bucket in TONE_BUCKETS},
    }


def _verdict(gain: dict[str, Any]) -> str:
    if gain["value"] is None:
        return gain["why"]
    if gain["low"] > 0:
        return "helped"
    return "hurt" if gain["high"] < 0 else "no difference shown"
