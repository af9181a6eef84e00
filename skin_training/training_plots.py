"""Pictures of a training: its curves by phase, what each phase was worth, and what the CCM does to colours."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skin_training.plotting import BLUE, GREEN, GREY, ORANGE, bars_with_intervals, fraction_axis, saved_plot

# sRGB of the 24 patches, row by row, as their maker publishes them (X-Rite, "Colorimetric values for ColorChecker").
COLOR_CHECKER = (
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161),
    (243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
)  # fmt: skip
PATCHES_IN_A_ROW = 6


def plot_training(
    folder: Path, rows: Sequence[Mapping[str, Any]], section: Mapping[str, Any], title: str
) -> list[Path]:
    """Draw the curves, the phases' worth and the CCM.

    Args:
        folder: for the PNG files.
        rows: of `metrics.csv`, as the trainer gives them.
        section: the report's `teacher` section; a student's `distill` section has fewer parts, and fewer pictures.
        title: of the run.

    Returns:
        The files written.
    """
    drawn = [_curves(folder / "training.png", rows, title)]
    if section.get("phases"):
        drawn.append(_phases(folder / "phases.png", section["phases"], title))
    if "matrix" in section["color_calibration"]:
        matrix, bias = section["color_calibration"]["matrix"], section["color_calibration"]["bias"]
    else:
        matrix, bias = (section["color_calibration"]["student"][key] for key in ("matrix", "bias"))
    return [*drawn, _color_checker(folder / "color_calibration.png", np.array(matrix), np.array(bias), title)]


def calibrated_patches(matrix: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the ColorChecker's patches behind a CCM: float [24, 3], sRGB in [0, 1].

    Args:
        matrix: float [3, 3].
        bias: float [3].
    """
    return np.clip(np.array(COLOR_CHECKER) / 255 @ matrix + bias, 0, 1)


def _curves(path: Path, rows: Sequence[Mapping[str, Any]], title: str) -> Path:
    epochs = np.arange(1, len(rows) + 1)
    phases = [str(row["phase"]) for row in rows]
    begins = [n for n, name in enumerate(phases) if n == 0 or name != phases[n - 1]]
    with saved_plot(path, f"Training: {title}", (10, 6), (2, 1)) as (above, below):
        above.plot(epochs, [float(row["loss"]) for row in rows], ".-", color=GREY)
        above.set_ylabel("training loss")
        for key, color in (("accuracy", BLUE), ("balanced_accuracy", ORANGE), ("lighting_accuracy", GREEN)):
            label = f"validation {key.replace('_', ' ')}"
            below.plot(epochs, [float(row[f"val_{key}"]) for row in rows], ".-", color=color, label=label)
        best = [n for n, row in enumerate(rows) if row["best"]]
        scores = [float(rows[n]["val_balanced_accuracy"]) for n in best]
        below.plot(epochs[best], scores, "o", color="none", markeredgecolor="black", label="kept: best of its phase")
        below.set(xlabel="epoch", ylim=(0, 1))
        below.legend(frameon=False, fontsize=8, ncols=2, loc="lower right")
        for axes in (above, below):
            for number, begin in enumerate(begins):
                end = begins[number + 1] if number + 1 < len(begins) else len(rows)
                if number % 2:
                    axes.axvspan(begin + 0.5, end + 0.5, color="black", alpha=0.05, linewidth=0)
            axes.set_xlim(0.5, len(rows) + 0.5)
        for number, begin in enumerate(begins):  # short phases would write over one another
            above.text(
                begin + 0.6,
                1.0 + 0.08 * (number % 2),
                phases[begin],
                transform=above.get_xaxis_transform(),
                va="bottom",
                fontsize=8,
            )
    return path


def _phases(path: Path, phases: Sequence[Mapping[str, Any]], title: str) -> Path:
    places = np.arange(len(phases))[::-1].astype(float)
    with saved_plot(
        path, f"The model after each phase, on the test split: {title}", (9, 1.6 + 0.8 * len(phases))
    ) as axes:
        shown = (
            ("diagnosis", "accuracy", BLUE, "diagnosis accuracy"),
            ("diagnosis", "balanced_accuracy", ORANGE, "diagnosis balanced accuracy"),
            ("lighting", "auc", GREEN, "lighting AUC"),
        )
        for number, (head, key, color, label) in enumerate(shown):
            figures = [phase["test"][head][key] for phase in phases]
            bars_with_intervals(axes, places + 0.25 * (1 - number), figures, 0.24, color, label)
        axes.set_yticks(places, [phase["phase"] for phase in phases])
        fraction_axis(axes)
    return path


def _color_checker(path: Path, matrix: np.ndarray, bias: np.ndarray, title: str) -> Path:
    before = np.array(COLOR_CHECKER) / 255
    after = calibrated_patches(matrix, bias)
    difference = np.abs(after - before).max(axis=1) * 255
    with saved_plot(path, f"What the CCM does to a ColorChecker: {title}", (8, 5.4)) as axes:
        for number, (inner, outer) in enumerate(zip(after, before, strict=True)):
            x, y = number % PATCHES_IN_A_ROW, -(number // PATCHES_IN_A_ROW)
            axes.add_patch(_square(x, y, 0.9, outer))
            axes.add_patch(_square(x, y, 0.5, inner))
            axes.text(x, y - 0.36, f"{difference[number]:.1f}", ha="center", va="center", fontsize=7,
                      color="white" if outer.mean() < 0.5 else "black")  # fmt: skip
        axes.set(xlim=(-0.6, PATCHES_IN_A_ROW - 0.4), ylim=(-3.6, 0.6), aspect="equal")
        axes.set_axis_off()
        axes.set_title(
            "outside as it is, inside behind the CCM; the number is the largest change of a channel, of 255",
            fontsize=9, loc="left",
        )  # fmt: skip
    return path


def _square(x: float, y: float, side: float, color: np.ndarray) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - side / 2, y - side / 2), side, side, color=tuple(color))
