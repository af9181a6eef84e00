"""Pictures of a prepared data set."""

from pathlib import Path
from typing import Any

import pandas as pd

from skin_data.manifest import SPLITS, Manifest
from triage.atomic import replacing, write_bytes
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

SPLIT_COLORS = ("#355070", "#6d9dc5", "#b8d4e8")
TONE_COLORS = {"light": "#e8c4a2", "medium": "#b9794a", "dark": "#5b3420", "unknown": "#bbbbbb"}
PHANTOM_ROWS = 5
LARGEST_TYPOLOGY_ANGLE = 90
"""Degrees. Beyond, b* is negative: the photo shows skin bluer than grey, which light, lens or white balance did."""


def draw_figures(folder: Path, manifest: Manifest) -> None:
    """Draw class balance, lighting and skin tone as PNG files; for phantoms also a contact sheet."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    note = " (synthetic)" if manifest.synthetic else ""

    def draw(name: str, title: str, paint: Any) -> None:
        figure = Figure(figsize=(8, 4.5), dpi=110, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(f"{manifest.dataset}: {title}{note}", loc="left")
        paint(axes)
        with replacing(folder / f"{name}.png") as temporary:
            figure.savefig(temporary)

    draw("class_balance", "photos by class and split", lambda axes: _classes(axes, manifest))
    draw("lighting", "lighting", lambda axes: _lighting(axes, manifest.frame))
    draw("skin_tone", f"skin tone by {TONE_SCHEME}", lambda axes: draw_tones(axes, manifest.frame))
    if manifest.synthetic:
        import cv2

        from skin_data.phantom import contact_sheet

        _, encoded = cv2.imencode(".png", contact_sheet(seed=1, rows=PHANTOM_ROWS)[..., ::-1])
        write_bytes(folder / "contact_sheet.png", encoded.tobytes())


def _classes(axes: Any, manifest: Manifest) -> None:
    counts = pd.crosstab(manifest.frame["diagnosis"], manifest.frame["split"])
    counts = counts.reindex(manifest.taxonomy.ids[::-1], columns=list(SPLITS), fill_value=0)
    left = pd.Series(0, counts.index)
    for split, color in zip(SPLITS, SPLIT_COLORS, strict=True):
        axes.barh(counts.index, counts[split], left=left, color=color, label=split)
        left = left + counts[split]
    axes.set_xlabel("photos")
    # Beside the bars: balanced classes leave no room among them.
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def _lighting(axes: Any, frame: pd.DataFrame) -> None:
    counts = frame["lighting_reason"].replace("", "well lit").value_counts()[::-1]
    bars = axes.barh(
        counts.index, counts.values, color=["#5a9367" if n == "well lit" else "#c97b63" for n in counts.index]
    )
    axes.bar_label(bars, padding=3)
    axes.margins(x=0.1)
    axes.set_xlabel("photos")


def draw_tones(axes: Any, frame: pd.DataFrame) -> None:
    """Draw the distribution of the typology angles of a meta.csv on Matplotlib axes; every measured photo is in it."""
    values = {name: frame.loc[frame["tone_bucket"] == name, "ita"].dropna() for name in (*TONE_BUCKETS, "unknown")}
    shown = [name for name, angles in values.items() if len(angles)]
    if shown:
        axes.hist(
            [values[name] for name in shown],
            bins=range(-180, 185, 5),
            stacked=True,
            color=[TONE_COLORS[name] for name in shown],
            label=[f"{name}, n = {len(values[name])}" for name in shown],
        )
    low, high = min(-90.0, frame["ita"].min()), max(90.0, frame["ita"].max())
    if bluish := int((frame["ita"].abs() > LARGEST_TYPOLOGY_ANGLE).sum()):
        for start, end in ((-180, -LARGEST_TYPOLOGY_ANGLE), (LARGEST_TYPOLOGY_ANGLE, 180)):
            axes.axvspan(start, end, color="#dfe7f2", zorder=0)
        axes.plot([], [], color="#dfe7f2", linewidth=8, label=f"bluish, not a tone, n = {bluish}")
    axes.set_xlim(low - 5, high + 5)
    unknown = int(frame["ita"].isna().sum())
    axes.set_xlabel(f"individual typology angle in degrees ({unknown} photos with too little skin to say)")
    axes.set_ylabel("photos")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
