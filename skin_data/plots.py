"""Plots of a prepared data set."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from skin_data.manifest import SPLITS, Manifest
from triage.atomic import replacing
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME, UNKNOWN_TONE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}
SPLIT_COLORS = ("#355070", "#6d9dc5", "#b8d4e8")
TONE_COLORS = {"light": "#e8c4a2", "medium": "#b9794a", "dark": "#5b3420", UNKNOWN_TONE: "#bbbbbb"}
WELL_LIT = "well lit"
PHANTOM_ROWS = 5
LARGEST_TYPOLOGY_ANGLE = 90
"""Degrees. Beyond, b* is negative: the photo shows skin bluer than grey, which light, lens or white balance caused."""


def draw_plots(folder: Path, manifest: Manifest) -> None:
    """Plot class balance, lighting and skin tone as PNG files; for phantoms also a contact sheet."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    note = " (synthetic)" if manifest.synthetic else ""

    def draw(name: str, title: str, paint: Callable[[Axes, Manifest], None]) -> None:
        figure = Figure(figsize=(8, 4.5), dpi=110, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        figure.suptitle(textwrap.fill(f"{manifest.dataset}: {title}{note}", 90), x=0.01, ha="left")
        paint(axes, manifest)
        with replacing(folder / f"{name}.png") as temporary:
            figure.savefig(temporary)

    draw("class_balance", "photos by class and split", _plot_classes)
    draw("lighting", "lighting", _plot_lighting)
    draw("skin_tone", f"skin tone by {TONE_SCHEME}", lambda axes, manifest: plot_tones(axes, manifest.frame))
    if manifest.synthetic:
        draw_phantoms(folder / "contact_sheet.png", [c.name for c in manifest.taxonomy.classes], PHANTOM_ROWS)


def draw_phantoms(path: Path, names: list[str], rows: int) -> None:
    """Draw phantoms of each class, from light to dark skin, as PNG.

    Args:
        path: of the file.
        names: of the ten classes.
        rows: phantoms of a class.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from skin_data.phantom import contact_sheet

    side = 128
    figure = Figure(figsize=(12, 1.2 * rows + 1), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.imshow(contact_sheet(seed=1, rows=rows, size=side))
    middles = [side * (number + 0.5) for number in range(len(names))]
    axes.set_xticks(middles, [textwrap.fill(name, 15) for name in names], fontsize=9)
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    figure.suptitle("Skin phantoms: synthetic images of ten classes, from light to dark skin", x=0.01, ha="left")
    with replacing(path) as temporary:
        figure.savefig(temporary)


def plot_tones(axes: Axes, frame: pd.DataFrame) -> None:
    """Plot the distribution of the typology angles of a meta.csv; every measured photo is in it."""
    angles = {name: frame.loc[frame["tone_bucket"] == name, "ita"].dropna() for name in (*TONE_BUCKETS, UNKNOWN_TONE)}
    shown = [name for name, values in angles.items() if len(values)]
    if shown:
        axes.hist(
            [angles[name] for name in shown],
            bins=list(range(-180, 185, 5)),
            stacked=True,
            color=[TONE_COLORS[name] for name in shown],
            label=[f"{name}, n = {len(angles[name])}" for name in shown],
        )
    low, high = min(-90.0, frame["ita"].min()), max(90.0, frame["ita"].max())
    if bluish := int((frame["ita"].abs() > LARGEST_TYPOLOGY_ANGLE).sum()):
        for start, end in ((-180, -LARGEST_TYPOLOGY_ANGLE), (LARGEST_TYPOLOGY_ANGLE, 180)):
            axes.axvspan(start, end, color="#dfe7f2", zorder=0)
        axes.plot([], [], color="#dfe7f2", linewidth=8, label=f"bluish, not a tone, n = {bluish}")
    axes.set_xlim(low - 5, high + 5)
    unknown = int(frame["ita"].isna().sum())
    axes.set_xlabel(f"individual typology angle in degrees (not measured: {unknown} photos with too little skin)")
    axes.set_ylabel("photos")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _plot_classes(axes: Axes, manifest: Manifest) -> None:
    classes = manifest.taxonomy.classes[::-1]
    counts = pd.crosstab(manifest.frame["diagnosis"], manifest.frame["split"])
    counts = counts.reindex([c.id for c in classes], columns=list(SPLITS), fill_value=0)
    names = [textwrap.fill(c.name, 30) for c in classes]
    left = np.zeros(len(classes))
    for split, color in zip(SPLITS, SPLIT_COLORS, strict=True):
        axes.barh(names, counts[split], left=left, color=color, label=SPLIT_NAMES[split])
        left += counts[split].to_numpy()
    axes.set_xlabel("photos")
    # Beside the bars: balanced classes leave no room among them.
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _plot_lighting(axes: Axes, manifest: Manifest) -> None:
    counts = manifest.frame["lighting_reason"].replace("", WELL_LIT).value_counts()[::-1]
    colors = ["#5a9367" if name == WELL_LIT else "#c97b63" for name in counts.index]
    bars = axes.barh([str(name).replace("_", " ") for name in counts.index], counts.to_numpy(), color=colors)
    axes.bar_label(bars, padding=3)
    axes.margins(x=0.1)
    axes.set_xlabel("photos")
