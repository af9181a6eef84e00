import json

import numpy as np
import pytest
from sklearn import metrics as reference

from skin_data.manifest import read_manifest
from skin_data.prepare import prepare
from skin_distill.terminal import not_fitted_text
from skin_training.evaluation import evaluate
from skin_training.evaluation.conformal import PENALTY
from skin_training.evaluation.decisions import decision_card, sent_to_doctor
from skin_training.evaluation.evaluate import true_classes
from skin_training.evaluation.held_out import HeldOut, Validation
from skin_training.evaluation.metric import GroupBootstrap
from skin_training.evaluation.split_predictions import SplitPredictions
from skin_training.evaluation.thresholds import (
    MIN_GROUPS,
    MIN_URGENT_GROUPS,
    NEUTRAL_TEMPERATURE,
    NEUTRAL_URGENT,
)
from triage.assessment import apply_temperature
from triage.decision import decide
from triage.errors import UnusableInput


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantoms")
    return read_manifest(prepare("phantom", None, folder, workers=1, count=400, size=64).meta_path)


def predictions_for(frame, ids, seed, confusion=1.0):
    """Made-up predictions: the truth, blurred, and the lighting label, blurred."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(len(frame), len(ids))) * confusion
    truth = true_classes(frame, ids)
    logits[np.arange(len(frame)), truth] += 2
    # A shift of 2 under unit noise is worth logits of 2 z; 5 z is two and a half times too sure.
    powers = np.exp(5 * logits)
    lit = frame["lighting_label"].to_numpy(float)
    return powers / powers.sum(axis=1, keepdims=True), np.clip(0.5 * lit + 0.6 * generator.random(len(frame)), 0, 1)


@pytest.fixture(scope="module")
def measured(manifest):
    ids = manifest.taxonomy.ids
    frame, val = manifest.split("train"), manifest.split("val")
    answers = predictions_for(frame, ids, 0)
    tones = val["tone_bucket"].astype(str).to_numpy()
    validation = Validation(true_classes(val, ids), predictions_for(val, ids, 1)[0], tones)
    return frame, answers, evaluate(manifest, frame, *answers, resamples=100, validation=validation)


def test_metrics_equal_scikit_learn(manifest, measured):
    frame, (diagnosis, lighting), report = measured
    truth, answer = true_classes(frame, manifest.taxonomy.ids), diagnosis.argmax(axis=1)
    lit = frame["lighting_label"].to_numpy(int)
    found = report["diagnosis"]
    assert found["accuracy"]["value"] == pytest.approx(reference.accuracy_score(truth, answer))
    assert found["balanced_accuracy"]["value"] == pytest.approx(reference.balanced_accuracy_score(truth, answer))
    assert found["top3_accuracy"]["value"] == pytest.approx(reference.top_k_accuracy_score(truth, diagnosis, k=3))
    assert report["lighting"]["auc"]["value"] == pytest.approx(reference.roc_auc_score(lit, lighting))
    assert report["lighting"]["average_precision"]["value"] == pytest.approx(
        reference.average_precision_score(1 - lit, 1 - lighting)
    )
    assert report["lighting"]["poor_recall"]["value"] == pytest.approx(
        reference.recall_score(lit, lighting >= 0.5, pos_label=0)
    )
    np.testing.assert_array_equal(report["confusion"]["counts"], reference.confusion_matrix(truth, answer))
    name = manifest.taxonomy.ids[2]
    assert report["per_class"][name]["n"] == np.sum(truth == 2)
    for metric in (found["accuracy"], report["per_class"][name]["recall"]):
        if metric["value"] is not None:
            assert metric["low"] <= metric["value"] <= metric["high"]


def test_n_counts_the_photos_that_a_metric_rests_on(manifest, measured):
    frame, (diagnosis, _), _ = measured
    poor = np.arange(len(frame)) < 25
    lit = frame.assign(lighting_label=1.0 - poor)
    named = np.arange(len(frame)) >= len(frame) - 5  # five photos, all well lit, are called poor
    report = evaluate(manifest, lit, diagnosis, 1.0 - named, resamples=10)["lighting"]
    assert {name: report[name]["n"] for name in ("auc", "average_precision", "poor_recall", "poor_precision")} == {
        "auc": 25, "average_precision": 25, "poor_recall": 25, "poor_precision": 5,
    }  # fmt: skip
    assert report["accuracy"]["n"] == len(frame)
    assert report["poor_recall"]["value"] == 0
    assert report["poor_precision"]["value"] is None


def test_of_equal_probabilities_the_first_class_comes_first(manifest, measured):
    frame, (diagnosis, lighting), _ = measured
    truth = true_classes(frame, manifest.taxonomy.ids)
    same = np.full_like(diagnosis, 1 / diagnosis.shape[1])
    report = evaluate(manifest, frame, same, lighting, resamples=10)["diagnosis"]
    assert report["accuracy"]["value"] == pytest.approx(np.mean(truth == 0))
    assert report["top3_accuracy"]["value"] == pytest.approx(np.mean(truth < 3))


@pytest.mark.parametrize("method", ["temperature", "vector", "dirichlet"])
def test_sets_of_few_validation_photos_hold_the_truth_as_often_as_promised(method):
    generator = np.random.default_rng(3)
    covered = []
    for _ in range(10):
        logits = generator.normal(size=(1100, 10)) * 1.5
        exact = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        truth = np.array([generator.choice(10, p=p) for p in exact])
        sure = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
        everything = np.arange(1000)
        unknown = np.full(1000, np.nan)
        predictions = SplitPredictions(GroupBootstrap(everything, 0, 2), truth[100:], sure[100:], unknown, unknown)
        found = HeldOut(predictions, {}, {}, Validation(truth[:100], sure[:100], method=method)).conformal()
        covered.append(found["coverage"]["value"])
    assert np.mean(covered) == pytest.approx(0.9, abs=0.03)


def test_slices_hold_their_own_photos(measured):
    frame, _, report = measured
    for bucket, part in report["per_tone"].items():
        assert part["n"] == (frame["tone_bucket"] == bucket).sum()
    lit = frame["lighting_label"].to_numpy() == 1
    assert report["slices"]["lighting"]["well lit"]["n"] == lit.sum()
    # One state of light has no ROC: that is said, not made up.
    assert report["slices"]["lighting"]["well lit"]["lighting"]["auc"]["value"] is None
    assert sum(p["n"] for p in report["slices"]["source"].values()) == len(frame)
    assert "monk" not in report["slices"]


def test_the_report_is_json_without_nan(measured):
    json.dumps(measured[2], allow_nan=False)


def test_what_is_fitted_on_validation_is_measured_here(measured):
    frame, _, report = measured
    assert report["calibration"]["fitted_on"]["n"] < len(frame)
    assert report["calibration"]["temperature"] == pytest.approx(2.5, rel=0.3)
    assert report["calibration"]["ece_after"]["value"] < report["calibration"]["ece_before"]["value"]
    assert set(report["calibration"]["alternatives"]) == {"none", "temperature", "vector", "dirichlet"}
    for tone, part in report["calibration"]["per_tone"].items():
        assert report["calibration"]["alternatives"]["temperature"]["per_tone"][tone] == part["ece_after"]
    assert report["triage"]["sensitivity"]["n"] + report["triage"]["specificity"]["n"] == len(frame)
    assert 0.75 < report["conformal"]["coverage"]["value"] <= 1
    conformal = report["conformal"]
    assert set(conformal["per_tone"]) == set(report["per_tone"]) == set(conformal["one_threshold"]["per_tone"])
    assert conformal["mean_size"]["value"] >= 1 and 0.75 < conformal["one_threshold"]["coverage"]["value"] <= 1
    assert set(conformal["rule"]["quantiles"]) <= {"all", *report["per_tone"]}


def test_nothing_is_fitted_on_too_few_groups():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(400, 10)) * 3
    truth = generator.integers(0, 10, 400)
    urgent = np.arange(10) < 3
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    nothing = np.full(400, np.nan)
    predictions = SplitPredictions(GroupBootstrap(np.arange(400), 0, 2), truth, probabilities, nothing, nothing)
    # As many photos, of as many lesions as are needed and of one fewer.
    for count in (MIN_GROUPS, MIN_GROUPS - 1):
        fit = Validation(truth, probabilities, groups=np.arange(400) % count, method="dirichlet")
        measured = HeldOut(predictions, {}, {}, fit)
        calibration, conformal, enough = measured.calibration(), measured.conformal(), count == MIN_GROUPS
        assert ("not_fitted" not in calibration["fitted_on"]) == ("not_fitted" not in conformal["fitted_on"]) == enough
        assert calibration["fitted_on"]["groups"] == count
        assert (fit.temperature != NEUTRAL_TEMPERATURE) == ("weights" in calibration) == enough
        assert (conformal["rule"]["quantiles"]["all"] < 1 + 10 * PENALTY) == enough  # else every class is in
    assert str(MIN_GROUPS - 1) in calibration["fitted_on"]["not_fitted"]
    assert str(MIN_GROUPS - 1) in not_fitted_text({"conformal": conformal})
    assert calibration["alternatives"]["dirichlet"] == calibration["alternatives"]["none"]
    of_urgent = np.where(urgent[truth], np.arange(400) % (MIN_URGENT_GROUPS - 1), 1000 + np.arange(400))
    fit = Validation(truth, probabilities, groups=of_urgent)
    found = HeldOut(predictions, {}, {}, fit).triage(urgent, list("abcdefghij"))
    assert (found["threshold"], found["fitted_on"]["urgent"]) == (NEUTRAL_URGENT, urgent[truth].sum())
    assert f"{MIN_URGENT_GROUPS - 1} urgent groups" in found["fitted_on"]["not_fitted"]
    assert fit.temperature != NEUTRAL_TEMPERATURE
    assert Validation(truth, probabilities).urgent_threshold(urgent) != NEUTRAL_URGENT


def test_what_is_sent_to_a_doctor_is_what_triage_decides_photo_by_photo(manifest, measured):
    frame, (diagnosis, _), report = measured
    truth, ids = true_classes(frame, manifest.taxonomy.ids), manifest.taxonomy.ids
    thresholds = {"urgent": report["triage"]["threshold"], "abstain_below": 0.4, "well_lit": 0.5}
    temperature, rule = report["calibration"]["temperature"], report["conformal"]["rule"]
    tones = frame["tone_bucket"].astype(str).to_numpy()
    tested = {"light": 50, "medium": 50, "dark": 49}
    card = decision_card(manifest.taxonomy.classes, True, temperature, thresholds["urgent"], rule, tested)
    assert card["thresholds"] == thresholds
    card["synthetic"] = False  # a model of synthetic images never says "watch"
    sent = sent_to_doctor(diagnosis, tones, card)
    for row in range(40):
        probabilities = apply_temperature(diagnosis[row], card["temperature"])
        urgency = decide(probabilities, card, lighting_ok=True, has_skin=True, tone=tones[row]).urgency
        assert sent[row] == (urgency != "watch")
    assert sent[tones == "dark"].all()
    assert 0 < sent.mean() < 1
    found = evaluate(manifest, frame, diagnosis, np.ones(len(frame)), resamples=100, card=card)["per_class"]
    for number, name in enumerate(ids):
        own = truth == number
        if found[name]["recall"]["value"] is not None:
            assert found[name]["recall"]["value"] == pytest.approx(np.mean(diagnosis[own].argmax(axis=1) == number))
            assert found[name]["sent_to_doctor"]["value"] == pytest.approx(sent[own].mean())
            assert found[name]["sent_to_doctor"]["n"] == own.sum()
        assert found[name]["urgency"] == manifest.taxonomy.classes[number].urgency
    assert all(part["sent_to_doctor"]["value"] in (None, 1) for part in report["per_class"].values())


def test_without_validation_answers_nothing_is_fitted(manifest, measured):
    frame, answers, _ = measured
    report = evaluate(manifest, frame, *answers, resamples=10)
    assert report["calibration"] is report["triage"] is report["conformal"] is None
    assert not any("sent_to_doctor" in part for part in report["per_class"].values())


def test_a_model_without_lighting_is_said_not_to_predict_it(manifest, measured):
    frame, (diagnosis, _), _ = measured
    report = evaluate(manifest, frame, diagnosis, None, resamples=10)
    for lighting in (report["lighting"], report["per_tone"]["dark"]["lighting"]):
        assert lighting["accuracy"] == {"value": None, "low": None, "high": None, "n": 0, "why": "not predicted"}
    assert "poor_lighting" not in report["curves"]
    with pytest.raises(UnusableInput, match=str(len(frame) - 1)):
        evaluate(manifest, frame, diagnosis, np.zeros(len(frame) - 1))


def test_a_missing_label_counts_for_the_other_head_alone(manifest, measured):
    frame, answers, whole = measured
    without = frame.copy()
    without.loc[without.index[:10], "diagnosis"] = None
    report = evaluate(manifest, without, *answers, resamples=10)
    assert report["diagnosis"]["accuracy"]["n"] == len(frame) - 10
    assert report["lighting"]["accuracy"]["n"] == len(frame)
    assert report["lighting"]["accuracy"]["value"] == whole["lighting"]["accuracy"]["value"]


def test_predictions_that_do_not_fit_or_are_not_finite_are_refused(manifest, measured):
    frame, (diagnosis, lighting), _ = measured
    with pytest.raises(UnusableInput, match=str(len(frame) - 1)):
        evaluate(manifest, frame, diagnosis[:-1], lighting)
    for value in (np.nan, np.inf):
        broken = diagnosis.copy()
        broken[3, 2] = value
        with pytest.raises(UnusableInput):
            evaluate(manifest, frame, broken, lighting)
    with pytest.raises(UnusableInput, match="platt"):
        Validation(np.zeros(3, int), np.ones((3, 2)), method="platt")
    with pytest.raises(UnusableInput, match=r"coverage.*1\.5"):
        Validation(np.zeros(3, int), np.ones((3, 2)), coverage=1.5)
    with pytest.raises(UnusableInput):
        Validation(np.full(3, -1), np.ones((3, 2)))
