"""Metrics, latencies and sizes as text, the same in every table of the report."""

from typing import Any

NOT_MEASURED = "not measured"
SPACE = "\N{NO-BREAK SPACE}"


def percentage(metric: dict[str, Any] | None) -> str:
    """Format a fraction with its 95 % interval: `61.0 % (57.2 to 64.6)`."""
    if metric is None:
        return NOT_MEASURED
    value = f"{100 * metric['value']:.1f}{SPACE}%"
    if metric.get("low") is None:
        return value
    return f"{value} ({100 * metric['low']:.1f}{SPACE}to{SPACE}{100 * metric['high']:.1f})"


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
