"""A model card as facts a person can read. No Kivy."""

from collections.abc import Mapping
from typing import Any

from mobile_app.texts import Texts
from triage.model_card import ModelCard
from triage.skin_tone import TONE_BUCKETS

MEASURED = {"right": "accuracy", "noticed": "urgent_sensitivity", "spared": "urgent_specificity"}
"""Numbers of the text `about.measured`, by metric of the card's `measured`."""


def card_facts(tr: Texts, card: ModelCard) -> list[tuple[str, str]]:
    """Return names and values: model, licence, data, classes, results by skin tone, what was not measured."""
    facts = [(tr("about.model_name"), card["name"]), (tr("about.model_licence"), card["licence"])]
    data = card["data"] if isinstance(card["data"], dict) else {}
    if source := data.get("attribution") or data.get("dataset"):
        facts.append((tr("about.model_data"), str(source)))
    facts.append((tr("about.model_classes"), "; ".join(entry["name"] for entry in card["classes"])))
    for tone in TONE_BUCKETS:
        part = card["per_tone"].get(tone) if isinstance(card["per_tone"], dict) else None
        if isinstance(part, dict) and isinstance(part.get("accuracy"), dict):
            told = _told(tr, "about.tone_accuracy", part, right=part["accuracy"])
            facts.append((tr(f"about.tone.{tone}"), told))
        if isinstance(part, dict) and isinstance(sensitivity := part.get("urgent_sensitivity"), dict):
            told = _told(tr, "about.urgent_sensitivity", sensitivity, noticed=sensitivity)
            facts.append((tr(f"about.urgent.{tone}"), told))
    if card["not_measured"]:
        facts.append((tr("about.model_not_measured"), "; ".join(map(str, card["not_measured"]))))
    return facts


def measured_facts(tr: Texts, card: ModelCard) -> list[tuple[str, str]]:
    """Return how often the model is right and notices urgent spots, from the picture alone and with answers.

    Empty for a card that does not hold it.
    """
    measured: Any = card.get("measured", {})
    given = {tr("about.given.picture"): measured.get("photo_alone", {})}
    for count, part in measured.get("answered", {}).items():
        given[tr("about.given.all") if count == "all" else tr("about.given.some", count=count)] = part
    return [
        (name, _told(tr, "about.measured", part["accuracy"], **{key: part[metric] for key, metric in MEASURED.items()}))
        for name, part in given.items()
        if set(MEASURED.values()) <= set(part)
    ]


def class_facts(tr: Texts, card: ModelCard) -> list[tuple[str, str]]:
    """Return each class with how often it was named first and sent to a doctor, urgent ones first.

    Empty for a card of an earlier version.
    """
    results: Any = card.get("per_class")
    if not isinstance(results, dict):
        return []
    classes = sorted(card["classes"], key=lambda entry: entry["urgency"] != "urgent")
    measured = [(c["name"], results[c["id"]]) for c in classes if isinstance(results.get(c["id"]), dict)]
    return [
        (name, _told(tr, "about.class_accuracy", part, named=part.get("recall"), sent=part.get("sent_to_doctor")))
        for name, part in measured
    ]


def _told(tr: Texts, text: str, result: Mapping[str, Any], **metrics: object) -> str:
    """Fill a text with fractions and their intervals as whole numbers of 100; say so where there is no value."""
    numbers = {"n": result.get("n", 0)}
    for name, metric in metrics.items():
        if not isinstance(metric, dict) or None in (metric.get("value"), metric.get("low"), metric.get("high")):
            return tr("about.too_few", n=numbers["n"])
        for end, key in (("", "value"), ("_low", "low"), ("_high", "high")):
            numbers[f"{name}{end}"] = round(100 * metric[key])
    return tr(text, **numbers)
