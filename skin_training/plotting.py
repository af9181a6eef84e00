"""One look for all plots; a file appears whole or not at all, and the same data give the same bytes."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from skin_training.report_types import Metric
from triage.atomic import replacing
from triage.plain_text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Told apart by people with any colour vision (Okabe and Ito 2008).
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8A8A8A"
BESIDE: dict[str, Any] = {"frameon": False, "fontsize": 8, "loc": "upper left", "bbox_to_anchor": (1, 1)}
"""Options of a legend that stands to the right of its axes, where it covers nothing."""
LETTERS_PER_INCH = 12  # of a title


@overload
def saved_plot(path: Path, title: str, size: tuple[float, float] = ...) -> AbstractContextManager["Axes"]: ...
@overload
def saved_plot(
    path: Path, title: str, size: tuple[float, float], shape: tuple[int, int]
) -> AbstractContextManager[np.ndarray]: ...
@contextmanager
def saved_plot(
    path: Path, title: str, size: tuple[float, float] = (8, 4.5), shape: tuple[int, int] = (1, 1)
) -> Iterator[Any]:
    """Give axes to draw on and write them as PNG when the block ends without an error.

    Args:
        path: of the file.
        title: stands above the plot.
        size: inches, of 110 pixels each.
        shape: rows and columns of axes.

    Yields:
        Matplotlib axes, or an array of them where a shape is given.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(*shape)
    for one in figure.axes:
        one.spines[["top", "right"]].set_visible(False)
    shown = textwrap.fill(printable(title), int(LETTERS_PER_INCH * size[0]))
    figure.suptitle(shown, x=0.01, ha="left", fontsize=12, parse_math=False)  # names may hold any character
    yield axes
    with replacing(path) as temporary:
        figure.savefig(temporary, metadata={"Software": None})


def display_name(identifier: str) -> str:
    """Return what a plot calls a class id such as `melanocytic_nevi`: "Melanocytic nevi"."""
    name = identifier.replace("_", " ")
    return name[:1].upper() + name[1:]


def plot_grouped_bars(
    path: Path,
    title: str,
    rows: Mapping[str, Sequence[Metric]],
    series: Sequence[tuple[str, str]],
    label: str = "fraction",
) -> Path:
    """Draw fractions as groups of horizontal bars with their 95 % intervals, as PNG.

    `rows` hold by label, from the top down, a metric of each of the `series`, which have name and color.
    """
    places = np.arange(len(rows))[::-1].astype(float)
    with saved_plot(path, title, (8, 1.7 + 0.65 * len(rows))) as axes:
        for number, (name, color) in enumerate(series):
            bars_with_intervals(
                axes, places + 0.25 * (1 - number), [row[number] for row in rows.values()], 0.24, color, name
            )
        axes.set_yticks(places, list(rows))
        axes.set(xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4), xlabel=label)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, ncols=3, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    return path


def bars_with_intervals(
    axes: "Axes", places: Sequence[float] | np.ndarray, metrics: Sequence[Metric], width: float, color: str, label: str
) -> None:
    """Draw n metrics as horizontal bars at n places, with 95 % intervals, or the reason where there is no value."""
    known = [(place, metric) for place, metric in zip(places, metrics, strict=True) if metric["value"] is not None]
    if known:
        at, shown = zip(*known, strict=True)
        axes.barh(at, [m["value"] for m in shown], width, color=color, label=label)
        for place, metric in known:
            # A bootstrap interval can lie beside its value.
            axes.plot(np.array([metric["low"], metric["high"]], float), [place, place], color="black", linewidth=1)
    for place, metric in zip(places, metrics, strict=True):
        if metric["value"] is None:
            axes.text(0.01, place, metric.get("why") or "not measured", va="center", fontsize=7, color=GREY)
