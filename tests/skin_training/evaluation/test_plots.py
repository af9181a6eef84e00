from contextlib import contextmanager

import numpy as np
import pytest

from skin_training import plotting, training_plots
from skin_training.evaluation import plots


@pytest.fixture
def shown(monkeypatch):
    """The axes of each plot by file name, once drawn."""
    kept, draw = {}, plots.saved_plot

    @contextmanager
    def watching(path, *arguments):
        with draw(path, *arguments) as axes:
            kept[path.stem] = np.atleast_1d(axes)
            yield axes

    for module in (plotting, plots, training_plots):
        monkeypatch.setattr(module, "saved_plot", watching)
    return kept


def metric(value, why=None):
    if value is None:
        return {"value": None, "n": 2, "why": why}
    return {"value": value, "low": value - 0.05, "high": value + 0.08, "n": 50}


def evaluated():
    part = {
        "n": 50,
        "diagnosis": {"accuracy": metric(0.6), "balanced_accuracy": metric(None, "too few samples to tell")},
        "lighting": {"accuracy": metric(0.9), "auc": metric(0.8), "well_lit_share": 0.75},
    }
    bins = [{"low": 0.5, "high": 0.6, "n": 7, "confidence": 0.55, "accuracy": 0.4},
            {"low": 0.6, "high": 0.7, "n": 0, "confidence": None, "accuracy": None}]  # fmt: skip
    scores = {"recall": metric(0.3), "precision": metric(0.5), "f1": metric(0.4), "n": 25}
    return {
        **part,
        "synthetic": True,
        "tone_scheme": "ITA",
        "per_class": {"nevus": scores, "wart": scores, "melanoma": {**scores, "urgency": "urgent"}},
        "per_tone": {"dark": part},
        "confusion": {"classes": ["nevus", "wart"], "counts": [[20, 5], [0, 25]]},
        "curves": {
            "nevus": {"recall": [0, 1], "precision": [1, 0.5]},
            "melanoma": {"recall": [0, 1], "precision": [1, 0.75]},
            "poor_lighting": {"recall": [0, 1], "precision": [1, 0.25]},
        },
        "calibration": {"method": "temperature", "ece_before": metric(0.2), "ece_after": metric(None, "x"),
                        "reliability": {"before": bins, "after": bins}},
    }  # fmt: skip


def test_what_is_drawn_is_what_was_measured(tmp_path, shown):
    written = plots.plot_evaluation(tmp_path, evaluated(), "run")
    assert sorted(p.stem for p in written) == ["confusion", "fairness", "per_class", "precision_recall", "reliability"]
    (confusion,) = shown["confusion"]
    assert [t.get_text() for t in confusion.texts] == ["20", "5", "25"]
    np.testing.assert_allclose(confusion.images[0].get_array(), [[0.8, 0.2], [0, 1]])
    (fairness,) = shown["fairness"]
    assert sorted(round(p.get_width(), 3) for p in fairness.patches) == [0.6, 0.6, 0.9, 0.9]
    assert [t.get_text() for t in fairness.texts] == ["too few samples to tell"] * 2
    intervals = [tuple(np.round(line.get_xdata(), 3)) for line in fairness.lines]
    assert sorted(set(intervals)) == [(0.55, 0.68), (0.85, 0.98)]
    reliability = shown["reliability"]
    assert [p.get_height() for p in reliability[0].patches] == [0.4]
    assert "0.200" in reliability[0].get_title(loc="left")
    assert "not measured" in reliability[1].get_title(loc="left")
    assert all("synthetic" in axes[0].figure.get_suptitle() for axes in shown.values())


def test_urgent_classes_stand_out_and_no_legend_lies_on_curves(tmp_path, shown):
    plots.plot_evaluation(tmp_path, evaluated(), "run")
    left, _ = shown["precision_recall"]
    colors = {line.get_label(): line.get_color() for line in left.lines}
    assert colors["Melanoma"] == plotting.RED
    assert [line.get_color() for line in left.lines if line.get_label() != "Melanoma"] == [plotting.GREY] * 2
    assert shown["per_class"][0].get_yticklabels()[0].get_text().startswith("Melanoma")
    for axes in (axes for group in shown.values() for axes in group):
        if legend := axes.get_legend():
            box, inside = legend.get_window_extent(), axes.get_window_extent()
            assert box.x0 >= inside.x1 - 1 or box.y0 >= inside.y1 - 1


def test_names_of_classes_are_written_for_people(tmp_path, shown):
    test = evaluated()
    test["confusion"]["classes"][1] = "warts_molluscum"
    plots.plot_evaluation(tmp_path, test, "run")
    assert [t.get_text() for t in shown["confusion"][0].get_xticklabels()] == ["Nevus", "Warts molluscum"]


def test_what_was_not_measured_is_not_drawn_and_the_same_metrics_make_the_same_bytes(tmp_path):
    test = {**evaluated(), "calibration": None, "curves": None, "confusion": None}
    written = plots.plot_evaluation(tmp_path / "one", test, "run")
    assert sorted(p.stem for p in written) == ["fairness", "per_class"]
    for path in plots.plot_evaluation(tmp_path / "two", test, "run"):
        assert path.read_bytes() == (tmp_path / "one" / path.name).read_bytes()


def test_training_curves_and_the_ccm_are_those_of_the_run(tmp_path, shown):
    names = ("loss", "val_accuracy", "val_balanced_accuracy", "val_lighting_accuracy", "kept")
    values = [
        ("A heads", 2.0, 0.3, 0.2, 0.8, False),
        ("A heads", 1.0, 0.5, 0.4, 0.8, True),
        ("C top", 0.5, 0.6, 0.5, 0.9, True),
    ]
    rows = [dict(zip(("phase", *names), row, strict=True)) for row in values]
    section = {
        "phases": [{"phase": "A heads", "test": evaluated()}],
        "color_calibration": {"matrix": (np.eye(3) * 0.5).tolist(), "bias": [0.1, 0, 0]},
    }
    training_plots.plot_training(tmp_path, rows, section, "run")
    above, below = shown["training"]
    np.testing.assert_allclose(above.lines[0].get_ydata(), [2, 1, 0.5])
    np.testing.assert_allclose(below.lines[1].get_ydata(), [0.2, 0.4, 0.5])
    np.testing.assert_allclose(below.lines[3].get_xydata(), [[2, 0.4], [3, 0.5]])
    patches = training_plots.calibrated_patches(np.eye(3) * 0.5, np.array([0.1, 0, 0]))
    np.testing.assert_allclose(patches[18], [243 / 510 + 0.1, 243 / 510, 242 / 510])
    drawn = shown["color_calibration"][0].images[0].get_array()
    np.testing.assert_allclose(drawn[10::20, 10::20].reshape(-1, 3), patches)
