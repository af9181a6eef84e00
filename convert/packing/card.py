"""The card of a student's release files, `card.json`."""

from typing import Any, cast

import numpy as np
import tf_keras as keras

from convert.student import load_student_pixels
from convert.variants.variant import Variant
from distill.teachers.terms import warnings_of
from skin_data.manifest import Manifest
from skin_data.progress import Progress
from skin_training.color_calibration import ccm_of
from skin_training.evaluation.decisions import card_classes
from skin_training.evaluation.evaluate import evaluate, validation_of
from skin_training.predict import predict
from skin_training.report_types import TestSection
from skin_training.run_folder import RunFolder
from triage.crop import Crop
from triage.model_card import CARD_FORMAT, ClassResult, Interval, ModelCard, ToneResult

LICENCE = (
    "Research and education only; not a medical device. The photos a model was trained on set further limits: see "
    "the licence of the data set named under data."
)
LINEAGE = ("name", "kind", "sha256", "licence", "training_data")
"""What the card says of each teacher."""
NOT_MEASURED = (
    "people rather than photos: several photos of one person may count as several",
    "other cameras, clinics and countries than those of the data set",
    "skin tone as a person would name it: ITA describes a photo",
)


def card_of_student(
    run: RunFolder,
    manifest: Manifest,
    student: keras.Model,
    student_sha256: str,
    abstain_below: float,
    progress: Progress,
) -> dict[str, Any]:
    """Return the part of the card that all variants share.

    Temperature and threshold are fitted on the validation split; `thresholds.not_fitted` says which are not, and why.

    Args:
        run: of the student.
        manifest: the data set that it was trained on.
        student: the Keras student.
        student_sha256: of its file.
        abstain_below: top probability below which the app does not name a diagnosis.
        progress: called as `progress(stage, done, total)`.
    """
    config, distilled = run.read_config(), run.read_report()["distill"]
    size, crop = student.input_shape[1], Crop.recorded(config["distill"])
    frame = manifest.split("val")
    probabilities, _ = predict(student, load_student_pixels(run, manifest, frame, size, progress))
    validation = validation_of(frame, manifest.taxonomy.ids, probabilities)
    urgent = np.array([c.urgency == "urgent" for c in manifest.taxonomy.classes])
    rule, fitted_on = validation.fit_sets()
    score, is_urgent = validation.scaled()[:, urgent].sum(axis=1), urgent[validation.truth]
    threshold = validation.urgent_threshold(urgent)
    fits = {"temperature": validation.fitted_on(), "prediction_sets": validation.fitted_on()}
    if urgent.any():
        fits["urgent"] = validation.fitted_on(urgent)
    not_fitted = {name: fit["not_fitted"] for name, fit in fits.items() if "not_fitted" in fit}
    matrix, bias = ccm_of(student)
    teachers = distilled.get("teachers", [])  # runs of earlier versions lack them
    licences = [f"It learned from {t['name']}, whose licence is {t['licence']}." for t in teachers if "licence" in t]
    card = {
        "format": CARD_FORMAT,
        "classes": card_classes(manifest.taxonomy.classes),
        "color_calibration": {"matrix": matrix.tolist(), "bias": bias.tolist()},
        "temperature": validation.temperature,
        "thresholds": {
            "fitted_on": "the float student, validation split",
            "not_fitted": not_fitted,
            "urgent": threshold,
            "urgent_sensitivity": float(np.mean(score[is_urgent] >= threshold)) if is_urgent.any() else None,
            "abstain_below": abstain_below,
            "well_lit": 0.5,
        },
        "input": {"size": size, "crop": crop.shape, "crop_fraction": crop.fraction},
        "synthetic": manifest.synthetic,
        "data": {"dataset": manifest.dataset, "meta_sha256": manifest.sha256},
        "lineage": {
            "student_run": run.name,
            "student_sha256": student_sha256,
            "teacher_run": config["teacher_run"],
            "teacher_sha256": distilled["key"]["teacher_sha256"],
            "teachers": [{key: teacher[key] for key in LINEAGE if key in teacher} for teacher in teachers],
        },
        "per_tone": {
            "measured_on": "the float student, test split",
            **{tone: _tone_result(distilled["test"], tone) for tone in distilled["test"]["per_tone"]},
        },
        "not_measured": list(NOT_MEASURED),
        "warnings": warnings_of(teachers, manifest),
        "licence": " ".join([LICENCE, *licences]),
    }
    if "prediction_sets" not in not_fitted:
        card["prediction_sets"] = {**rule, "fitted_on": {"split": "the float student, validation split", **fitted_on}}
    card["per_class"] = _class_results(run, manifest, student, cast("ModelCard", card), progress)
    return card


def _class_results(
    run: RunFolder, manifest: Manifest, student: keras.Model, card: ModelCard, progress: Progress
) -> dict[str, ClassResult]:
    """Measure the student with the card's own thresholds on the test split."""
    frame = manifest.split("test")
    pixels = load_student_pixels(run, manifest, frame, student.input_shape[1], progress)
    measured = evaluate(manifest, frame, *predict(student, pixels), card=card)["per_class"]
    return {
        name: cast("ClassResult", {key: part[key] for key in ("n", "recall", "sent_to_doctor")})
        for name, part in measured.items()
    }


def _tone_result(test: TestSection, tone: str) -> ToneResult:
    part, triage = test["per_tone"][tone], test.get("triage")
    found = cast("ToneResult", {"n": part["n"], "accuracy": part["diagnosis"]["accuracy"]})
    if triage:
        found["urgent_sensitivity"] = cast("Interval", triage["per_tone"][tone]["sensitivity"])
    return found


def card_of_file(shared: dict[str, Any], run: RunFolder, variant: Variant) -> ModelCard:
    """Return the card of one variant, from the part that `card_of_student` gives."""
    return cast(
        "ModelCard",
        {
            **shared,
            "name": f"{run.name}-{variant.name}",
            "variant": variant.name,
            "input": {**shared["input"], "dtype": variant.input_dtype},
        },
    )
