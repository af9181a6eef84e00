"""The assessment of a photo as text: lighting first, then classes, then what to do."""

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any

from triage.plain_text import printable

if TYPE_CHECKING:
    from triage.model_card import ModelCard

TOP = 3  # classes shown
MIN_PROBABILITY = 0.0005  # shown as 0.1 %
URGENCIES = {
    "urgent": "see a doctor within days",
    "soon": "see a doctor in the next weeks",
    "watch": "nothing urgent stood out; see a doctor if it changes",
}
NO_ANSWER = {
    "synthetic_model": "No answer: this model was trained on synthetic images only and cannot judge real skin.",
    "no_skin": "No skin found. Fill the frame with the spot and try again.",
    "unfamiliar": "No answer: this does not look like the pictures the model knows. Photograph one spot on bare skin "
    "from close up. The model knows few conditions: if it worries you, see a doctor.",
    "poor_light": "No answer: take a better photo first. --ignore-light predicts anyway.",
}
UNCHECKED = "Not checked on skin like this: too few test photos stand behind the answer. It may miss what matters."


def assessment_text(assessment: Mapping[str, Any], card: "ModelCard", threshold: str, width: int = 120) -> str:
    """Format an assessment for a terminal, without the disclaimer.

    Args:
        assessment: as `Assessment.to_json` returns it, or `photo` and `error`.
        card: of the model.
        threshold: `Triage.urgent_threshold_text`, which follows the urgency.
        width: columns of the terminal; lines break between words.
    """
    if "error" in assessment:
        return f"{printable(assessment['photo'], keep_lines=False)}\n  cannot be read: {assessment['error']}\n"
    names = {c["id"]: c["name"] for c in card["classes"]}
    lighting, decision = assessment["lighting"], assessment["decision"]
    photos = assessment.get("photos", [assessment])
    lines = [", ".join(printable(photo["photo"], keep_lines=False) for photo in photos)]
    lines += [f"  Note: {warning}" for warning in assessment["warnings"]]
    if lighting["ok"]:
        lines.append(f"  Lighting: good (probability {lighting['probability']:.2f})")
    else:
        lines.append(f"  Lighting: poor, take a better photo (probability of good {lighting['probability']:.2f})")
        lines += [f"    - {tip}" for tip in lighting["tips"]]
    if decision["reason"] in NO_ANSWER:
        return _wrapped([*lines, f"  {NO_ANSWER[decision['reason']]}"], width)
    one_of = decision["prediction_set"] if decision["reason"] is None and len(decision["prediction_set"]) > 1 else []
    if one_of:
        lines.append(f"  One of these (right for {card['prediction_sets']['coverage']:.0%} of test photos):")
    else:
        unsure = decision["reason"] == "unsure"
        lines.append("  Cannot tell. Closest matches, none likely:" if unsure else "  Looks most like:")
    lines += [
        f"    {d['probability']:6.1%}  {names.get(d['label'], d['label'])}"
        for d in assessment["diagnosis"][: len(one_of) or TOP]
        if one_of or d["probability"] >= MIN_PROBABILITY
    ]
    if not decision["checked"]:
        lines.append(f"  {UNCHECKED}")
    lines.append(f"  What next: {URGENCIES[decision['urgency']]}{threshold}")
    lines += _changes(assessment.get("answers"), names)
    if card["synthetic"]:
        lines.append("  DEMO: trained on synthetic images only; says nothing about real skin.")
    return _wrapped(lines, width)


def _changes(answers: Mapping[str, Any] | None, names: Mapping[str, str]) -> list[str]:
    """What the answers changed."""
    if not answers or not answers["effects"]:
        return []
    first = answers["without"]["diagnosis"][0]
    lines = [f"  Your answers: the photo alone looked most like {names[first['label']]} ({first['probability']:.1%})."]
    for effect in answers["effects"]:
        answer = answers["given"][effect["question"]]
        answer = answer if isinstance(answer, str) else f"{answer:g}"
        lines.append(f"    {effect['question']}={answer}: urgent {100 * effect['urgent']:+.1f} points")
    return lines


def _wrapped(lines: list[str], width: int) -> str:
    """Join lines, broken between words; the first one, a path, stays whole."""
    path, *rest = lines
    broken = (fill(line, width, subsequent_indent=" " * (len(line) - len(line.lstrip()) + 2)) for line in rest)
    return "\n".join([path, *broken]) + "\n"
