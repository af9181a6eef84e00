"""Metrics of held-out predictions: of the photo alone, with answers, and with several photos of a spot.

Whatever is fitted (temperature, urgent threshold, answers) is fitted on the other folds' predictions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cross_validation.folds import HeldOutPredictions, rows_of
from skin_data.manifest import Manifest
from skin_training.answer_fusion import CHOICES, answers_of, fit_answers
from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.calibration import fit_temperature, negative_log_likelihood, scale_by_temperature
from skin_training.evaluation.decisions import card_classes
from skin_training.evaluation.evaluate import true_classes
from skin_training.evaluation.metric import GroupBootstrap
from skin_training.evaluation.paired import paired_gain
from skin_training.evaluation.thresholds import urgent_threshold
from triage.answers import AnswerRule, add_answers, check_answers, normalised
from triage.case import MAX_PHOTOS

FEW, DRAWS = 3, 5
"""Number of answered questions, and how often they are drawn at random for each photo."""

Given = Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class Fit:
    """What is fitted on held-out predictions."""

    temperature: float
    urgent: float
    answers: AnswerRule


def fit_on(predictions: HeldOutPredictions, rows: np.ndarray, manifest: Manifest) -> Fit:
    """Fit temperature, urgent threshold and answers on some of the rows, bool [n]."""
    frame, raw = predictions.frame[rows], predictions.probabilities[rows]
    truth = true_classes(frame, manifest.taxonomy.ids)
    temperature = fit_temperature(truth, raw)
    calibrated, urgent = scale_by_temperature(raw, temperature), _urgent(manifest)
    threshold = urgent_threshold(urgent[truth], calibrated[:, urgent].sum(axis=1))
    return Fit(temperature, threshold, fit_answers(calibrated, truth, [answers_of(row) for row in rows_of(frame)]))


def with_answers(probabilities: np.ndarray, answers: Given, rule: AnswerRule, manifest: Manifest) -> np.ndarray:
    """Add answers to calibrated probabilities [n, classes], as `triage` does."""
    classes = card_classes(manifest.taxonomy.classes)
    return np.array(
        [
            add_answers(row, check_answers(given, rule), rule, classes)[0]
            for row, given in zip(probabilities, answers, strict=True)
        ]
    )


def measure(predictions: HeldOutPredictions, manifest: Manifest, seed: int = 0) -> dict[str, Any]:
    """Measure held-out predictions.

    Returns:
        JSON-able, metrics as `{value, low, high, n}` with 95 % intervals by bootstrap over groups: `photo_alone`,
        which is also what no answers give; `answered`, by number of answers; `gain` of all answers, paired; `cases`,
        lesions with several photos.
    """
    frame, truth = predictions.frame, true_classes(predictions.frame, manifest.taxonomy.ids)
    given = [answers_of(row) for row in rows_of(frame)]
    photo, thresholds = np.zeros_like(predictions.probabilities), np.zeros(len(frame))
    fits = {}
    for number in np.unique(predictions.fold):
        rows = predictions.fold == number
        fits[number] = fit = fit_on(predictions, ~rows, manifest)
        photo[rows] = scale_by_temperature(predictions.probabilities[rows], fit.temperature)
        thresholds[rows] = fit.urgent

    def asked(answers: Given) -> np.ndarray:
        fused = np.zeros_like(photo)
        for number, fit in fits.items():
            rows = np.flatnonzero(predictions.fold == number)
            fused[rows] = with_answers(photo[rows], [answers[int(row)] for row in rows], fit.answers, manifest)
        return fused

    bootstrap, rng = GroupBootstrap(frame["group"].astype(str).to_numpy(), seed), np.random.default_rng(seed)
    urgent = _urgent(manifest)

    def measured(draws: Sequence[np.ndarray]) -> dict[str, Any]:
        return _measured(draws, photo, truth, predictions.fold, thresholds, urgent, bootstrap)

    everything, few = asked(given), [asked([_some(one, FEW, rng) for one in given]) for _ in range(DRAWS)]
    gain = paired_gain(manifest, frame, everything, photo, seed)
    return {
        "n": len(frame),
        "groups": int(frame["group"].nunique()),
        "folds": len(fits),
        "photo_alone": measured([photo]),
        "answered": {str(FEW): measured(few), "all": measured([everything])},
        "gain": {key: gain[key] for key in ("accuracy", "balanced_accuracy", "per_class", "verdict")},
        "cases": _cases(frame, photo, predictions.lighting, truth, seed, manifest),
    }


def _measured(
    draws: Sequence[np.ndarray],
    photo: np.ndarray,
    truth: np.ndarray,
    fold: np.ndarray,
    thresholds: np.ndarray,
    urgent: np.ndarray,
    bootstrap: GroupBootstrap,
) -> dict[str, Any]:
    """Measure probabilities [n, classes]: means over draws of the answers; the calibration error of the first."""
    rows, positive, classes = np.arange(len(truth)), urgent[truth], len(urgent)

    def balanced(weights: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Mean over the folds."""
        values = [
            metrics.balanced_accuracy(
                metrics.confusion(
                    weights[:, inside], truth[chosen][inside], one.argmax(axis=1)[chosen][inside], classes
                )
            )
            for one in draws
            for inside in (fold[chosen] == number for number in np.unique(fold))
        ]
        return np.asarray(np.mean(values, axis=0))

    def pooled(weights: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        tables = [metrics.confusion(weights, truth[chosen], one.argmax(axis=1)[chosen], classes) for one in draws]
        return np.asarray(np.mean([metrics.balanced_accuracy(table) for table in tables], axis=0))

    # Answers never lower the urgency of the photo alone.
    flagged = np.mean([np.maximum(_score(one, urgent), _score(photo, urgent)) >= thresholds for one in draws], axis=0)
    right = np.mean([one.argmax(axis=1) == truth for one in draws], axis=0)
    first = draws[0]
    confidence, correct = first.max(axis=1), first.argmax(axis=1) == truth

    def of(statistic: Callable[[np.ndarray, np.ndarray], np.ndarray], rests_on: np.ndarray | None = None) -> Any:
        return bootstrap.metric(statistic, rows, rests_on)

    return {
        "balanced_accuracy_mean_of_folds": of(balanced),
        "balanced_accuracy": of(pooled),
        "accuracy": of(lambda w, r: metrics.fraction(w, right[r])),
        "urgent_sensitivity": of(lambda w, r: metrics.fraction(w, flagged[r], positive[r]), positive),
        "urgent_specificity": of(lambda w, r: metrics.fraction(w, 1 - flagged[r], ~positive[r]), ~positive),
        "ece": of(lambda w, r: metrics.expected_calibration_error(w, confidence[r], correct[r])),
        "nll": float(np.mean([negative_log_likelihood(truth, one) for one in draws])),
    }


def _cases(
    frame: pd.DataFrame, photo: np.ndarray, lighting: np.ndarray, truth: np.ndarray, seed: int, manifest: Manifest
) -> dict[str, Any]:
    """Compare lesions of several photos: the first photo alone, and up to `MAX_PHOTOS` combined by their light."""
    members = frame.groupby(["group", "lesion_id"]).indices  # a lesion_id may occur with several patients
    several = [rows[:MAX_PHOTOS] for rows in members.values() if len(rows) > 1]
    if not several:
        return {"lesions": 0}
    first = np.array([rows[0] for rows in several])
    together = np.array([normalised(lighting[rows] / lighting[rows].sum() @ np.log(photo[rows])) for rows in several])
    gain = paired_gain(manifest, frame.iloc[first].reset_index(drop=True), together, photo[first], seed)
    return {
        "lesions": len(several),
        "photos": int(sum(map(len, several))),
        "first_photo": float((photo[first].argmax(axis=1) == truth[first]).mean()),
        "combined": float((together.argmax(axis=1) == truth[first]).mean()),
        "nll_first_photo": negative_log_likelihood(truth[first], photo[first]),
        "nll_combined": negative_log_likelihood(truth[first], together),
        "gain": gain["accuracy"],
    }


def weights_in_words(rule: AnswerRule, manifest: Manifest) -> dict[str, float]:
    """Return by which factor each answer changes the odds of the urgent classes, beside equally likely classes."""
    urgent, classes = _urgent(manifest), card_classes(manifest.taxonomy.classes)
    even = np.full(len(classes), 1 / len(classes))
    before = even[urgent].sum() / even[~urgent].sum()
    factors = {}
    for question, options in CHOICES.items():
        for choice in options:
            after, _ = add_answers(even, check_answers({question: choice}, rule), rule, classes)
            factors[f"{question}={choice}"] = round(float(after[urgent].sum() / after[~urgent].sum() / before), 2)
    return factors


def _some(answers: Mapping[str, object], count: int, rng: np.random.Generator) -> dict[str, object]:
    chosen = rng.permutation(sorted(answers))[:count]
    return {str(name): answers[str(name)] for name in chosen}


def _score(probabilities: np.ndarray, urgent: np.ndarray) -> np.ndarray:
    return np.asarray(probabilities[:, urgent].sum(axis=1))


def _urgent(manifest: Manifest) -> np.ndarray:
    return np.array([entry.urgency == "urgent" for entry in manifest.taxonomy.classes])
