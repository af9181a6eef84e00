import numpy as np
import pytest

from skin_data.statistics import grouped_bootstrap
from skin_training.evaluation.figure import FEWEST_FOR_A_FIGURE, FEWEST_GROUPS, GroupBootstrap
from skin_training.evaluation.weighted_metrics import share


def mean_of(values):
    return lambda weights, rows: (weights @ values[rows]) / weights.sum(axis=1)


def test_the_interval_is_that_of_drawing_groups_one_by_one():
    generator = np.random.default_rng(4)
    groups = generator.integers(0, 60, 400)
    values = generator.normal(size=60)[groups] + 0.3 * generator.normal(size=400)
    figure = GroupBootstrap(groups, seed=1, resamples=4000).figure(mean_of(values), np.arange(400))
    low, high = grouped_bootstrap(lambda rows: values[rows].mean(), groups, seed=2, resamples=4000)
    assert figure["value"] == pytest.approx(values.mean())
    assert figure["low"] == pytest.approx(low, abs=0.03)
    assert figure["high"] == pytest.approx(high, abs=0.03)
    assert figure["n"] == 400


def test_a_slice_is_measured_on_its_own_rows():
    values = np.arange(100.0)
    rows = np.arange(40, 80)
    figure = GroupBootstrap(np.arange(100), seed=0, resamples=300).figure(mean_of(values), rows)
    assert figure["value"] == pytest.approx(59.5)
    assert 40 < figure["low"] < 59.5 < figure["high"] < 79


def test_too_few_photos_and_undefined_figures_say_so():
    bootstrap = GroupBootstrap(np.arange(50), seed=0, resamples=10)
    few = bootstrap.figure(mean_of(np.ones(50)), np.arange(FEWEST_FOR_A_FIGURE - 1))
    assert few["value"] is None
    assert "too few" in few["why"]
    undefined = bootstrap.figure(lambda weights, rows: np.full(len(weights), np.nan), np.arange(50))
    assert undefined["value"] is None
    assert "undefined" in undefined["why"]


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).normal(size=80)
    one, two = (GroupBootstrap(np.arange(80) // 2, 7, 200).figure(mean_of(values), np.arange(80)) for _ in range(2))
    assert one == two


def test_photos_of_few_groups_have_no_interval_and_so_no_figure():
    few = GroupBootstrap(np.arange(80) % FEWEST_GROUPS, seed=0, resamples=10)
    rows = np.flatnonzero(np.arange(80) % FEWEST_GROUPS)
    figure = few.figure(mean_of(np.arange(80) % 2), rows)
    assert figure["value"] is None
    assert figure["why"] == f"too few groups to tell: {FEWEST_GROUPS - 1}"
    assert few.figure(mean_of(np.arange(80) % 2), np.arange(80))["value"] == 0.5


def test_groups_are_counted_among_the_photos_that_a_figure_rests_on():
    positive = np.arange(225) < 25
    bootstrap = GroupBootstrap(np.where(positive, 0, np.arange(225)), seed=0, resamples=10)
    hit = np.arange(225) % 5 > 0
    figure = bootstrap.figure(lambda w, r: share(w, hit[r], positive[r]), np.arange(225), positive)
    assert (figure["value"], figure["n"], figure["why"]) == (None, 25, "too few groups to tell: 1")


def test_with_as_many_groups_as_are_asked_for_intervals_nearly_keep_their_promise():
    generator = np.random.default_rng(0)
    covered = []
    for seed in range(200):
        groups = np.repeat(np.arange(FEWEST_GROUPS), 3)
        values = generator.normal(size=FEWEST_GROUPS)[groups] + 0.5 * generator.normal(size=len(groups))
        figure = GroupBootstrap(groups, seed, 300).figure(mean_of(values), np.arange(len(groups)))
        covered.append(figure["low"] <= 0 <= figure["high"])
    assert np.mean(covered) > 0.8
