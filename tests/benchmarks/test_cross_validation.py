"""Cross-validation by patient, its metrics, and the release file that carries them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.cross_validation.folds import (
    FOLDS,
    HeldOutPredictions,
    file_of,
    fold_of,
    held_out,
    parts_of,
    runs_of,
    write_everything,
)
from benchmarks.cross_validation.held_out_metrics import fit_on, measure, weights_in_words
from benchmarks.cross_validation.release import ATTRIBUTION, card_document, release_card, write_release
from distill.recipe import DistillRecipe
from mobile_app.classifier import DEMO_MODEL
from skin_data.manifest import Manifest, read_manifest, write_manifest
from skin_data.taxonomy import load_taxonomy
from skin_training.evaluation.decisions import card_classes
from skin_training.recipe import Phase
from skin_training.training_data import Split
from triage.atomic import write_json
from triage.errors import CheckFailed, UnusableInput
from triage.model_file import read_model

RECIPE = DistillRecipe((Phase("distill", "all", 1, 1e-3),))
PATIENTS, SYMPTOMS = 300, ("itch", "grew", "hurt", "changed", "bleed", "elevation")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """Two photos of each of 300 patients, of one lesion or two; those with a cancer bleed and are older."""
    rng, taxonomy = np.random.default_rng(0), load_taxonomy("pad-ufes-20")
    patient = np.repeat(np.arange(PATIENTS), 2)
    number = np.repeat(rng.integers(0, len(taxonomy.ids), PATIENTS), 2)
    urgent = np.array([entry.urgency == "urgent" for entry in taxonomy.classes])[number]
    answer = np.where(rng.random((len(SYMPTOMS), len(patient))) < np.where(urgent, 0.8, 0.2), "TRUE", "FALSE")
    frame = pd.DataFrame(
        {
            "image_path": [f"{n}.jpg" for n in range(len(patient))],
            "dataset": "pad-ufes-20",
            "source": "smartphone",
            "group": [f"PAT_{n}" for n in patient],
            "lesion_id": [str(n // 3) for n in range(len(patient))],
            "split": "train",
            "diagnosis": [taxonomy.ids[n] for n in number],
            "soft_label": None,
            "lighting_label": 1.0,
            "ita": 30.0,
            "tone_bucket": rng.choice(["light", "medium", "dark"], len(patient)),
            "fitzpatrick": rng.choice(["2", "3", "6"], len(patient), p=[0.6, 0.37, 0.03]),
            "monk": None,
            "age": [str(a) for a in np.where(urgent, 70, 45) + rng.integers(-15, 15, len(patient))],
            "region": rng.choice(["FACE", "BACK", "HAND", ""], len(patient)),
            **dict(zip(SYMPTOMS, answer, strict=True)),
        }
    )
    return Manifest(frame, taxonomy, "0" * 64, tmp_path_factory.mktemp("data") / "meta.csv")


@pytest.fixture(scope="module")
def predictions(manifest):
    """Right in about half of the photos."""
    rng = np.random.default_rng(1)
    numbers = manifest.frame["diagnosis"].map({name: n for n, name in enumerate(manifest.taxonomy.ids)})
    logits = rng.normal(0, 1, (len(numbers), 6)) + 1.5 * np.eye(6)[numbers]
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return HeldOutPredictions(
        manifest.frame, parts_of(manifest, 1) // 2, probabilities, rng.uniform(0.5, 1, len(numbers))
    )


@pytest.fixture(scope="module")
def metrics(predictions, manifest):
    return measure(predictions, manifest)


def test_every_photo_is_tested_once_and_never_with_its_patient_in_training(manifest):
    tested = []
    for number in range(FOLDS):
        fold = fold_of(manifest, number, 1)
        groups = {name: set(fold.split(name)["group"]) for name in ("train", "val", "test")}
        assert not (
            groups["train"] & groups["test"] or groups["train"] & groups["val"] or groups["val"] & groups["test"]
        )
        assert len(fold.split("train")) == pytest.approx(0.7 * len(manifest.frame), abs=12)
        tested += list(fold.split("test")["image_path"])
        assert fold.sha256 != fold_of(manifest, number, 2).sha256
    assert sorted(tested) == sorted(manifest.frame["image_path"])


def test_the_final_model_uses_every_photo(manifest, tmp_path):
    frame = manifest.frame.assign(ita=np.where(np.arange(len(manifest.frame)) == 5, np.nan, 30.0))
    rows = frame.astype(object).where(frame.notna(), None).assign(lighting_label="1").to_dict("records")
    write_manifest(tmp_path / "meta.csv", rows, manifest.taxonomy)
    final = write_everything(read_manifest(tmp_path / "meta.csv"), 1, tmp_path / "final")
    training, validation = (set(final.split(name)["image_path"]) for name in ("train", "val"))
    assert {Path(path).name for path in training | validation} == set(manifest.frame["image_path"])
    assert not training & validation
    assert validation == set(final.split("test")["image_path"])
    assert len(validation) < 0.12 * len(manifest.frame)


def test_an_unfinished_fold_is_named(manifest, tmp_path):
    with pytest.raises(UnusableInput, match="Fold 0"):
        held_out(manifest, RECIPE, "pad", 1, tmp_path)


def test_answers_that_tell_something_are_a_gain(metrics):
    alone, answered = metrics["photo_alone"], metrics["answered"]
    values = [part["balanced_accuracy"]["value"] for part in (alone, answered["3"], answered["all"])]
    assert values == sorted(values) and metrics["gain"]["balanced_accuracy"]["low"] > 0
    # Answers never lower the urgency, so that no more cancers are missed, and more people are sent.
    for count in ("3", "all"):
        assert answered[count]["urgent_sensitivity"]["value"] >= alone["urgent_sensitivity"]["value"]
        assert answered[count]["urgent_specificity"]["value"] <= alone["urgent_specificity"]["value"]
    assert alone["urgent_sensitivity"]["value"] == pytest.approx(0.9, abs=0.05)


def test_cases_are_lesions_of_one_patient(metrics, manifest):
    expected = manifest.frame.groupby(["group", "lesion_id"]).size()
    assert metrics["cases"]["lesions"] == (expected > 1).sum() < PATIENTS
    assert metrics["cases"]["combined"] > metrics["cases"]["first_photo"]


def test_the_weight_of_each_answer_is_told_as_a_factor(predictions, manifest):
    everyone = np.ones(len(predictions.frame), bool)
    factors = weights_in_words(fit_on(predictions, everyone, manifest).answers, manifest)
    assert factors["bleed=yes"] > 1 > factors["bleed=no"] and factors["age=70"] > 1 > factors["age=25"]


def test_the_release_carries_figures_attribution_and_what_was_not_checked(predictions, manifest, metrics, tmp_path):
    demo = read_model(DEMO_MODEL)
    card = {**demo.card, "classes": card_classes(manifest.taxonomy.classes), "synthetic": False}
    released = release_card(card, predictions, manifest, metrics)
    assert released["data"]["attribution"] == ATTRIBUTION and "CC BY 4.0" in released["licence"]
    frame = predictions.frame
    dark = ((frame["tone_bucket"] == "dark") & (frame["fitzpatrick"] == "6")).sum()
    assert released["per_tone"]["dark"]["n"] == dark < 50  # "not checked on skin like this"
    document = card_document(released, 1234567)
    assert ATTRIBUTION in document and "1,234,567" in document and "bleed=yes" in document


def test_a_file_that_is_too_large_is_not_shipped(predictions, manifest, metrics, tmp_path, monkeypatch):
    import benchmarks.cross_validation.release as release

    monkeypatch.setattr(release, "MAX_BYTES", 1000)
    monkeypatch.setattr(release, "release_card", lambda card, *_: card)
    with pytest.raises(CheckFailed, match="1000"):
        write_release(DEMO_MODEL, tmp_path / "phone.tflite", tmp_path / "card.md", predictions, manifest, metrics)
    assert not list(tmp_path.iterdir())


def test_a_variant_that_is_trained_further_is_refused():
    with pytest.raises(UnusableInput, match="int8-qat"):
        file_of(None, "int8-qat", None, None)


def test_students_and_their_files_predict_the_same_photos_after_one_loading(manifest, tmp_path, monkeypatch):
    for number in range(FOLDS):
        _, run = runs_of("pad", f"fold{number}", tmp_path)
        run.artifacts.mkdir(parents=True)
        (run.artifacts / "student.keras").touch()
        write_json(run.report_path, {"distill": {"meta_sha256": fold_of(manifest, number, 1).sha256}})
    loaded = []
    monkeypatch.setattr("distill.model_file.load_model", lambda path: loaded.append(path) or 0.75)
    monkeypatch.setattr("benchmarks.cross_validation.folds.file_of", lambda student, *_: student / 3)
    monkeypatch.setattr("skin_training.training_data.load_split", lambda fold, name, *_: Split(*[fold.split(name)] * 2))
    monkeypatch.setattr(
        "skin_training.predict.predict", lambda model, rows: (np.full((len(rows), 6), model), rows["ita"])
    )
    students, files = held_out(manifest, RECIPE, "pad", 1, tmp_path, variant="int8")
    assert len(loaded) == FOLDS
    assert (students.probabilities == 0.75).all() and (files.probabilities == 0.25).all()
    for found in (students, files):
        assert sorted(found.frame["image_path"]) == sorted(manifest.frame["image_path"])
        patients = pd.Series(found.fold).groupby(found.frame["group"]).nunique()
        assert (patients == 1).all() and set(found.fold) == set(range(FOLDS))


@pytest.mark.parametrize("number", [-1, FOLDS])
def test_a_fold_that_does_not_exist_is_refused(manifest, number):
    with pytest.raises(UnusableInput, match=str(number)):
        fold_of(manifest, number, 1)
