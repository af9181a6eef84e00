import numpy as np
import pytest
from scipy.stats import binomtest

from skin_training.evaluation.metric import MIN_GROUPS, MIN_PHOTOS, GroupBootstrap, with_rule_of_three
from skin_training.evaluation.weighted_metrics import fraction


def mean_of(values):
    return lambda weights, rows: (weights @ values[rows]) / weights.sum(axis=1)


def test_a_slice_is_measured_on_its_own_rows():
    values = np.arange(100.0)
    rows = np.arange(40, 80)
    metric = GroupBootstrap(np.arange(100), seed=0, resamples=300).metric(mean_of(values), rows)
    assert metric["value"] == pytest.approx(59.5)
    assert 40 < metric["low"] < 59.5 < metric["high"] < 79


def test_too_few_photos_and_undefined_figures_say_so():
    bootstrap = GroupBootstrap(np.arange(50), seed=0, resamples=10)
    few = bootstrap.metric(mean_of(np.ones(50)), np.arange(MIN_PHOTOS - 1))
    assert few["value"] is None
    assert "too few" in few["why"]
    undefined = bootstrap.metric(lambda weights, rows: np.full(len(weights), np.nan), np.arange(50))
    assert undefined["value"] is None
    assert "undefined" in undefined["why"]


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).normal(size=80)
    one, two = (GroupBootstrap(np.arange(80) // 2, 7, 200).metric(mean_of(values), np.arange(80)) for _ in range(2))
    assert one == two


def test_photos_of_few_groups_have_no_interval_and_so_no_figure():
    few = GroupBootstrap(np.arange(80) % MIN_GROUPS, seed=0, resamples=10)
    rows = np.flatnonzero(np.arange(80) % MIN_GROUPS)
    metric = few.metric(mean_of(np.arange(80) % 2), rows)
    assert metric["value"] is None
    assert metric["why"] == f"too few groups to tell: {MIN_GROUPS - 1}"
    assert few.metric(mean_of(np.arange(80) % 2), np.arange(80))["value"] == 0.5


def test_groups_are_counted_among_the_photos_that_a_figure_rests_on():
    positive = np.arange(225) < 25
    bootstrap = GroupBootstrap(np.where(positive, 0, np.arange(225)), seed=0, resamples=10)
    hit = np.arange(225) % 5 > 0
    metric = bootstrap.metric(lambda w, r: fraction(w, hit[r], positive[r]), np.arange(225), positive)
    assert (metric["value"], metric["n"], metric["why"]) == (None, 25, "too few groups to tell: 1")


def test_with_as_many_groups_as_are_asked_for_intervals_nearly_keep_their_promise():
    generator = np.random.default_rng(0)
    covered = []
    for seed in range(200):
        groups = np.repeat(np.arange(MIN_GROUPS), 3)
        values = generator.normal(size=MIN_GROUPS)[groups] + 0.5 * generator.normal(size=len(groups))
        metric = GroupBootstrap(groups, seed, 300).metric(mean_of(values), np.arange(len(groups)))
        covered.append(metric["low"] <= 0 <= metric["high"])
    assert np.mean(covered) > 0.8


@pytest.mark.parametrize("hits", [0, 40])
def test_none_or_all_of_the_photos_have_the_interval_of_wilson_over_groups(hits):
    values = np.repeat(np.arange(40) < hits, 2)  # two photos of each lesion
    metric = GroupBootstrap(np.arange(80) // 2, 0, 50).metric(mean_of(values), np.arange(80))
    low, high = binomtest(hits, 40).proportion_ci(method="wilson")
    assert (metric["value"], metric["low"], metric["high"]) == pytest.approx((hits / 40, low, high))
    assert metric["low"] < metric["high"]


def test_a_difference_is_no_proportion():
    same = GroupBootstrap(np.arange(40), 0, 50).metric(mean_of(np.zeros(40)), np.arange(40), proportion=False)
    assert (same["low"], same["high"]) == (0, 0)
    change = with_rule_of_three(same)
    assert (change["low"], change["high"]) == (-3 / 40, 3 / 40)
    assert with_rule_of_three({**same, "low": -0.1}) == {**same, "low": -0.1}
