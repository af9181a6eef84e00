"""Accuracy against latency, with size and the worst skin tone, as SVG that fits a light and a dark page."""

import io
import math
import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.report.collect import Entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#2B8FD0", "#D07A1E", "#1FA37A", "#B8609A")
"""Of the runs; distinguishable with any colour vision, and legible on white and on black."""
INK = "#8A8A8A"
SMALLEST, PER_MEGABYTE, LARGEST = 30.0, 50.0, 900.0
"""Areas of the dots, square points."""
NUMBER_AWAY = 9.0
"""From the edge of a dot to its number, points."""


def draw(entries: Sequence[Entry]) -> str:
    """Draw entries that have an accuracy, as an `<svg>` element to stand in a page.

    A dot's height is the accuracy, its line the 95 % interval, its area the file size; the bar is the accuracy on the
    worst skin tone. Models without latency stand side by side in a column of their own. The dot of the nth entry has
    the id `model-n`.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    shown = [(number, e) for number, e in enumerate(entries, 1) if e.metric("diagnosis", "accuracy")]
    if not shown:
        return "<p class='missing'>No accuracy was measured.</p>"
    groups = [[item for item in shown if bool(item[1].latency) is timed] for timed in (True, False)]
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "report", "text.color": "black"}):
        figure = Figure(figsize=(8.2, 4.2), layout="constrained")
        columns = [group for group in groups if group]
        axes = figure.subplots(1, len(columns), sharey=True, squeeze=False, width_ratios=(4, 1)[: len(columns)])[0]
        runs = list(dict.fromkeys(entry.run for entry in entries))
        for one, group in zip(axes, columns, strict=True):
            _draw_column(one, group, runs)
        axes[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes[0].set_title("accuracy", loc="left", fontsize=10)
        _number_dots(figure, axes, columns, runs)
        return _inline(figure, _summary(shown))


def _draw_column(axes: "Axes", group: list[tuple[int, Entry]], runs: list[str]) -> None:
    for place, (number, entry) in enumerate(group):
        metric, color = entry.metric("diagnosis", "accuracy") or {}, COLORS[runs.index(entry.run) % len(COLORS)]
        x = _x(entry, place)
        if metric.get("low") is not None:
            axes.plot([x, x], [metric["low"], metric["high"]], color=color, linewidth=1.4)
        if entry.worst_tone:
            axes.plot(x, entry.worst_tone[1]["value"], marker="_", markersize=14, markeredgewidth=2.5, color=color)
        failed = entry.passed is False
        axes.scatter(
            x,
            metric["value"],
            s=_area(entry),
            facecolor="none" if failed else color,
            edgecolor=color,
            linestyle="--" if failed else "-",
            gid=f"model-{number}",
        )
    axes.margins(x=0.15, y=0.08)
    axes.tick_params(color=INK, which="both")
    axes.grid(axis="y", color=INK, alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.set_facecolor("none")
    if group[0][1].latency:
        axes.set_xscale("log", subs=(2, 3, 5))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("{x:g}")
        axes.set_xlabel("latency for one photo, ms")
    else:
        axes.set_xticks([])
        axes.set_xlim(-1, len(group))
        axes.set_xlabel("latency\nnot measured")


def _x(entry: Entry, place: int) -> float:
    return float(entry.latency["p50_ms"]) if entry.latency else float(place)


def _accuracy(entry: Entry) -> float:
    return float((entry.metric("diagnosis", "accuracy") or {})["value"])


def _area(entry: Entry) -> float:
    return min(max(PER_MEGABYTE * (entry.size or 0) / 1e6, SMALLEST), LARGEST)


def _number_dots(
    figure: "Figure", axes: Sequence["Axes"], columns: list[list[tuple[int, Entry]]], runs: list[str]
) -> None:
    """Write each number beside its dot, in the direction with the most room."""
    figure.draw_without_rendering()  # fixes the layout
    taken: list[np.ndarray] = []
    angles = np.radians([0, 30, 60, 120, 150, 180, 210, 240, 300, 330])  # above and below is the interval
    for one, group in zip(axes, columns, strict=True):
        places = [(_x(entry, n), _accuracy(entry)) for n, (_, entry) in enumerate(group)]
        centres = one.transData.transform(places)
        for n, (number, entry) in enumerate(group):
            away = math.sqrt(_area(entry) / math.pi) + NUMBER_AWAY
            offsets = away * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            spots = centres[n] + offsets * figure.dpi / 72
            others = np.array([*np.delete(centres, n, axis=0), *taken, *one.bbox.corners()])
            best = int(np.linalg.norm(spots[:, None] - others, axis=2).min(axis=1).argmax())
            taken.append(spots[best])
            one.annotate(
                str(number),
                places[n],
                offsets[best],
                textcoords="offset points",
                ha="center",
                va="center",
                weight="bold",
                color=COLORS[runs.index(entry.run) % len(COLORS)],
            )


def _inline(figure: "Figure", summary: str) -> str:
    """Return the figure as an element of an HTML page, where namespaces and prologue do not belong."""
    written = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(written, format="svg", transparent=True, metadata=nothing)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", written.getvalue())
    return svg[svg.index("<svg ") :].replace("<svg ", f"<svg role='img' aria-label='{summary}' ", 1)


def _summary(shown: list[tuple[int, Entry]]) -> str:
    texts = []
    for number, entry in shown:
        time = f"{entry.latency['p50_ms']:.2f} ms" if entry.latency else "latency not measured"
        texts.append(f"{number}, {entry.run} {entry.name}: {100 * _accuracy(entry):.1f} percent, {time}")
    return escape("Accuracy against latency. " + "; ".join(texts) + ".", quote=True)
