"""Ratios of latencies with intervals, and what may be said about them.

Rounds are few, and a bootstrap over three of them ends at the fastest and the slowest. So the intervals are Student's,
on logarithms, and those of two measurements Welch's ("The generalization of 'Student's' problem", 1947).
"""

import numpy as np

# fmt: off
T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
)
# fmt: on
"""Student's t that 2.5 % lie above, for 1 to 20 degrees of freedom; more are taken as 20."""


def paired_ratio(medians: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Ratio round by round, so that what slows a whole round down cancels out.

    Args:
        medians: of each round, two or more.
        base: of the same rounds, of the reference.

    Returns:
        `value` (geometric mean), and `low` and `high` of a 95 % interval over rounds.
    """
    ratios = np.log(np.asarray(medians) / np.asarray(base))
    return _figure(ratios.mean(), ratios.var(ddof=1) / len(ratios), len(ratios) - 1)


def unpaired_ratio(medians: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Ratio of two measurements that have nothing in common; arguments and result as in `paired_ratio`."""
    logs = [np.log(np.asarray(values)) for values in (medians, base)]
    parts = [one.var(ddof=1) / len(one) for one in logs]
    spread = sum(part**2 / (len(one) - 1) for part, one in zip(parts, logs, strict=True))
    freedom = sum(parts) ** 2 / spread if spread else 1
    return _figure(logs[0].mean() - logs[1].mean(), sum(parts), freedom)


def verdict(ratio: dict[str, float]) -> str:
    """Say "faster" or "slower", or "cannot tell" where the interval holds 1."""
    if ratio["low"] <= 1 <= ratio["high"]:
        return "cannot tell"
    return "faster" if ratio["value"] < 1 else "slower"


def _figure(log_ratio: float, variance: float, freedom: float) -> dict[str, float]:
    half = T_975[min(int(freedom), len(T_975)) - 1] * np.sqrt(variance)
    low, high = np.exp([log_ratio - half, log_ratio + half])
    return {"value": float(np.exp(log_ratio)), "low": float(low), "high": float(high)}
