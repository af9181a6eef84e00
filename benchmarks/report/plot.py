"""Plots of the report, as SVG that fits a light and a dark page."""

import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.report.collect import Entry
from skin_training.evaluation.plots import RELIABILITY_COLORS, draw_reliability

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
WIDEST_LINEAR = 10.0
"""Largest ratio of values on a linear axis."""


def draw(entries: Sequence[Entry]) -> str:
    """Draw entries that have an accuracy, as an `<svg>` element to stand in a page.

    Across is the latency, or the file size where nothing was timed; what lacks it stands in a column of its own. A
    dot's height is the accuracy, its line the 95 % interval, its area the file size; the bar is the accuracy on the
    worst skin tone. The dot of the nth entry has the id `model-n`.
    """
    shown = [(number, e) for number, e in enumerate(entries, 1) if e.metric("diagnosis", "accuracy")]
    if not shown:
        return "<p class='missing'>No accuracy was measured.</p>"
    timed = any(entry.latency for _, entry in shown)
    values = {n: e.latency["p50_ms"] if e.latency else None if timed or not e.size else e.size / 1e6 for n, e in shown}
    columns = [[item for item in shown if (values[item[0]] is None) is missing] for missing in (False, True)]
    columns = [column for column in columns if column]
    runs = list(dict.fromkeys(entry.run for entry in entries))
    with _figure((5.2, 3.7)) as (figure, written):
        axes = figure.subplots(1, len(columns), sharey=True, squeeze=False, width_ratios=(4, 1)[: len(columns)])[0]
        places = {}
        for one, column in zip(axes, columns, strict=True):
            across = [values[number] for number, _ in column]
            known = [value for value in across if value is not None]
            for place, (number, entry) in enumerate(column):
                value = across[place]
                places[number] = float(place) if value is None else float(value), _accuracy(entry)
                _draw_entry(one, places[number], number, entry, COLORS[runs.index(entry.run) % len(COLORS)])
            one.margins(x=0.15, y=0.08)
            one.set_xlabel(("latency for one photo, ms" if timed else "file size, MB") if known else "not\nmeasured")
            if not known:
                one.set_xticks([])
                one.set_xlim(-1, len(column))
            elif max(known) > WIDEST_LINEAR * min(known):
                one.set_xscale("log", subs=(2, 3, 5))
                one.xaxis.set_major_formatter("{x:g}")
                one.xaxis.set_minor_formatter("{x:g}")
        axes[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes[0].set_title("accuracy", loc="left", fontsize=10)
        _number_dots(figure, axes, columns, places, runs)
    what, unit = ("latency", "ms") if timed else ("file size", "MB")
    texts = []
    for number, entry in shown:
        value = values[number]
        told = f"{what} not measured" if value is None else f"{value:.2f} {unit}"
        texts.append(f"{number}, {entry.run} {entry.name}: {100 * _accuracy(entry):.1f} percent, {told}")
    return _inline(written, f"Accuracy against {what}. {'; '.join(texts)}.")


def reliability(calibration: Mapping[str, Any]) -> str:
    """Draw a calibration section's reliability before and after calibration, as two `<svg>` elements."""
    plots = []
    for when in RELIABILITY_COLORS:
        with _figure((4.2, 3.6)) as (figure, written):
            draw_reliability(figure.subplots(), calibration, when)
        plots.append(_inline(written, f"Reliability {when} calibration"))
    return "".join(plots)


def _draw_entry(axes: "Axes", place: tuple[float, float], number: int, entry: Entry, color: str) -> None:
    metric, failed = entry.metric("diagnosis", "accuracy") or {}, entry.passed is False
    x, y = place
    if metric.get("low") is not None:
        axes.plot([x, x], [metric["low"], metric["high"]], color=color, linewidth=1.4)
    if entry.worst_tone:
        axes.plot(x, entry.worst_tone[1]["value"], marker="_", markersize=14, markeredgewidth=2.5, color=color)
    face, line = ("none", "--") if failed else (color, "-")
    axes.scatter(x, y, s=_area(entry), facecolor=face, edgecolor=color, linestyle=line, gid=f"model-{number}")


def _accuracy(entry: Entry) -> float:
    return float((entry.metric("diagnosis", "accuracy") or {})["value"])


def _area(entry: Entry) -> float:
    return min(max(PER_MEGABYTE * (entry.size or 0) / 1e6, SMALLEST), LARGEST)


def _number_dots(
    figure: "Figure",
    axes: Sequence["Axes"],
    columns: list[list[tuple[int, Entry]]],
    places: Mapping[int, tuple[float, float]],
    runs: list[str],
) -> None:
    """Write each number beside its dot, in the direction with the most room."""
    figure.draw_without_rendering()  # fixes the layout
    taken: list[np.ndarray] = []
    angles = np.radians([0, 30, 60, 120, 150, 180, 210, 240, 300, 330])  # above and below is the interval
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for one, column in zip(axes, columns, strict=True):
        centres = one.transData.transform([places[number] for number, _ in column])
        for n, (number, entry) in enumerate(column):
            offsets = (math.sqrt(_area(entry) / math.pi) + NUMBER_AWAY) * directions
            spots = centres[n] + offsets * figure.dpi / 72
            others = np.array([*np.delete(centres, n, axis=0), *taken, *one.bbox.corners()])
            best = int(np.linalg.norm(spots[:, None] - others, axis=2).min(axis=1).argmax())
            taken.append(spots[best])
            color = COLORS[runs.index(entry.run) % len(COLORS)]
            text: dict[str, Any] = {"ha": "center", "va": "center", "weight": "bold", "color": color}
            one.annotate(str(number), places[number], offsets[best], textcoords="offset points", **text)


@contextmanager
def _figure(size: tuple[float, float]) -> Iterator[tuple["Figure", io.StringIO]]:
    """Give a figure in the report's look and what it is written to as SVG when the block ends."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    written = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "report", "text.color": "black"}):
        figure = Figure(figsize=size, layout="constrained")
        yield figure, written
        for axes in figure.axes:
            axes.tick_params(color=INK, which="both")
            axes.grid(axis="y", color=INK, alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
            axes.spines[["left", "bottom"]].set_color(INK)
            axes.set_facecolor("none")
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(written, format="svg", transparent=True, metadata=nothing)


def _inline(written: io.StringIO, summary: str) -> str:
    """Return a figure as an element of an HTML page, where namespaces and prologue do not belong."""
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", written.getvalue())
    label = escape(summary, quote=True)
    return svg[svg.index("<svg ") :].replace("<svg ", f"<svg role='img' aria-label='{label}' ", 1)
