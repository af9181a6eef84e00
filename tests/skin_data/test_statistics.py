import numpy as np
import pytest
from sklearn import metrics

from skin_data import statistics


@pytest.fixture
def answers():
    generator = np.random.default_rng(3)
    truth = generator.integers(0, 4, 300)
    probabilities = generator.dirichlet(np.ones(5), 300)
    probabilities[np.arange(150), truth[:150]] += 1
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_metrics_equal_scikit_learn(answers):
    truth, probabilities = answers
    answer = probabilities.argmax(axis=1)
    assert statistics.accuracy(truth, answer) == pytest.approx(metrics.accuracy_score(truth, answer))
    assert statistics.balanced_accuracy(truth, answer, 5) == pytest.approx(np.mean([
        metrics.recall_score(truth, answer, labels=[c], average=None)[0] for c in range(4)
    ]))  # fmt: skip


def mean_of(values):
    return lambda weights, rows: (weights @ values[rows]) / weights.sum(axis=1)


def test_bootstrap_over_single_groups_covers_the_normal_interval():
    values = np.random.default_rng(0).normal(size=400)
    value, low, high = statistics.GroupDraws(np.arange(400), 0, 2000).interval(mean_of(values), np.arange(400))
    half = 1.96 * values.std() / 20
    assert value == pytest.approx(values.mean())
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_bootstrap_draws_whole_groups():
    values = np.repeat(np.random.default_rng(1).normal(size=20), 10)
    rows = np.arange(200)
    seen = []

    def mean(weights, rows):
        seen.append(weights)
        return mean_of(values)(weights, rows)

    _, low, high = statistics.GroupDraws(np.repeat(np.arange(20), 10)).interval(mean, rows)
    weights = np.concatenate(seen).reshape(-1, 20, 10)
    assert (weights == weights[..., :1]).all() and (weights.sum(axis=(1, 2)) == 200).all()
    _, one_low, one_high = statistics.GroupDraws(rows).interval(mean_of(values), rows)
    assert high - low > 2 * (one_high - one_low)  # repeated photos must not feign certainty


def test_the_interval_is_that_of_drawing_groups_one_by_one():
    generator = np.random.default_rng(4)
    groups = generator.integers(0, 60, 400)
    values = generator.normal(size=60)[groups] + 0.3 * generator.normal(size=400)
    _, *found = statistics.GroupDraws(groups, seed=1, resamples=4000).interval(mean_of(values), np.arange(400))
    rows_of = [np.flatnonzero(groups == group) for group in range(60)]
    means = [values[np.concatenate([rows_of[g] for g in generator.integers(0, 60, 60)])].mean() for _ in range(4000)]
    np.testing.assert_allclose(found, np.quantile(means, [0.025, 0.975]), atol=0.03)
