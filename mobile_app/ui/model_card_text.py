"""A model card as facts a person can read. No Kivy."""

from mobile_app.texts import Texts
from triage.model_card import Interval, ModelCard
from triage.skin_tone import TONE_BUCKETS


def card_facts(tr: Texts, card: ModelCard) -> list[tuple[str, str]]:
    """Return names and values: model, licence, data, classes, accuracy by skin tone, what was not measured."""
    facts = [(tr("about.model_name"), card["name"]), (tr("about.model_licence"), card["licence"])]
    if isinstance(card["data"], dict) and card["data"].get("dataset"):
        facts.append((tr("about.model_data"), str(card["data"]["dataset"])))
    facts.append((tr("about.model_classes"), "; ".join(entry["name"] for entry in card["classes"])))
    for tone in TONE_BUCKETS:
        part = card["per_tone"].get(tone) if isinstance(card["per_tone"], dict) else None
        if isinstance(part, dict) and isinstance(part.get("accuracy"), dict):
            facts.append((tr(f"about.tone.{tone}"), _accuracy(tr, part["accuracy"], part.get("n", 0))))
    if card["not_measured"]:
        facts.append((tr("about.model_not_measured"), "; ".join(map(str, card["not_measured"]))))
    return facts


def _accuracy(tr: Texts, accuracy: Interval, count: int) -> str:
    value, low, high = accuracy.get("value"), accuracy.get("low"), accuracy.get("high")
    if value is None or low is None or high is None:
        return tr("about.tone_unknown", n=count)
    return tr("about.tone_accuracy", value=round(100 * value), low=round(100 * low), high=round(100 * high), n=count)
