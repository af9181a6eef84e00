import numpy as np
import pandas as pd
import pytest

from benchmarks.epoch_choice import judge_rules, read_phases, trend_of
from triage.errors import UnusableInput


def test_the_trend_keeps_a_line_and_smooths_noise():
    line = np.linspace(0.2, 0.8, 20)
    np.testing.assert_allclose(trend_of(line), line)
    noise = np.random.default_rng(0).normal(0, 0.02, 20)
    assert np.abs(trend_of(line + noise) - line).mean() < 0.7 * np.abs(noise).mean()


def test_choosing_the_highest_follows_noise_where_the_trend_is_flat():
    random = np.random.default_rng(1)
    noisy = {name: 0.6 + random.normal(0, 0.02, 20) for name in ("balanced_accuracy", "accuracy")}
    rules = judge_rules([noisy], draws=400)
    assert rules["last epoch"]["spread"] == 0
    assert rules["highest balanced accuracy"]["spread"] > 0.1
    assert rules["highest balanced accuracy"]["flattery"] > 0.01 > abs(rules["last epoch"]["flattery"])


def test_short_phases_are_left_out_and_none_at_all_is_refused(tmp_path):
    path = tmp_path / "metrics.csv"
    names = ["short"] * 3 + ["long"] * 9
    pd.DataFrame({"phase": names, "val_accuracy": 0.5, "val_balanced_accuracy": 0.4}).to_csv(path)
    (only,) = read_phases([path])
    assert len(only["accuracy"]) == 9
    pd.read_csv(path).head(3).to_csv(path)
    with pytest.raises(UnusableInput, match=r"metrics\.csv"):
        read_phases([path])
