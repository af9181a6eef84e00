"""Metrics, latencies and sizes as text, the same in every table of the report."""

from typing import Any

from skin_training.evaluation.metric import wilson_interval

NOT_MEASURED = "not measured"
SPACE = "\N{NO-BREAK SPACE}"


def bounds(metric: dict[str, Any]) -> tuple[float, float] | None:
    """Return the ends of a fraction's 95 % interval; in earlier reports that of 0 or n of n has no width."""
    if metric.get("low") is None:
        return None
    low, high = metric["low"], metric["high"]
    return wilson_interval(metric["value"], metric["n"]) if low == high else (low, high)


def percentage(metric: dict[str, Any] | None) -> str:
    """Format a fraction with its 95 % interval: `61.0 % (57.2 to 64.6)`."""
    if metric is None or metric.get("value") is None:
        return NOT_MEASURED
    value, ends = f"{100 * metric['value']:.1f}{SPACE}%", bounds(metric)
    return f"{value} ({100 * ends[0]:.1f}{SPACE}to{SPACE}{100 * ends[1]:.1f})" if ends else value


def of_hundred(metric: dict[str, Any]) -> str:
    """Format a fraction for a sentence about 100 photos: `43 (37 to 50)`."""
    ends = bounds(metric)
    interval = f" ({100 * ends[0]:.0f}{SPACE}to{SPACE}{100 * ends[1]:.0f})" if ends else ""
    return f"{100 * metric['value']:.0f}{interval}"


def count(photos: int) -> str:
    """Format a number of photos as `n = 235`."""
    return f"n{SPACE}={SPACE}{photos}"


def megabytes(size: int | None) -> str:
    """Format bytes as `1.38 MB`."""
    return NOT_MEASURED if size is None else f"{size / 1e6:.2f}{SPACE}MB"


def latency(result: dict[str, Any] | None) -> str:
    """Format a latency as `1.95 ms (p90 2.16)`, with the number of threads if more than one."""
    if result is None:
        return NOT_MEASURED
    slow = f" (p90 {result['p90_ms']:.2f})" if "p90_ms" in result else ""
    threads = f", {result['threads']} threads" if result["threads"] > 1 else ""
    return f"{result['p50_ms']:.2f}{SPACE}ms{slow}{threads}"


def gates(passed: bool | None, failed: tuple[str, ...], inconclusive: tuple[str, ...]) -> str:
    """Format the result of `verify`: `passed`, or `failed (agreement; too few photos: tone dark)`."""
    if passed is None:
        return NOT_MEASURED
    remarks = [", ".join(failed)] if failed else []
    if inconclusive:
        remarks.append(f"too few photos: {', '.join(inconclusive)}")
    verdict = "passed" if passed else "failed"
    return f"{verdict} ({'; '.join(remarks)})" if remarks else verdict
