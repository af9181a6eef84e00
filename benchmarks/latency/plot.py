"""Plot of a benchmark: one dot per round, one row per model."""

from pathlib import Path
from typing import Any

from skin_training.plotting import BLUE, GREEN, GREY, ORANGE, RED, saved_plot
from triage.plain_text import printable

COLORS = (BLUE, ORANGE, GREEN, RED)
ROW = 0.42  # inches


def draw_latency(path: Path, result: dict[str, Any]) -> None:
    """Draw the median of every round and, as a line, the range from p50 to p90, as PNG.

    Args:
        path: of the PNG.
        result: of `benchmarks.latency.interleaved.benchmark`.
    """
    rows = [r for r in result["results"] if "why" not in r]
    counts = sorted({r["threads"] for r in rows})
    height = max(2.2, 1.6 + ROW * len(rows))
    with saved_plot(path, f"Latency of one photo, {result['mode']}", (8, height)) as axes:
        for place, r in enumerate(rows):
            color = COLORS[counts.index(r["threads"]) % len(COLORS)]
            axes.plot([r["p50_ms"], r["p90_ms"]], [place, place], color=color, linewidth=2, alpha=0.5)
            rounds = r["round_medians_ms"]
            axes.scatter(rounds, [place] * len(rounds), s=22, color=color, alpha=0.8, linewidths=0)
            axes.text(max(r["p90_ms"], *rounds), place, f"  {r['p50_ms']:.2f} ms", va="center", fontsize=8, color=GREY)
        names = [printable(r["model"], keep_lines=False).replace("$", r"\$") for r in rows]  # not a formula
        labels = [f"{name}, {_threads(r['threads'])}" for name, r in zip(names, rows, strict=True)]
        axes.set_yticks(range(len(rows)), labels, fontsize=8)
        axes.invert_yaxis()
        longest, shortest = max(r["p90_ms"] for r in rows), min(r["p50_ms"] for r in rows)
        if longest > 20 * shortest:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
            axes.set_xlim(right=longest * 3)
        else:
            axes.set_xlim(0, longest * 1.2)
        machine = result["machine"]
        noise = "; too noisy to tell small differences" if result["noisy"] else ""
        axes.set_xlabel(
            f"ms; dots: medians of rounds, lines: p50 to p90\n{machine['cpu']}, {machine['runtime']}{noise}", fontsize=8
        )
        axes.tick_params(axis="x", labelsize=8)
        axes.grid(axis="x", color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"
