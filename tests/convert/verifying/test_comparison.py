from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, recall_score, roc_auc_score

from convert.verifying.comparison import compare

IDS = ["eczema", "melanoma", "wart"]


@pytest.fixture(scope="module")
def found():
    """A comparison of random predictions, and its inputs."""
    generator = np.random.default_rng(0)
    n = 300
    truth = generator.integers(0, 3, n)
    frame = pd.DataFrame(
        {
            "group": [f"g{k // 2}" for k in range(n)],
            "diagnosis": [IDS[t] for t in truth],
            "lighting_label": pd.array(generator.integers(0, 2, n), "Int64"),
            "tone_bucket": np.where(np.arange(n) < 10, "dark", np.where(np.arange(n) < 150, "medium", "light")),
        }
    )

    def predictions():
        diagnosis = generator.dirichlet([1, 1, 1], n) + 0.5 * np.eye(3)[truth]
        return (diagnosis / diagnosis.sum(axis=1, keepdims=True)).astype(np.float32), generator.uniform(size=n)

    before, after = predictions(), predictions()
    manifest = SimpleNamespace(taxonomy=SimpleNamespace(ids=IDS))
    return SimpleNamespace(
        frame=frame, truth=truth, before=before, after=after, result=compare(manifest, frame, before, after)
    )


def test_metrics_are_those_of_scikit_learn(found):
    lit = found.frame["lighting_label"].to_numpy(int)
    for predictions, key in ((found.before, "of_float"), (found.after, "of_file")):
        overall = {name: metric[key] for name, metric in found.result["overall"].items()}
        predicted, light = predictions[0].argmax(axis=1), predictions[1] >= 0.5
        assert overall["accuracy"] == pytest.approx(np.mean(predicted == found.truth))
        assert overall["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(found.truth, predicted))
        assert overall["lighting_accuracy"] == pytest.approx(np.mean(light == lit))
        assert overall["lighting_balanced_accuracy"] == pytest.approx(balanced_accuracy_score(lit, light))
        assert overall["lighting_auc"] == pytest.approx(roc_auc_score(lit, predictions[1]))
    for name, number in zip(IDS, range(3), strict=True):
        recalls = [
            recall_score(found.truth, a[0].argmax(axis=1), labels=[number], average=None)[0]
            for a in (found.after, found.before)
        ]
        assert found.result["per_class"][name]["value"] == pytest.approx(recalls[0] - recalls[1])


def test_changes_are_paired_and_small_slices_get_none(found):
    for metric in found.result["overall"].values():
        assert metric["value"] == pytest.approx(metric["of_file"] - metric["of_float"])
        assert metric["low"] <= metric["value"] <= metric["high"]
    assert found.result["per_tone"]["dark"] == {
        "value": None, "low": None, "high": None, "n": 10, "why": "too few samples to tell",
    }  # fmt: skip
    assert found.result["per_tone"]["medium"]["n"] == 140


def test_intervals_corrected_for_the_number_of_slices_are_wider(found):
    parts = [*found.result["per_tone"].values(), *found.result["per_class"].values()]
    known = [metric for metric in parts if metric["value"] is not None]
    assert found.result["comparisons"] == len(known) == 5  # two tones, three classes
    assert all(metric["corrected_high"] >= metric["high"] for metric in known)
    assert any(metric["corrected_high"] > metric["high"] for metric in known)


def test_the_same_predictions_change_nothing(found):
    manifest = SimpleNamespace(taxonomy=SimpleNamespace(ids=IDS))
    same = compare(manifest, found.frame, found.before, found.before)
    assert same["agreement"] == same["lighting_agreement"] == 1.0
    for metric in same["overall"].values():
        assert (metric["value"], metric["low"], metric["high"]) == (0, 0, 0)


def test_few_poorly_lit_photos_give_no_balanced_metrics(found):
    manifest = SimpleNamespace(taxonomy=SimpleNamespace(ids=IDS))
    frame = found.frame.assign(lighting_label=pd.array(np.arange(len(found.frame)) >= 3, "Int64"))
    overall = compare(manifest, frame, found.before, found.after)["overall"]
    for name in ("lighting_balanced_accuracy", "lighting_auc"):
        assert (overall[name]["value"], overall[name]["n"]) == (None, 3)
    assert overall["lighting_accuracy"]["n"] == 300
