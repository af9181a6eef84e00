"""Plots of what `evaluate` measured, from the report alone."""

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skin_training.evaluation.curves import POOR_LIGHTING
from skin_training.plotting import (
    BESIDE,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    bars_with_intervals,
    display_name,
    plot_grouped_bars,
    saved_plot,
)
from skin_training.report_types import GainSection

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RELIABILITY_COLORS = {"before": ORANGE, "after": BLUE}
OF_URGENT_CLASSES = (RED, BLUE, GREEN, ORANGE)


def plot_evaluation(folder: Path, test: Mapping[str, Any], title: str) -> list[Path]:
    """Draw confusion matrix, metrics per class and tone, precision-recall curves and reliability; return the PNG files.

    What `test` (of `evaluate`, or a section of a report) lacks is not drawn. `title` stands above every plot.
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


def plot_distillation_gain(path: Path, gain: GainSection, title: str) -> Path:
    """Draw the distillation gain, overall and per class and skin tone."""
    parts = {"balanced accuracy": gain["balanced_accuracy"], "accuracy": gain["accuracy"]}
    parts |= {f"{name} skin": metric for name, metric in gain["per_tone"].items()}
    parts |= {display_name(name): metric for name, metric in gain["per_class"].items()}
    places = np.arange(len(parts))[::-1].astype(float)
    with saved_plot(path, f"Distillation gain: {title}", (8, 1.5 + 0.3 * len(parts))) as axes:
        for place, metric in zip(places, parts.values(), strict=True):
            value = metric["value"]
            color = GREY if value is None else GREEN if value >= 0 else RED
            bars_with_intervals(axes, [place], [metric], 0.7, color, "")
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_ylim(-0.6, len(parts) - 0.4)
        axes.set_yticks(places, [f"{name}, n = {metric['n']}" for name, metric in parts.items()])
        axes.set_xlabel("difference in accuracy from the label-only baseline")
    return path


def _confusion(path: Path, test: Mapping[str, Any], title: str) -> Path | None:
    confusion = test.get("confusion")
    if not confusion or not np.any(confusion["counts"]):
        return None
    counts, names = np.array(confusion["counts"]), [display_name(name) for name in confusion["classes"]]
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 3.5 + 0.5 * len(names)
    with saved_plot(path, f"Confusion: {title}", (side + 2.5, side)) as axes:
        axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.argwhere(counts):
            color = "white" if fractions[row, column] > 0.5 else "black"
            axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=8, color=color)
        axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
        axes.set_yticks(range(len(names)), [f"{n}, n = {c}" for n, c in zip(names, counts.sum(axis=1), strict=True)])
        axes.set_xlabel("predicted class")
        axes.set_ylabel("true class (colour: fraction of the row)")
    return path


def urgent_classes(test: Mapping[str, Any]) -> list[str]:
    """Return the ids of the classes that call for a doctor at once, from what `evaluate` returned or a report."""
    found = [name for name, metrics in test["per_class"].items() if metrics.get("urgency") == "urgent"]
    return found or list((test.get("triage") or {}).get("classes") or [])  # earlier reports: only where it was fitted


def _per_class(path: Path, test: Mapping[str, Any], title: str) -> Path:
    urgent = urgent_classes(test)
    rows = {
        f"{display_name(name)}, n = {metrics['n']}": [metrics[key] for key in ("recall", "precision", "f1")]
        for name, metrics in sorted(test["per_class"].items(), key=lambda item: item[0] not in urgent)
    }
    series = (("recall", BLUE), ("precision", ORANGE), ("F1", GREEN))
    return plot_grouped_bars(path, f"Per class, with 95 % intervals: {title}", rows, series)


def _fairness(path: Path, test: Mapping[str, Any], title: str) -> Path:
    rows = {
        f"{name}, n = {part['n']}": [
            part["diagnosis"]["accuracy"],
            part["diagnosis"]["balanced_accuracy"],
            part["lighting"]["accuracy"],
        ]
        for name, part in {"all": test, **test["per_tone"]}.items()
    }
    series = (("diagnosis accuracy", BLUE), ("diagnosis balanced accuracy", ORANGE), ("lighting accuracy", GREEN))
    label = f"fraction; tones by {test['tone_scheme']}"
    return plot_grouped_bars(path, f"Per skin tone, with 95 % intervals: {title}", rows, series, label)


def _precision_recall(path: Path, test: Mapping[str, Any], title: str) -> Path | None:
    curves = dict(test.get("curves") or {})
    if not curves:
        return None
    lighting, urgent = curves.pop(POOR_LIGHTING, None), urgent_classes(test)
    with saved_plot(path, f"Precision and recall: {title}", (13, 5), (1, 2)) as (left, right):
        colors = dict(zip(urgent, itertools.cycle(OF_URGENT_CLASSES), strict=False))
        for name in sorted(curves, key=lambda name: name in urgent):  # urgent classes lie on top
            look: dict[str, Any] = {"color": GREY, "linewidth": 0.8, "alpha": 0.7, "label": "_other"}
            if name in colors:
                look = {"color": colors[name], "linewidth": 2, "label": display_name(name)}
            left.plot(curves[name]["recall"], curves[name]["precision"], **look)
        left.plot([], [], color=GREY, linewidth=0.8, label="other classes")
        left.set_title("diagnosis, one class against the rest", fontsize=10, loc="left")
        right.set_title("detection of poor lighting", fontsize=10, loc="left")
        if lighting:
            right.plot(lighting["recall"], lighting["precision"], color=BLUE, label="model")
            right.axhline(1 - test["lighting"]["well_lit_share"], color=GREY, linestyle=":", label="by chance")
        for axes in (left, right):
            if axes.lines:
                axes.legend(**BESIDE)
            axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    return path


def _reliability(path: Path, test: Mapping[str, Any], title: str) -> Path | None:
    calibration = test.get("calibration") or {}
    if "reliability" not in calibration:
        return None
    with saved_plot(path, f"Reliability: {title}", (10, 5), (1, 2)) as columns:
        for axes, when in zip(columns, RELIABILITY_COLORS, strict=True):
            draw_reliability(axes, calibration, when)
    return path


def draw_reliability(axes: "Axes", calibration: Mapping[str, Any], when: str) -> None:
    """Draw the accuracy of each bin of confidence, with its number of photos, "before" or "after" calibration."""
    bins = [b for b in calibration["reliability"][when] if b["n"]]
    low, accuracy = [b["low"] for b in bins], [b["accuracy"] for b in bins]
    widths = [b["high"] - b["low"] for b in bins]
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    axes.bar(low, accuracy, widths, align="edge", color=RELIABILITY_COLORS[when], edgecolor="white")
    axes.plot([b["confidence"] for b in bins], accuracy, "o", color=GREY, markeredgecolor="black", markersize=4)
    ece = calibration[f"ece_{when}"]["value"]
    step = "as trained" if when == "before" else f"after {calibration['method']} calibration"
    shown = "not measured" if ece is None else f"{ece:.3f}"
    axes.set_title(f"{step}\nexpected calibration error {shown}", fontsize=10, loc="left")
    axes.set(xlabel="confidence of the top class", ylabel="accuracy", xlim=(0, 1), ylim=(-0.06, 1.02))
    for b in bins:
        axes.text((b["low"] + b["high"]) / 2, -0.01, b["n"], ha="center", va="top", fontsize=7)
