"""Figures in words, the same in every table of the report."""

from typing import Any

NOT_MEASURED = "not measured"
SPACE = "\N{NO-BREAK SPACE}"
"""Between what no line may end."""


def share(figure: dict[str, Any] | None) -> str:
    """Write a share with its 95 % interval: `61.0 % (57.2 to 64.6)`."""
    if figure is None:
        return NOT_MEASURED
    value = f"{100 * figure['value']:.1f}{SPACE}%"
    if figure.get("low") is None:
        return value
    return f"{value} ({100 * figure['low']:.1f}{SPACE}to{SPACE}{100 * figure['high']:.1f})"


def count(photos: int) -> str:
    """Write a number of photos as `n = 235`."""
    return f"n{SPACE}={SPACE}{photos}"


def megabytes(size: int | None) -> str:
    """Write bytes as `1.38 MB`."""
    return NOT_MEASURED if size is None else f"{size / 1e6:.2f}{SPACE}MB"


def latency(result: dict[str, Any] | None) -> str:
    """Write a latency as `1.95 ms (p90 2.16)`, with the threads where they are several."""
    if result is None:
        return NOT_MEASURED
    slow = f" (p90 {result['p90_ms']:.2f})" if "p90_ms" in result else ""
    threads = f", {result['threads']} threads" if result["threads"] > 1 else ""
    return f"{result['p50_ms']:.2f}{SPACE}ms{slow}{threads}"


def gates(passed: bool | None, failed: tuple[str, ...], untold: tuple[str, ...]) -> str:
    """Write what `verify` found: `passed`, or `refused (agreement; cannot tell: tone dark)`."""
    if passed is None:
        return NOT_MEASURED
    remarks = [", ".join(failed)] if failed else []
    if untold:
        remarks.append(f"cannot tell: {', '.join(untold)}")
    told = "passed" if passed else "refused"
    return f"{told} ({'; '.join(remarks)})" if remarks else told
