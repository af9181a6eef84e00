"""An answer for one photo as a person reads it: the light first."""

from typing import Any

TOP = 3  # diagnoses shown


def answer_text(answer: dict[str, Any], card: dict[str, Any], threshold: str) -> str:
    """Write an answer in lines.

    Args:
        answer: as `Assessment.to_json` gives it, or `photo` and `error`.
        card: of the model.
        threshold: how the card decides on "urgent", in words that follow the urgency.
    """
    if "error" in answer:
        return f"{answer['photo']}\n  not read: {answer['error']}\n"
    names = {c["id"]: c["name"] for c in card["classes"]}
    lighting, decision = answer["lighting"], answer["decision"]
    lines = [str(answer["photo"])]
    if lighting["ok"]:
        lines.append(f"  Light: good (probability {lighting['probability']:.2f})")
    else:
        lines.append(f"  Light: take a better photo first (probability of good light {lighting['probability']:.2f})")
        lines += [f"    - {tip}" for tip in lighting["tips"]]
    lines.append("  Looks most like:" if not decision["abstained"] else "  Cannot tell. Nearest, none of them likely:")
    lines += [f"    {d['probability']:6.1%}  {names.get(d['label'], d['label'])}" for d in answer["diagnosis"][:TOP]]
    lines.append(f"  What next: {decision['urgency']}{threshold}")
    if card.get("synthetic"):
        lines.append(
            "  DEMO: this model was trained on synthetic images only; its answer says nothing about real skin."
        )
    lines.append(f"  {answer['disclaimer']}\n")
    return "\n".join(lines)
