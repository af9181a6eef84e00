"""A metric with its interval, or the reason why there is none."""

import numpy as np

from skin_data.statistics import LEVEL, GroupDraws, Statistic
from skin_training.report_types import Metric

MIN_PHOTOS = 20
"""A slice with fewer photos gets no metric: its interval would span half the scale."""
MIN_GROUPS = 10
"""With fewer groups, 95 % intervals cover the true value in 50 to 88 % of cases."""


class GroupBootstrap(GroupDraws):
    """Metrics of a split's photos, with intervals from one set of draws of whole groups."""

    def metric(
        self,
        statistic: Statistic,
        rows: np.ndarray,
        rests_on: np.ndarray | None = None,
        level: float = LEVEL,
        proportion: bool = True,
    ) -> Metric:
        """Return `{value, low, high, n}` with a percentile interval; without a value, None and `why`.

        Where all draws of a proportion are equal, such as those of 0 of n, the interval is Wilson's (1927), with the
        number of groups as n.

        Args:
            statistic: see `Statistic`; draws for which it is NaN are left out of the interval.
            rows: int [m], the photos it is about.
            rests_on: bool [m], the photos of its denominator, which have to be enough; None is all.
            level: of the interval.
            proportion: the statistic lies between 0 and 1; false for differences and means.
        """
        denominator = rows if rests_on is None else rows[rests_on]
        n, groups = len(denominator), self.group_count(denominator)
        if n < MIN_PHOTOS:
            return without_value(n, "too few samples to tell")
        if groups < MIN_GROUPS:
            return without_value(n, f"too few groups to tell: {groups}")
        value, low, high = self.interval(statistic, rows, level)
        if np.isnan(value):
            return without_value(n, "undefined: one class only")
        if proportion and low == high:
            low, high = wilson_interval(value, groups, level)
        return {"value": value, "low": low, "high": high, "n": n}


def wilson_interval(value: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the low and high end of Wilson's interval (1927) of a proportion of n, which always has a width."""
    from scipy.stats import binomtest

    low, high = binomtest(round(value * n), n).proportion_ci(level, method="wilson")
    return float(low), float(high)


def with_rule_of_three(change: Metric) -> Metric:
    """Return a paired change of accuracy; where no draw differs from 0, with an interval of 3 / n to both sides.

    An event that n photos never show may have a rate of up to 3 / n (Hanley and Lippman-Hand 1983).
    """
    if change["low"] == change["high"] == 0:
        return {**change, "low": -3 / change["n"], "high": 3 / change["n"]}
    return change


def minority_of(positive: np.ndarray) -> np.ndarray:
    """Return bool [m], the rarer side of bool [m]: what a metric of both sides rests on."""
    return positive if positive.sum() <= (~positive).sum() else ~positive


def without_interval(metric: Metric) -> Metric:
    """Return a metric with bounds None.

    For a calibration error: each draw adds noise to its bins, which the absolute value turns into error, so that the
    draws lie above the value that they should bound. `ece_if_calibrated` says what chance alone gives.
    """
    return {**metric, "low": None, "high": None}


def without_value(n: int, why: str) -> Metric:
    """Return what stands for a metric that cannot be measured on n photos."""
    return {"value": None, "low": None, "high": None, "n": n, "why": why}
