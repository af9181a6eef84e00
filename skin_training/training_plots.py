"""Plots of a training: curves by phase, test metrics after each phase, and the effect of the CCM on colours."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from skin_data.color_patches import COLOR_CHECKER
from skin_training.plotting import BESIDE, BLUE, GREEN, GREY, ORANGE, plot_grouped_bars, saved_plot
from skin_training.report_types import DistillSection, PhaseSection, TeacherSection

PATCHES_IN_A_ROW = 6


def plot_training(
    folder: Path, rows: Sequence[Mapping[str, Any]], section: TeacherSection | DistillSection, title: str
) -> list[Path]:
    """Draw the training curves, the test metrics after each phase of a teacher, and the CCM; return the PNG files.

    `rows` are those of `metrics.csv`, as the trainer gives them.
    """
    drawn = [_curves(folder / "training.png", rows, title)]
    if phases := section.get("phases"):
        drawn.append(_phases(folder / "phases.png", cast("list[PhaseSection]", phases), title))
    calibration: Mapping[str, Any] = section["color_calibration"]
    ccm = calibration.get("student", calibration)
    path = folder / "color_calibration.png"
    return [*drawn, _color_checker(path, np.array(ccm["matrix"]), np.array(ccm["bias"]), title)]


def calibrated_patches(matrix: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the ColorChecker's patches, float [24, 3], sRGB in [0, 1], after a CCM: float [3, 3] and [3]."""
    return np.clip(COLOR_CHECKER / 255 @ matrix + bias, 0, 1)


def _curves(path: Path, rows: Sequence[Mapping[str, Any]], title: str) -> Path:
    epochs = np.arange(1, len(rows) + 1)
    phases = [str(row["phase"]) for row in rows]
    starts = [n for n, name in enumerate(phases) if n == 0 or name != phases[n - 1]]
    with saved_plot(path, f"Training: {title}", (10, 6), (2, 1)) as (above, below):
        above.plot(epochs, [float(row["loss"]) for row in rows], ".-", color=GREY)
        above.set_ylabel("training loss")
        for key, color in (("accuracy", BLUE), ("balanced_accuracy", ORANGE), ("lighting_accuracy", GREEN)):
            label = f"validation {key.replace('_', ' ')}"
            below.plot(epochs, [float(row[f"val_{key}"]) for row in rows], ".-", color=color, label=label)
        kept = [n for n, row in enumerate(rows) if row["kept"]]
        scores = [float(rows[n]["val_balanced_accuracy"]) for n in kept]
        below.plot(
            epochs[kept], scores, "o", color="none", markeredgecolor="black", label="kept at the end of the phase"
        )
        below.set(xlabel="epoch", ylim=(0, 1))
        below.legend(**BESIDE)
        for axes in (above, below):
            for start, end in zip(starts[1::2], [*starts[2::2], len(rows)], strict=False):
                axes.axvspan(start + 0.5, end + 0.5, color="black", alpha=0.05, linewidth=0)
            axes.set_xlim(0.5, len(rows) + 0.5)
        for number, start in enumerate(starts):
            height = 1.0 + 0.08 * (number % 2)  # names of short phases would overlap
            above.text(
                start + 0.6, height, phases[start], transform=above.get_xaxis_transform(), va="bottom", fontsize=8
            )
    return path


def _phases(path: Path, phases: Sequence[PhaseSection], title: str) -> Path:
    rows = {
        phase["phase"]: [
            phase["test"]["diagnosis"]["accuracy"],
            phase["test"]["diagnosis"]["balanced_accuracy"],
            phase["test"]["lighting"]["auc"],
        ]
        for phase in phases
    }
    series = (("diagnosis accuracy", BLUE), ("diagnosis balanced accuracy", ORANGE), ("lighting AUC", GREEN))
    return plot_grouped_bars(path, f"Test metrics after each phase: {title}", rows, series)


def _color_checker(path: Path, matrix: np.ndarray, bias: np.ndarray, title: str) -> Path:
    before, after = COLOR_CHECKER / 255, calibrated_patches(matrix, bias)
    difference = np.abs(after - before).max(axis=1) * 255
    picture = np.ones((4, PATCHES_IN_A_ROW, 20, 20, 3))
    picture[:, :, 1:-1, 1:-1] = before.reshape(4, PATCHES_IN_A_ROW, 1, 1, 3)
    picture[:, :, 5:-5, 5:-5] = after.reshape(4, PATCHES_IN_A_ROW, 1, 1, 3)
    with saved_plot(path, f"Effect of the CCM on a ColorChecker: {title}", (8, 5.4)) as axes:
        axes.imshow(picture.transpose(0, 2, 1, 3, 4).reshape(4 * 20, PATCHES_IN_A_ROW * 20, 3))
        for number, patch in enumerate(before):
            row, column = divmod(number, PATCHES_IN_A_ROW)
            color = "white" if patch.mean() < 0.5 else "black"
            place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "color": color}
            axes.text(20 * column + 9.5, 20 * row + 16.5, f"{difference[number]:.1f}", **place)
        axes.set_axis_off()
        explained = "outside: original; inside: after the CCM; number: largest change of a channel, of 255"
        axes.set_title(explained, fontsize=9, loc="left")
    return path
