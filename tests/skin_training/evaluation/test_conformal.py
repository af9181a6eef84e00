"""Conformal sets: their coverage, by tone, and a comparison with crepes."""

import numpy as np
import pytest

from skin_training.evaluation.conformal import FREE_RANKS, MIN_OF_TONE, PENALTY, fit_sets
from skin_training.evaluation.thresholds import conformal_threshold
from triage.prediction_set import nonconformity, prediction_sets


def drawn(n, seed, concentration=0.5, classes=6):
    """Exact probabilities [n, classes], and classes drawn from them."""
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(classes, concentration), n)
    return probabilities, (probabilities.cumsum(axis=1) < generator.random((n, 1))).sum(axis=1)


def groups(n, seed):
    """Two tones: the model is right about "light" and far too sure about "dark"."""
    probabilities, truth = drawn(n, seed)
    tones = np.where(np.arange(n) % 2, "light", "dark")
    powers = probabilities ** np.where(tones == "dark", 4.0, 1.0)[:, None]
    return powers / powers.sum(axis=1, keepdims=True), truth, tones


def coverage_of(sets, truth, rows):
    return sets[rows, truth[rows]].mean()


def test_the_sets_are_those_of_crepes():
    crepes = pytest.importorskip("crepes", reason="needs the dev extra")
    (fit, truth, tones), (new, _, new_tones) = groups(600, 0), groups(400, 1)
    classifier = crepes.ConformalClassifier()
    classifier.fit(nonconformity(fit, PENALTY, FREE_RANKS)[np.arange(600), truth], bins=tones)
    expected = classifier.predict_set(
        nonconformity(new, PENALTY, FREE_RANKS), bins=new_tones, confidence=0.9, smoothing=False
    )
    rule, _ = fit_sets(truth, fit, tones, 0.9)
    sets = prediction_sets(new, rule, new_tones)
    np.testing.assert_array_equal(sets, np.asarray(expected, bool))


def test_the_coverage_holds_for_every_tone_and_without_tones_it_does_not():
    by_tone, together = [], []
    for seed in range(20):
        (fit, truth, tones), (new, new_truth, new_tones) = groups(600, seed), groups(2000, 100 + seed)
        rule, _ = fit_sets(truth, fit, tones, 0.9)
        sets, one = prediction_sets(new, rule, new_tones), new >= conformal_threshold(truth, fit, 0.9)
        for found, all_sets in ((by_tone, sets), (together, one)):
            found.append([coverage_of(all_sets, new_truth, np.flatnonzero(new_tones == t)) for t in ("light", "dark")])
    assert np.mean(by_tone, axis=0) == pytest.approx([0.9, 0.9], abs=0.015)
    light, dark = np.mean(together, axis=0)
    assert np.mean([light, dark]) == pytest.approx(0.9, abs=0.015)
    assert dark < 0.86


def test_photos_that_the_model_is_sure_of_do_not_make_the_sets_larger():
    found = []
    for seed in range(20):
        (fit, truth), (new, new_truth) = drawn(600, seed, 0.15), drawn(2000, 100 + seed, 0.15)
        rule, _ = fit_sets(truth, fit, np.full(600, "light"), 0.9)
        found.append(coverage_of(prediction_sets(new, rule, "light"), new_truth, np.arange(2000)))
    assert np.mean(found) == pytest.approx(0.9, abs=0.015)


def test_a_tone_with_few_photos_is_at_least_as_cautious_as_all_together():
    probabilities, truth, _ = groups(400, 2)
    tones = np.where(np.arange(400) < MIN_OF_TONE - 1, "medium", "light")
    tones[:3] = "dark"
    rule, fitted = fit_sets(truth, probabilities, tones, 0.9)
    assert fitted == {"n": {"all": 400, "dark": 3, "light": 301, "medium": 96}, "too_few": ["dark", "medium"]}
    assert rule["quantiles"]["medium"] >= rule["quantiles"]["all"]
    # Three photos cannot promise 0.9.
    assert rule["quantiles"]["dark"] == rule["quantiles"]["all"]
    few, _ = fit_sets(truth[:5], probabilities[:5], tones[:5], 0.9)
    assert prediction_sets(probabilities[:5], few, "light").all()
