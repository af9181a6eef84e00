"""Plots of a verification."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from skin_training.plotting import BESIDE, BLUE, GREEN, GREY, ORANGE, RED, display_name, saved_plot
from triage.skin_tone import TONE_SCHEME

if TYPE_CHECKING:
    from convert.verifying.verify import VerifyReport

COLORS = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", "black", GREY)


def draw_changes(path: Path, report: "VerifyReport", by: Literal["per_tone", "per_class"]) -> None:
    """Draw the paired change of accuracy of each slice and file, with 95 % intervals, as PNG.

    Args:
        path: of the plot.
        report: the verification.
        by: which slices.
    """
    files = report.files
    slices = list(files[0].comparison[by])
    note = " (synthetic)" if report.float_test["synthetic"] else ""
    what = "skin tone" if by == "per_tone" else "class"
    scheme = f"\nTones: {TONE_SCHEME}" if by == "per_tone" else ""
    height = 1.5 + len(slices) * max(0.4, 0.16 * len(files))
    with saved_plot(path, f"Accuracy of files against the float student, by {what}{note}", (9, height)) as axes:
        for number, file in enumerate(files):
            for row, name in enumerate(slices):
                part = file.comparison[by][name]
                place = row + (number - (len(files) - 1) / 2) * 0.8 / len(files)
                change, low, high = part["value"], part["low"], part["high"]
                if change is None or low is None or high is None:
                    if number == 0:
                        axes.text(0, row, part["why"], ha="center", va="center", fontsize=8, color=GREY)
                    continue
                color = COLORS[number % len(COLORS)]
                axes.plot([100 * low, 100 * high], [place, place], color=color, linewidth=1.5)
                axes.plot(100 * change, place, "o", color=color, markersize=4)
            axes.plot([], [], "o-", color=COLORS[number % len(COLORS)], label=file.variant)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(
            range(len(slices)), [f"{display_name(n)}, n = {files[0].comparison[by][n]['n']}" for n in slices]
        )
        axes.set(ylim=(len(slices) - 0.5, -0.5), xlabel=f"Paired change in points, with 95 % interval{scheme}")
        axes.legend(**BESIDE)


def draw_ccm_patches(path: Path, report: "VerifyReport") -> None:
    """Draw the colour patches before calibration, and as calibrated by Keras and by each file, as PNG.

    Args:
        path: of the plot.
        report: the verification; without a file that has a colour calibration nothing is drawn.
    """
    checks = {file.variant: file.ccm for file in report.files if file.ccm}
    if not checks:
        return
    patches = next(iter(checks.values())).patches
    rows = {"as photographed": [p.photo for p in patches], "Keras": [p.of_keras for p in patches]}
    for variant, found in checks.items():
        label = f"{variant}: CIEDE2000 mean {found.delta_e_mean:.2f}, largest {found.delta_e_max:.2f}"
        rows[label] = [p.of_file for p in found.patches]
    groups = [patch.group for patch in patches]
    with saved_plot(path, "Colour calibration, before and after", (12, 1.3 + 0.42 * len(rows))) as axes:
        axes.imshow(np.clip(np.array(list(rows.values())), 0, 1), aspect="auto")
        axes.set_yticks(range(len(rows)), list(rows))
        axes.hlines(np.arange(1, len(rows)) - 0.5, -0.5, len(patches) - 0.5, color="white", linewidth=2)
        axes.vlines(np.arange(1, len(patches)) - 0.5, -0.5, len(rows) - 0.5, color="white", linewidth=0.5)
        middles = {name: np.mean([n for n, group in enumerate(groups) if group == name]) for name in groups}
        axes.set_xticks(list(middles.values()), [name.replace(" of ", "\nof ") for name in middles])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
