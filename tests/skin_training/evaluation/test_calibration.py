import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skin_training.evaluation.calibration import (
    ece_if_calibrated,
    fit_calibrator,
    fit_linear_map,
    fit_temperature,
    negative_log_likelihood,
    reliability_bins,
    scale_by_temperature,
)
from skin_training.evaluation.thresholds import conformal_threshold, urgent_threshold
from skin_training.evaluation.weighted_metrics import expected_calibration_error
from triage.assessment import apply_temperature


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def drawn(probabilities, generator):
    return np.array([generator.choice(len(p), p=p) for p in probabilities])


def test_temperature_undoes_overconfidence():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(4000, 5)) * 2
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([generator.choice(5, p=p) for p in true])
    overconfident = scale_by_temperature(true, 1 / 3)
    assert fit_temperature(truth, overconfident) == pytest.approx(3.0, rel=0.08)
    assert fit_temperature(truth, true) == pytest.approx(1.0, rel=0.06)


def test_chance_alone_explains_the_error_of_true_probabilities_and_not_of_overconfident_ones():
    generator = np.random.default_rng(7)
    true = softmax(generator.normal(size=(400, 5)) * 2)

    def share_by_chance(answers):
        truth, confidence = drawn(true, generator), answers.max(axis=1)
        error = expected_calibration_error(np.ones((1, 400)), confidence, answers.argmax(axis=1) == truth)[0]
        return ece_if_calibrated(confidence, error, resamples=200)["p"]

    # Of exact probabilities every value of p is equally likely.
    assert np.mean([share_by_chance(true) for _ in range(40)]) == pytest.approx(0.5, abs=0.15)
    assert share_by_chance(scale_by_temperature(true, 1 / 3)) == pytest.approx(1 / 201)
    # One bin, in closed form: the mean absolute deviation of a binomial share.
    alone = ece_if_calibrated(np.full(400, 0.5), 0.0)
    assert alone["mean"] == pytest.approx(np.sqrt(2 / np.pi) * 0.5 / 20, rel=0.06)
    assert alone["mean"] < alone["high"]


def test_the_urgent_threshold_catches_its_share():
    generator = np.random.default_rng(1)
    urgent = generator.random(500) < 0.2
    score = np.where(urgent, generator.beta(4, 2, 500), generator.beta(2, 5, 500))
    threshold = urgent_threshold(urgent, score, 0.9)
    caught = (score[urgent] >= threshold).mean()
    assert 0.9 <= caught < 0.93
    assert urgent_threshold(np.zeros(5, bool), score[:5]) == 0.5


def test_temperature_is_applied_as_on_the_device():
    probabilities = np.random.default_rng(2).dirichlet(np.ones(6) * 0.2, 20)
    probabilities[0] = [1, 0, 0, 0, 0, 0]
    on_device = np.stack([apply_temperature(row, 1.7) for row in probabilities])
    np.testing.assert_allclose(scale_by_temperature(probabilities, 1.7), on_device, atol=1e-12)


def test_vector_scaling_undoes_a_scale_and_a_shift_of_each_class():
    generator = np.random.default_rng(3)
    logits = generator.normal(size=(4000, 4)) * 2
    truth = drawn(softmax(logits), generator)
    seen = softmax(logits * [3.0, 2.0, 2.5, 2.0] + [1.0, 0.0, -0.5, 0.0])
    weights, bias = fit_linear_map(truth, seen, diagonal=True)
    assert np.count_nonzero(weights - np.diag(weights.diagonal())) == 0
    calibrate, parameters = fit_calibrator("vector", truth, seen)
    np.testing.assert_allclose(calibrate(seen), softmax(np.log(np.maximum(seen, 1e-12)) @ weights + bias), atol=1e-9)
    assert parameters["weights"] == pytest.approx(weights.diagonal().tolist())
    temperature = scale_by_temperature(seen, fit_temperature(truth, seen))
    best = negative_log_likelihood(truth, softmax(logits))
    assert negative_log_likelihood(truth, calibrate(seen)) < negative_log_likelihood(truth, temperature) - 0.01
    assert negative_log_likelihood(truth, calibrate(seen)) < best + 0.05


def test_dirichlet_calibration_without_a_penalty_is_logistic_regression_on_log_probabilities():
    generator = np.random.default_rng(5)
    logits = generator.normal(size=(1500, 3)) * 2
    truth = drawn(softmax(logits @ np.array([[1.0, 0.4, 0.0], [0.0, 1.0, 0.0], [0.3, 0.0, 0.7]])), generator)
    seen = softmax(logits)
    weights, bias = fit_linear_map(truth, seen, diagonal=False, penalty=0.0)
    regression = LogisticRegression(C=1e8, max_iter=2000, tol=1e-8).fit(np.log(seen), truth)
    np.testing.assert_allclose(
        softmax(np.log(seen) @ weights + bias), regression.predict_proba(np.log(seen)), atol=2e-3
    )


def test_the_bins_of_the_reliability_diagram_add_up_to_the_calibration_error():
    generator = np.random.default_rng(6)
    probabilities = generator.dirichlet(np.ones(4) * 0.5, 500)
    truth = generator.integers(0, 4, 500)
    bins = reliability_bins(truth, probabilities)
    assert sum(b["n"] for b in bins) == 500
    error = sum(b["n"] * abs(b["confidence"] - b["accuracy"]) for b in bins if b["n"]) / 500
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    assert error == pytest.approx(expected_calibration_error(np.ones((1, 500)), confidence, right)[0])
    assert all(b["accuracy"] is None for b in bins if not b["n"])


def test_conformal_sets_hold_the_truth_as_often_as_promised():
    generator = np.random.default_rng(7)
    covered = []
    for _ in range(200):
        probabilities = generator.dirichlet(np.ones(5) * 0.4, 250)
        truth = drawn(softmax(np.log(probabilities + 1e-9) * 0.5), generator)  # an overconfident model
        threshold = conformal_threshold(truth[:100], probabilities[:100], 0.8)
        sets = probabilities[100:] >= threshold
        covered.append(sets[np.arange(150), truth[100:]].mean())
    # On average between the coverage and the coverage + 1 / (n + 1).
    assert 0.79 < np.mean(covered) < 0.82
    assert conformal_threshold(truth[:5], probabilities[:5], 0.9) == 0.0
