"""Results of benchmarks as tables."""

from typing import Any

from skin_distill.terminal import Terminal

MOST_OPERATORS = 8
"""Kinds of operators that a profile's table shows."""


def show_latency(result: dict[str, Any], terminal: Terminal) -> None:
    """Print what `benchmarks.latency.interleaved.benchmark` gave."""
    machine = result["machine"]
    measured = [r for r in result["results"] if "why" not in r]
    terminal.table(
        f"Latency of one photo in ms, {result['mode']}",
        ("model", "threads", "p50", "p90", "p99", "mean", "spread", "to the first"),
        [
            (
                r["model"],
                r["threads"],
                *(f"{r[key]:.2f}" for key in ("p50_ms", "p90_ms", "p99_ms", "mean_ms")),
                f"{100 * r['spread']:.0f} %",
                ratio_text(r["ratio"]),
            )
            for r in measured
        ],
        caption=_machine_text(machine) + _noise_text(result),
    )
    terminal.table(
        f"File and process, {_threads(measured[0]['threads'])}",
        ("model", "MB", "load ms", "first ms", "peak MB", "parts in XNNPACK", "operators outside"),
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
            if r["threads"] == measured[0]["threads"]
        ],
        caption="Load: from an empty Python, libraries included.",
    )
    for r in result["results"]:
        if "why" in r:
            terminal.result(None, f"{r['model']} cannot be run: {r['why']}")


def show_profiles(result: dict[str, Any], terminal: Terminal) -> None:
    """Print where each file's time goes."""
    for name, file in result["files"].items():
        profile = file["profile"]
        if "why" in profile:
            terminal.result(None, f"No operator profile of {name}: {profile['why']}.")
            continue
        terminal.table(
            f"Where the time goes: {name}",
            ("operator", "count", "ms", "share"),
            [
                (row["operator"], row["count"], f"{row['ms']:.3f}", f"{100 * row['share']:.0f} %")
                for row in profile["operators"][:MOST_OPERATORS]
            ],
            caption=f"LiteRT's profiler, {profile['runs']} runs on one thread, {profile['total_ms']:.2f} ms in all.",
        )


def show_comparison(comparison: dict[str, Any], terminal: Terminal) -> None:
    """Print what `benchmarks.latency.compare.compare` gave."""
    if not comparison["rows"]:
        terminal.result(None, "Nothing to compare: no model and thread count is in both results.")
        return
    terminal.table(
        "Against the earlier result",
        ("model", "threads", "then ms", "now ms", "now to then", "verdict", "file"),
        [
            (
                row["model"],
                row["threads"],
                f"{row['old_p50_ms']:.2f}",
                f"{row['new_p50_ms']:.2f}",
                ratio_text(row["ratio"]),
                row["verdict"],
                {True: "the same", False: "another", None: "not told"}[row["same_file"]],
            )
            for row in comparison["rows"]
        ],
        caption="".join(
            f"Another {name}: {then}, now {now}. " for name, (now, then) in comparison["differences"].items()
        ),
    )


def show_end_to_end(result: dict[str, Any], terminal: Terminal) -> None:
    """Print what `benchmarks.latency.end_to_end.measure` gave."""
    parts = ("decode", "light", "crop", "inference", "post")
    terminal.table(
        f"From a photo to its answer in ms (medians), {result['model']}",
        ("photo", "cores", *parts, "whole", "bare", "whole to bare"),
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
        caption="Bare: decoding by OpenCV and the network alone, in the same rounds. On two cores the light is "
        "measured while the network runs. " + _machine_text(result["machine"]) + _noise_text(result),
    )


def ratio_text(ratio: dict[str, float]) -> str:
    """Write a ratio as `0.61 (0.58 to 0.64)`."""
    decimals = 2 if ratio["value"] < 10 else 1
    value, *interval = (f"{ratio[key]:.{decimals}f}" for key in ("value", "low", "high") if key in ratio)
    return f"{value} ({' to '.join(interval)})" if interval else value


def _machine_text(machine: dict[str, Any]) -> str:
    load = machine["load_average"]
    told = [
        machine["cpu"],
        f"{machine['cores']} cores",
        f"load {load:.1f}" if load is not None else "load not told",
        f"governor {machine['governor'] or 'not told'}",
        machine["runtime"],
    ]
    return ", ".join(told) + "."


def _noise_text(result: dict[str, Any]) -> str:
    if not result["noisy"]:
        return ""
    return " Too noisy to tell small differences: rounds of the same measurement differ by more than 15 %."


def _partitions_text(file: dict[str, Any] | None) -> tuple[str, str]:
    if file is None:
        return "", ""
    return str(file["partitions"]["count"]), _counted(file["partitions"]["outside"])


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _counted(names: list[str]) -> str:
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in counts.items()) or "none"
