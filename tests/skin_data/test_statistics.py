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


def test_figures_equal_scikit_learn(answers):
    truth, probabilities = answers
    answer = probabilities.argmax(axis=1)
    assert statistics.accuracy(truth, answer) == pytest.approx(metrics.accuracy_score(truth, answer))
    assert statistics.balanced_accuracy(truth, answer, 5) == pytest.approx(np.mean([
        metrics.recall_score(truth, answer, labels=[c], average=None)[0] for c in range(4)
    ]))  # fmt: skip


def test_bootstrap_over_single_groups_covers_the_normal_interval():
    values = np.random.default_rng(0).normal(size=400)
    low, high = statistics.grouped_bootstrap(lambda rows: values[rows].mean(), np.arange(400), resamples=2000)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.02)
    assert high == pytest.approx(values.mean() + half, abs=0.02)


def test_bootstrap_draws_whole_groups():
    groups = np.repeat(np.arange(20), 10)
    values = np.repeat(np.random.default_rng(1).normal(size=20), 10)
    sizes = set()

    def mean(rows):
        sizes.add(len(rows) % 10)
        return values[rows].mean()

    low, high = statistics.grouped_bootstrap(mean, groups)
    assert sizes == {0}
    narrow = statistics.grouped_bootstrap(lambda rows: values[rows].mean(), np.arange(200))
    assert high - low > 2 * (narrow[1] - narrow[0])  # repeated photos must not feign certainty
