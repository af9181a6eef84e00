"""The assessment of a photo as text: lighting first, then the diagnoses."""

from collections.abc import Mapping
from typing import Any

from triage.model_card import ModelCard

TOP = 3  # diagnoses shown


def assessment_text(assessment: Mapping[str, Any], card: ModelCard, threshold: str) -> str:
    """Format an assessment for a terminal.

    Args:
        assessment: as `Assessment.to_json` returns it, or `photo` and `error`.
        card: of the model.
        threshold: `Triage.urgent_threshold_text`, which follows the urgency.
    """
    if "error" in assessment:
        return f"{assessment['photo']}\n  cannot be read: {assessment['error']}\n"
    names = {c["id"]: c["name"] for c in card["classes"]}
    lighting, decision = assessment["lighting"], assessment["decision"]
    lines = [str(assessment["photo"])]
    if lighting["ok"]:
        lines.append(f"  Lighting: good (probability {lighting['probability']:.2f})")
    else:
        lines.append(f"  Lighting: poor, take a better photo (probability of good {lighting['probability']:.2f})")
        lines += [f"    - {tip}" for tip in lighting["tips"]]
    lines.append("  Cannot tell. Closest matches, none likely:" if decision["abstained"] else "  Looks most like:")
    lines += [
        f"    {d['probability']:6.1%}  {names.get(d['label'], d['label'])}" for d in assessment["diagnosis"][:TOP]
    ]
    lines.append(f"  What next: {decision['urgency']}{threshold}")
    if card.get("synthetic"):
        lines.append("  DEMO: trained on synthetic images only; says nothing about real skin.")
    lines.append(f"  {assessment['disclaimer']}\n")
    return "\n".join(lines)
