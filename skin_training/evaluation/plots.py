"""Pictures of what `evaluate` measured: each from the report alone, so that what is drawn is what is reported."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skin_training.plotting import BLUE, GREEN, GREY, ORANGE, RED, bars_with_intervals, fraction_axis, saved_plot

SHOWN_AS_CURVES = 12
"""More classes than this make a picture of curves unreadable; the ones with the most photos are drawn."""


def plot_evaluation(folder: Path, test: Mapping[str, Any], title: str) -> list[Path]:
    """Draw confusion matrix, figures per class, fairness, precision-recall curves and reliability.

    What a report does not hold is not drawn.

    Args:
        folder: for the PNG files.
        test: what `evaluate` returned.
        title: what was measured; stands above every picture.

    Returns:
        The files written.
    """
    title = f"{title}, {test['n']} photos" + (" (synthetic)" if test["synthetic"] else "")
    drawn = [
        _confusion(folder / "confusion.png", test, title),
        _per_class(folder / "per_class.png", test, title),
        _fairness(folder / "fairness.png", test, title),
        _precision_recall(folder / "precision_recall.png", test, title),
        _reliability(folder / "reliability.png", test, title),
    ]
    return [path for path in drawn if path]


def _confusion(path: Path, test: Mapping[str, Any], title: str) -> Path | None:
    confusion = test.get("confusion")
    if not confusion or not np.any(confusion["counts"]):
        return None
    counts, names = np.array(confusion["counts"]), confusion["classes"]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 3.5 + 0.5 * len(names)
    with saved_plot(path, f"Confusion: {title}", (side + 2.5, side)) as axes:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.argwhere(counts):
            color = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=8, color=color)
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
        axes.set_yticks(range(len(names)), [f"{n}, n = {c}" for n, c in zip(names, counts.sum(axis=1), strict=True)])
        axes.set_xlabel("the model's answer")
        axes.set_ylabel("the photo's label (colour: share of its row)")
    return path


def _per_class(path: Path, test: Mapping[str, Any], title: str) -> Path:
    names = list(test["per_class"])
    places = np.arange(len(names))[::-1].astype(float)
    with saved_plot(path, f"Per class, with 95 % intervals: {title}", (8, 1.5 + 0.55 * len(names))) as axes:
        for number, (key, color) in enumerate((("recall", BLUE), ("precision", ORANGE), ("f1", GREEN))):
            figures = [test["per_class"][name][key] for name in names]
            bars_with_intervals(axes, places + 0.25 * (1 - number), figures, 0.24, color, key.replace("f1", "F1"))
        axes.set_yticks(places, [f"{name}, n = {test['per_class'][name]['n']}" for name in names])
        fraction_axis(axes)
    return path


def _fairness(path: Path, test: Mapping[str, Any], title: str) -> Path:
    slices = {"all": test, **test["per_tone"]}
    places = np.arange(len(slices))[::-1].astype(float)
    with saved_plot(path, f"Per skin tone, with 95 % intervals: {title}", (8, 1.8 + 0.7 * len(slices))) as axes:
        shown = (
            ("diagnosis", "accuracy", BLUE, "diagnosis accuracy"),
            ("diagnosis", "balanced_accuracy", ORANGE, "diagnosis balanced accuracy"),
            ("lighting", "accuracy", GREEN, "lighting accuracy"),
        )
        for number, (head, key, color, label) in enumerate(shown):
            figures = [part[head][key] for part in slices.values()]
            bars_with_intervals(axes, places + 0.25 * (1 - number), figures, 0.24, color, label)
        axes.set_yticks(places, [f"{name}, n = {part['n']}" for name, part in slices.items()])
        fraction_axis(axes, f"share; tones by {test['tone_scheme']}")
    return path


def _precision_recall(path: Path, test: Mapping[str, Any], title: str) -> Path | None:
    curves = test.get("curves") or {}
    diagnosis, light = curves.get("precision_recall") or {}, curves.get("lighting_precision_recall")
    if not diagnosis and not light:
        return None
    with saved_plot(path, f"Precision and recall: {title}", (11, 5), (1, 2)) as (left, right):
        from matplotlib import colormaps

        names = sorted(diagnosis, key=lambda name: -test["per_class"][name]["n"])[:SHOWN_AS_CURVES]
        for number, name in enumerate(names):
            style = ("-", "--", ":")[number % 3]
            color = colormaps["viridis"](number / max(1, len(names)))
            left.plot(diagnosis[name]["recall"], diagnosis[name]["precision"], style, color=color, label=name)
        left.set_title("diagnosis, each class against the rest", fontsize=10, loc="left")
        if names:
            left.legend(frameon=False, fontsize=7, loc="lower left")
        right.set_title("lighting, poor light found", fontsize=10, loc="left")
        if light:
            right.plot(light["recall"], light["precision"], color=BLUE)
            share = test["lighting"]["well_lit_share"]
            right.axhline(1 - share, color=GREY, linestyle=":", label="by chance")
            right.legend(frameon=False, fontsize=8)
        for axes in (left, right):
            axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    return path


def _reliability(path: Path, test: Mapping[str, Any], title: str) -> Path | None:
    calibration = test.get("calibration")
    if not calibration:
        return None
    with saved_plot(path, f"Reliability: {title}", (10, 5), (1, 2)) as columns:
        for axes, when, color in zip(columns, ("before", "after"), (ORANGE, BLUE), strict=True):
            bins = [b for b in calibration["reliability"][when] if b["n"]]
            axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
            axes.bar(
                [b["low"] for b in bins],
                [b["accuracy"] for b in bins],
                [b["high"] - b["low"] for b in bins],
                align="edge",
                color=color,
                edgecolor="white",
            )
            axes.plot([b["confidence"] for b in bins], [b["accuracy"] for b in bins], "o", color="black", markersize=3)
            ece = calibration[f"ece_{when}"]["value"]
            shown = "not measured" if ece is None else f"{ece:.3f}"
            way = "as trained" if when == "before" else f"after {calibration['method']}"
            axes.set_title(f"{way}: expected calibration error {shown}", fontsize=10, loc="left")
            axes.set(xlabel="confidence of the first answer", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02))
            for b in bins:
                inside = (b["accuracy"] or 0) > 0.06
                axes.text((b["low"] + b["high"]) / 2, 0.01, b["n"], ha="center", fontsize=7,
                          color="white" if inside and color == BLUE else "black")  # fmt: skip
    return path


def plot_distillation_gain(path: Path, gain: Mapping[str, Any], title: str) -> Path:
    """Draw what a teacher was worth to its student, per class and skin tone, as `distill.worth.paired_gain` says it."""
    parts = {"balanced accuracy": gain["balanced_accuracy"], "accuracy": gain["accuracy"]}
    parts |= {f"tone: {name}": figure for name, figure in gain["per_tone"].items()}
    parts |= {f"class: {name}": figure for name, figure in gain["per_class"].items()}
    places = np.arange(len(parts))[::-1].astype(float)
    with saved_plot(path, f"Gain by the teacher: {title}", (8, 1.5 + 0.3 * len(parts))) as axes:
        for place, figure in zip(places, parts.values(), strict=True):
            color = GREY if figure["value"] is None else GREEN if figure["value"] >= 0 else RED
            bars_with_intervals(axes, [place], [figure], 0.7, color, "")
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_ylim(-0.6, len(parts) - 0.4)
        axes.set_yticks(places, [f"{name}, n = {figure['n']}" for name, figure in parts.items()])
        axes.set_xlabel("difference to the same student without the teacher")
    return path
