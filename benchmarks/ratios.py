"""Ratios of latencies with intervals, and what may be said about them."""

import numpy as np

RESAMPLES = 1000


def paired_ratio(medians: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Ratio round by round, so that what slows a whole round down cancels out.

    Args:
        medians: of each round.
        base: of the same rounds, of the reference.

    Returns:
        `value` (geometric mean), and `low` and `high` of a 95 % percentile interval over rounds.
    """
    ratios = np.log(np.asarray(medians) / np.asarray(base))
    draws = np.random.default_rng(0).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    return _figure(ratios.mean(), ratios[draws].mean(axis=1))


def unpaired_ratio(medians: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Ratio of two measurements that have nothing in common; arguments and result as in `paired_ratio`."""
    logs = [np.log(np.asarray(values)) for values in (medians, base)]
    generator = np.random.default_rng(0)
    means = [one[generator.integers(0, len(one), (RESAMPLES, len(one)))].mean(axis=1) for one in logs]
    return _figure(logs[0].mean() - logs[1].mean(), means[0] - means[1])


def verdict(ratio: dict[str, float]) -> str:
    """Say "faster" or "slower", or "cannot tell" where the interval holds 1."""
    if ratio["low"] <= 1 <= ratio["high"]:
        return "cannot tell"
    return "faster" if ratio["value"] < 1 else "slower"


def _figure(log_ratio: float, draws: np.ndarray) -> dict[str, float]:
    low, high = np.exp(np.quantile(draws, [0.025, 0.975]))
    return {"value": float(np.exp(log_ratio)), "low": float(low), "high": float(high)}
