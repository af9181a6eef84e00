"""The release file of the final model, with the cross-validated metrics on its card, and the card as a document."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchmarks.console import with_interval
from benchmarks.cross_validation.folds import HeldOutPredictions
from benchmarks.cross_validation.held_out_metrics import fit_on, weights_in_words
from skin_data.manifest import Manifest
from skin_training.evaluation import evaluate
from skin_training.evaluation.evaluate import validation_of
from skin_training.evaluation.thresholds import ABSTAIN_BELOW, SENSITIVITY
from triage.answers import largest_probability_change
from triage.assessment import DISCLAIMER
from triage.atomic import write_bytes, write_text
from triage.decision import MIN_TESTED
from triage.errors import CheckFailed
from triage.model_card import ModelCard
from triage.model_file import pack_model, read_model

MAX_BYTES = 1_600_000
HELD_OUT = "held-out photos of the cross-validation by patient"
ATTRIBUTION = (
    "Trained on 919 of the 2,298 photographs of PAD-UFES-20: Pacheco A. G. C. et al. (2020), Mendeley Data, V1, "
    "doi 10.17632/zr7vgbcyr2.1, CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). The photographs were reduced "
    "and a network was fitted to them; their authors endorse neither."
)
LICENCE = "CC BY 4.0, with the attribution under data. Research and education only; not a medical device."
NOT_MEASURED = (
    "skin of Fitzpatrick type V and VI: 6 photographs",
    "diagnoses other than the six, and skin without a lesion",
    "other clinics and countries: all photographs come from one state of Brazil",
    "answers given without a doctor: those of the data set were taken down in a clinic",
    "whether the urgent threshold holds for how often these diagnoses occur elsewhere",
)
DARK_TYPES = ("5", "6")


def release_card(
    card: Mapping[str, Any], predictions: HeldOutPredictions, manifest: Manifest, metrics: Mapping[str, Any]
) -> ModelCard:
    """Return the card of the final model: fits and metrics are those of all held-out predictions.

    A photo of dark ITA is often a dark photo of light skin: what counts as tested on dark skin are the photos whose
    patient has Fitzpatrick type V or VI.

    Args:
        card: of `skin-distill convert`.
        predictions: of all folds.
        manifest: the data set.
        metrics: of `held_out_metrics.measure`.
    """
    frame, ids = predictions.frame, manifest.taxonomy.ids
    fit = fit_on(predictions, np.ones(len(frame), bool), manifest)
    validation = validation_of(frame, ids, predictions.probabilities)
    rule, fitted_on = validation.fit_sets()
    thresholds = {
        "fitted_on": HELD_OUT,
        "urgent": fit.urgent,
        "urgent_sensitivity": SENSITIVITY,
        "abstain_below": ABSTAIN_BELOW,
        "well_lit": card["thresholds"]["well_lit"],
    }
    odds = weights_in_words(fit.answers, manifest)
    found = {
        **card,
        "name": "pad-ufes-phone",
        "temperature": fit.temperature,
        "thresholds": thresholds,
        "prediction_sets": {**rule, "fitted_on": {"split": HELD_OUT, **fitted_on}},
        "answers": {
            **fit.answers,
            "fitted_on": {"split": HELD_OUT, "n": len(frame)},
            "largest_probability_change": round(largest_probability_change(fit.answers["largest_log_odds"]), 3),
            "urgent_odds": odds,
        },
        "data": {**card["data"], "attribution": ATTRIBUTION},
        "measured": dict(metrics),
        "not_measured": list(NOT_MEASURED),
        "licence": LICENCE,
    }
    section = evaluate(manifest, frame, predictions.probabilities, predictions.lighting, validation=validation)
    triage = section["triage"]
    tones: dict[str, Any] = {
        tone: {
            "n": part["n"],
            "accuracy": part["diagnosis"]["accuracy"],
            **({"urgent_sensitivity": triage["per_tone"][tone]["sensitivity"]} if triage else {}),
        }
        for tone, part in section["per_tone"].items()
    }
    dark = (frame["tone_bucket"] == "dark") & frame["fitzpatrick"].isin(DARK_TYPES)
    if "dark" in tones and dark.sum() < MIN_TESTED:
        tones["dark"] = {
            "n": int(dark.sum()),
            "accuracy": {"value": None, "low": None, "high": None, "n": int(dark.sum()), "why": NOT_MEASURED[0]},
        }
    found["per_tone"] = {"measured_on": HELD_OUT, **tones}
    measured = evaluate(
        manifest, frame, predictions.probabilities, predictions.lighting, card=cast("ModelCard", found)
    )["per_class"]
    found["per_class"] = {
        name: {key: part[key] for key in ("n", "recall", "sent_to_doctor")} for name, part in measured.items()
    }
    return cast("ModelCard", found)


def write_release(
    source: Path,
    target: Path,
    document: Path,
    predictions: HeldOutPredictions,
    manifest: Manifest,
    metrics: Mapping[str, Any],
) -> int:
    """Write the release file and its card as a document; return the file's bytes.

    Raises:
        CheckFailed: the file is larger than `MAX_BYTES`.
    """
    model = read_model(source)
    card = release_card(model.card, predictions, manifest, metrics)
    packed = pack_model(model.flatbuffer, card)
    if len(packed) > MAX_BYTES:
        raise CheckFailed(f"The release file is larger than {MAX_BYTES} bytes. Received: {len(packed)} of {source}.")
    write_bytes(target, packed)
    write_text(document, card_document(card, len(packed)))
    return len(packed)


def card_document(card: ModelCard, size: int) -> str:
    """Return a release file's card as Markdown."""
    extra = cast("dict[str, Any]", card)
    metrics, cases = extra["measured"], extra["measured"]["cases"]
    gain = with_interval(metrics["gain"]["balanced_accuracy"])
    odds = extra["answers"]["urgent_odds"]
    lines = [
        "# Model card: smartphone photographs",
        "",
        f"**{DISCLAIMER}**",
        "",
        "A research model of 919 photographs and six diagnoses. Pictures of other things are refused, but only some "
        "photographs of other skin conditions.",
        "",
        f"- {card['data']['attribution']}",
        f"- Licence: {card['licence']}",
        f"- File: `{card['name']}`, {size:,} bytes, {card['input']['size']} px, {extra.get('variant', '')}",
        f"- Measured by {metrics['folds']}-fold cross-validation by patient: {metrics['n']} photos, "
        f"{metrics['groups']} groups; 95 % intervals by bootstrap over groups. Whatever is fitted is "
        "fitted on the other folds",
        "",
        *_metrics_table(metrics),
        "",
        f"Gain of all answers in balanced accuracy, paired: {gain}. Fewer than all answers are drawn at random.",
        "",
        *_classes_table(card),
        "",
        *_tones_table(card),
        "",
        "## Answers",
        "",
        f"All answers together change a probability by at most {extra['answers']['largest_probability_change']:.0%}, "
        "and never lower the urgency of the photo alone. By which factor each changes the odds of the urgent "
        "diagnoses, if all are equally likely before:",
        "",
        *_table(["answer", "odds times"], [[name, f"{factor:g}"] for name, factor in odds.items()]),
        "",
        "## Several photos of a spot",
        "",
        f"{cases['lesions']} lesions with {cases.get('photos', 0)} photos: {cases.get('first_photo', 0):.1%} right by "
        f"the first photo, {cases.get('combined', 0):.1%} by all together.",
        "",
        "## Not measured",
        "",
        *(f"- {what}" for what in card["not_measured"]),
    ]
    return "\n".join(lines) + "\n"


def _metrics_table(metrics: Mapping[str, Any]) -> list[str]:
    asked = {f"{count} answers": part for count, part in metrics["answered"].items()}
    columns = {"photo alone": metrics["photo_alone"], **asked}
    rows = {
        "balanced accuracy, mean of folds": "balanced_accuracy_mean_of_folds",
        "accuracy": "accuracy",
        "sensitivity for cancers": "urgent_sensitivity",
        "specificity": "urgent_specificity",
        "expected calibration error": "ece",
    }
    cells = [[name, *(with_interval(part[key]) for part in columns.values())] for name, key in rows.items()]
    return _table(["", *columns], cells)


def _classes_table(card: ModelCard) -> list[str]:
    measured = cast("dict[str, Any]", card)["per_class"]
    rows = []
    for entry in card["classes"]:
        part = measured[entry["id"]]
        told = [with_interval(part[key]) for key in ("recall", "sent_to_doctor")]
        rows.append([entry["name"], entry["urgency"], str(part["n"]), *told])
    return _table(["diagnosis", "urgency", "photos", "named first", "sent to a doctor"], rows)


def _tones_table(card: ModelCard) -> list[str]:
    tones = {tone: part for tone, part in card["per_tone"].items() if isinstance(part, dict)}
    rows = [[tone, str(part["n"]), with_interval(part["accuracy"])] for tone, part in tones.items()]
    return _table(["skin tone by ITA", "photos", "accuracy"], rows)


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(header)} |", "|---" * len(header) + "|", *(f"| {' | '.join(row)} |" for row in rows)]
