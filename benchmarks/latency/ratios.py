"""Ratios of latencies with intervals, and what may be concluded from them.

Rounds are few, and a bootstrap over three of them ends at the fastest and the slowest. So the intervals are Student's,
on logarithms, and those of two independent measurements Welch's ("The generalization of 'Student's' problem", 1947).
"""

from typing import TypedDict

import numpy as np
import numpy.typing as npt

# fmt: off
T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
)
# fmt: on
"""97.5 % quantiles of Student's t for 1 to 20 degrees of freedom (more count as 20): `skin-distill benchmark` needs no
SciPy."""


class Ratio(TypedDict):
    """Geometric mean and bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def paired_ratio(medians: npt.ArrayLike, base: npt.ArrayLike) -> Ratio:
    """Return the ratio to the reference of two or more rounds' medians; what slows a whole round down cancels out."""
    ratios = np.log(np.asarray(medians) / np.asarray(base))
    return _with_interval(ratios.mean(), ratios.var(ddof=1) / len(ratios), len(ratios) - 1)


def unpaired_ratio(medians: npt.ArrayLike, base: npt.ArrayLike) -> Ratio:
    """Return the ratio of two independent measurements; arguments as in `paired_ratio`."""
    logs = [np.log(np.asarray(values)) for values in (medians, base)]
    parts = [one.var(ddof=1) / len(one) for one in logs]
    spread = sum(part**2 / (len(one) - 1) for part, one in zip(parts, logs, strict=True))
    freedom = sum(parts) ** 2 / spread if spread else 1
    return _with_interval(logs[0].mean() - logs[1].mean(), sum(parts), int(freedom))


def verdict(ratio: Ratio) -> str:
    """Return "faster" or "slower", or "cannot tell" where the interval includes 1."""
    if ratio["low"] <= 1 <= ratio["high"]:
        return "cannot tell"
    return "faster" if ratio["value"] < 1 else "slower"


def _with_interval(log_ratio: float, variance: float, freedom: int) -> Ratio:
    half = T_975[min(freedom, len(T_975)) - 1] * np.sqrt(variance)
    low, high = np.exp([log_ratio - half, log_ratio + half])
    return {"value": float(np.exp(log_ratio)), "low": float(low), "high": float(high)}
