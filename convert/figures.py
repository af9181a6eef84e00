"""Pictures of a verification."""

from pathlib import Path
from typing import Any

from triage.atomic import replacing
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME


def draw_tone_change(path: Path, report: Any) -> None:
    """Draw the paired change of accuracy of each tone bucket and file, with 95 % intervals, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    width = 0.8 / max(1, len(report.files))
    for number, file in enumerate(report.files):
        for position, bucket in enumerate(TONE_BUCKETS):
            part = file.comparison["per_tone"][bucket]
            place = position + (number - (len(report.files) - 1) / 2) * width
            if part["change"] is None:
                axes.text(place, 0, f"n = {part['n']}\ntoo few", ha="center", va="center", fontsize=8)
                continue
            change, low, high = (100 * part[key] for key in ("change", "low", "high"))
            axes.errorbar(
                place, change, [[change - low], [high - change]], fmt="o", capsize=4, color=f"C{number}",
                label=file.variant if position == 0 else None,
            )  # fmt: skip
    axes.axhline(0, color="#888888", linewidth=0.8)
    names = [f"{b}\nn = {report.files[0].comparison['per_tone'][b]['n']}" for b in TONE_BUCKETS]
    axes.set_xticks(range(len(TONE_BUCKETS)), names)
    axes.set_ylabel("change of accuracy in points")
    note = " (synthetic)" if report.float_test["synthetic"] else ""
    axes.set_title(f"File against float student, by skin tone{note}\n{TONE_SCHEME}", loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    with replacing(path) as temporary:
        figure.savefig(temporary)
