"""The canvas of this package's pictures: one look, written whole or not at all, the same bytes for the same figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from triage.atomic import replacing

# Told apart by people with any colour vision (Okabe and Ito 2008).
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8A8A8A"


@contextmanager
def saved_plot(
    path: Path, title: str, size: tuple[float, float] = (8, 4.5), shape: tuple[int, int] = (1, 1)
) -> Iterator[Any]:
    """Give axes to draw on and write them as PNG when the block ends without an error.

    Args:
        path: of the file.
        title: stands above the picture.
        size: inches, of 110 pixels each.
        shape: rows and columns of axes.

    Yields:
        Matplotlib axes, or an array of them where there are several.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(*shape)
    for one in figure.axes:
        one.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    yield axes
    with replacing(path) as temporary:
        figure.savefig(temporary, metadata={"Software": None})


def bars_with_intervals(
    axes: Any, places: Any, figures: list[dict[str, Any]], width: float, color: str, label: str
) -> None:
    """Draw figures `{value, low, high}` as horizontal bars with their 95 % intervals, and in words where one is null.

    Args:
        axes: Matplotlib axes.
        places: float [n], where the bars stand.
        figures: n of them.
        width: of a bar.
        color: of the bars.
        label: for the legend.
    """
    known = [(place, figure) for place, figure in zip(places, figures, strict=True) if figure["value"] is not None]
    if known:
        at, shown = zip(*known, strict=True)
        axes.barh(at, [f["value"] for f in shown], width, color=color, label=label)
        for place, figure in known:
            # A bootstrap interval can lie beside its value.
            axes.plot([figure["low"], figure["high"]], [place, place], color="black", linewidth=1)
    for place, figure in zip(places, figures, strict=True):
        if figure["value"] is None:
            axes.text(0.01, place, figure.get("why") or "not measured", va="center", fontsize=7, color=GREY)


def fraction_axis(axes: Any, label: str = "share") -> None:
    """Finish horizontal bars of shares: the axis from 0 to 1, every row shown, the legend above them."""
    rows = len(axes.get_yticks())
    axes.set(xlim=(0, 1), ylim=(-0.6, rows - 0.4), xlabel=label)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, ncols=3, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
