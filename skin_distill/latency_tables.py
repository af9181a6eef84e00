"""Benchmark results as tables."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from skin_distill.terminal import Terminal

TOP_OPERATORS = 8
"""Operators that the table of a profile shows."""
BUSY_LOAD = 0.5
"""Load average for each core, before the measurement, from which times are not to be trusted."""


def show_latency(result: dict[str, Any], terminal: Terminal) -> None:
    """Print a result of `benchmarks.latency.interleaved.benchmark`."""
    measured = [r for r in result["results"] if "why" not in r]
    times = ("p50_ms", "p90_ms", "p99_ms", "mean_ms")
    terminal.table(
        f"Latency of one photo in ms, {result['mode']}",
        ("model", "threads", "p50", "p90", "p99", "mean", "spread", "ratio to first"),
        [
            (r["model"], r["threads"], *(f"{r[t]:.2f}" for t in times), f"{r['spread']:.0%}", ratio_text(r["ratio"]))
            for r in measured
        ],
        caption=_machine_text(result["machine"]) + _noise_text(result),
    )
    threads = measured[0]["threads"]
    terminal.table(
        f"File and process, {threads} thread{'' if threads == 1 else 's'}",
        ("model", "MB", "load ms", "first ms", "peak MB", "XNNPACK partitions", "operators outside"),
        [
            (
                r["model"],
                f"{r['bytes'] / 1e6:.2f}",
                f"{r['load_ms']:.0f}",
                f"{r['first_ms']:.1f}",
                f"{r['peak_rss_mb']:.0f}",
                *_partitions_text(result["files"].get(r["model"])),
            )
            for r in measured
            if r["threads"] == threads
        ],
        caption="Load: in a fresh Python process, imports included.",
    )
    for r in result["results"]:
        if "why" in r:
            terminal.result(None, f"{r['model']} cannot be run: {r['why']}")


def show_profiles(result: dict[str, Any], terminal: Terminal) -> None:
    """Print the operator profile of each file."""
    for name, file in result["files"].items():
        profile = file["profile"]
        if "why" in profile:
            terminal.result(None, f"No operator profile of {name}: {profile['why']}.")
            continue
        terminal.table(
            f"Time by operator: {name}",
            ("operator", "count", "ms", "of total"),
            [
                (row["operator"], row["count"], f"{row['ms']:.3f}", f"{100 * row['share']:.0f} %")
                for row in profile["operators"][:TOP_OPERATORS]
            ],
            caption=f"LiteRT's profiler, {profile['runs']} runs on one thread, {profile['total_ms']:.2f} ms in total.",
        )


def show_comparison(comparison: dict[str, Any], terminal: Terminal) -> None:
    """Print a result of `benchmarks.latency.compare.compare`."""
    if not comparison["rows"]:
        terminal.result(None, "Nothing to compare: the two results share no model and thread count.")
        return
    terminal.table(
        "Compared with the earlier result",
        ("model", "threads", "before ms", "now ms", "ratio", "verdict", "file"),
        [
            (
                row["model"],
                row["threads"],
                f"{row['old_p50_ms']:.2f}",
                f"{row['new_p50_ms']:.2f}",
                ratio_text(row["ratio"]),
                row["verdict"],
                {True: "same", False: "different", None: "unknown"}[row["same_file"]],
            )
            for row in comparison["rows"]
        ],
        caption="".join(
            f"Different {name}: {then} before, {now} now. " for name, (now, then) in comparison["differences"].items()
        ),
    )


def show_end_to_end(result: dict[str, Any], terminal: Terminal) -> None:
    """Print a result of `benchmarks.latency.end_to_end.measure`."""
    parts = ("decode", "light", "skin", "crop", "inference", "post")
    terminal.table(
        f"From photo to prediction in ms (medians), {result['model']}",
        ("photo", "cores", *parts, "total", "bare", "total to bare"),
        [
            (
                row["photo"],
                row["cores"],
                *(f"{row['parts_ms'][part]:.2f}" if part in row["parts_ms"] else "" for part in parts),
                f"{row['whole_ms']:.2f}",
                f"{row['bare_ms']:.2f}",
                ratio_text(row["ratio"]),
            )
            for row in result["results"]
        ],
        caption="Bare: OpenCV decoding and the network alone, in the same rounds. On two cores, lighting is "
        "measured while the network runs. " + _machine_text(result["machine"]) + _noise_text(result),
    )


def ratio_text(ratio: Mapping[str, float]) -> str:
    """Format a ratio as `0.61 (0.58 to 0.64)`."""
    decimals = 2 if ratio["value"] < 10 else 1
    value, *interval = (f"{ratio[key]:.{decimals}f}" for key in ("value", "low", "high") if key in ratio)
    return f"{value} ({' to '.join(interval)})" if interval else value


def _machine_text(machine: dict[str, Any]) -> str:
    load = "unknown" if machine["load_average"] is None else f"{machine['load_average']:.1f}"
    governor = machine["governor"] or "unknown"
    return f"{machine['cpu']}, {machine['cores']} cores, load {load}, governor {governor}, {machine['runtime']}."


def _noise_text(result: dict[str, Any]) -> str:
    text, machine = "", result["machine"]
    load = machine.get("load_average_before", machine["load_average"])
    if load is not None and machine["cores"] and load > BUSY_LOAD * machine["cores"]:
        text += f" Do not trust these times: the machine was busy (load {load:.1f}). Close other programs and repeat."
    if result["noisy"]:
        text += " Too noisy for small differences: rounds of the same measurement differ by more than 15 %."
    return text


def _partitions_text(file: dict[str, Any] | None) -> tuple[str, str]:
    if file is None:
        return "", ""
    outside = Counter(file["partitions"]["outside"])
    counted = ", ".join(name if count == 1 else f"{count} {name}" for name, count in outside.items())
    return str(file["partitions"]["count"]), counted or "none"
