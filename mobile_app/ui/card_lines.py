"""A model's card in lines that a person reads. No Kivy."""

from typing import Any

from mobile_app.texts import Texts
from triage.skin_tone import TONE_BUCKETS


def card_lines(say: Texts, card: dict[str, Any]) -> list[tuple[str, str]]:
    """What and how much, as far as the card says it: name, licence, data, classes, skin tones, what nobody measured."""
    lines = [(say("about.model_name"), str(card["name"])), (say("about.model_licence"), str(card["licence"]))]
    if isinstance(card["data"], dict) and card["data"].get("dataset"):
        lines.append((say("about.model_data"), str(card["data"]["dataset"])))
    lines.append((say("about.model_classes"), "; ".join(entry["name"] for entry in card["classes"])))
    for tone in TONE_BUCKETS:
        part = card["per_tone"].get(tone) if isinstance(card["per_tone"], dict) else None
        if isinstance(part, dict) and isinstance(part.get("accuracy"), dict):
            lines.append((say(f"about.tone.{tone}"), _share(say, part["accuracy"], part.get("n", 0))))
    if card["not_measured"]:
        lines.append((say("about.model_not_measured"), "; ".join(map(str, card["not_measured"]))))
    return lines


def _share(say: Texts, accuracy: dict[str, Any], count: int) -> str:
    value, low, high = (accuracy.get(key) for key in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return say("about.tone_unknown", n=count)
    return say("about.tone_share", value=value, low=low, high=high, n=count)
