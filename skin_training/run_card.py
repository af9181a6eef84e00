"""The model card of a run (Mitchell et al. 2019, "Model Cards for Model Reporting"), made from its report alone."""

from collections.abc import Mapping
from typing import Any

from skin_training.run_folder import RunFolder
from triage.assessment import DISCLAIMER
from triage.atomic import write_json, write_text

NOT_MEASURED = "not measured"
INTENDED_USE = (
    "Research and education: to study small skin-photo models, their light, their calibration and their gaps."
)
NOT_FOR = "Diagnosis, triage of real patients, or any use as a medical device."
NEVER_MEASURED = (
    "people rather than photos, where the data set does not say who is on a photo",
    "other cameras, clinics and countries than those of the data set",
    "skin tone as a person would name it: the buckets describe photos",
)
DIAGNOSIS = ("accuracy", "balanced_accuracy", "macro_f1", "top3_accuracy", "ece")
LIGHTING = ("accuracy", "auc", "average_precision", "poor_recall", "poor_precision")
OF_CLASS = ("recall", "precision", "f1", "auc")


def build_card(name: str, report: Mapping[str, Any]) -> dict[str, Any]:
    """Put together the card of a run.

    Args:
        name: of the run.
        report: its `report.json`: the section `distill` is the run's model where there is one, else `teacher`.

    Returns:
        JSON-able: `model`, `intended_use`, `not_for`, `data`, `figures`, `per_class`, `per_tone`, `calibration`,
        `triage`, `conformal`, `phases`, `worth_of_the_teacher`, `compression` and `not_measured`. Whatever the report
        lacks is "not measured".
    """
    kind = "student" if "distill" in report else "teacher"
    section = report.get("distill") or report.get("teacher") or {}
    test = section.get("test") or {}

    def of(source: Any, *keys: str) -> Any:
        for key in keys:
            source = source.get(key) if isinstance(source, Mapping) else None
        return NOT_MEASURED if source is None else source

    def figures(source: Any, keys: tuple[str, ...]) -> dict[str, Any]:
        return {key: of(source, key) for key in keys}

    def part(source: Any) -> dict[str, Any]:
        diagnosis, lighting = (source.get(head) for head in ("diagnosis", "lighting"))
        return {"diagnosis": figures(diagnosis, DIAGNOSIS), "lighting": figures(lighting, LIGHTING)}

    return {
        "model": {
            "run": name,
            "kind": kind,
            "backbone": of(section, "backbone"),
            "parameters": of(section, "parameters"),
            "color_calibration": of(section, "color_calibration"),
        },
        "intended_use": INTENDED_USE,
        "not_for": NOT_FOR,
        "disclaimer": DISCLAIMER,
        "data": {
            "meta_sha256": of(section, "meta_sha256"),
            "synthetic": of(test, "synthetic"),
            "test_photos": of(test, "n"),
            "test_groups": of(test, "groups"),
            "tone_scheme": of(test, "tone_scheme"),
        },
        "figures": part(test),
        "per_class": {c: figures(values, OF_CLASS) for c, values in test.get("per_class", {}).items()} or NOT_MEASURED,
        "per_tone": {tone: part(values) for tone, values in test.get("per_tone", {}).items()} or NOT_MEASURED,
        "calibration": {
            key: of(test, "calibration", key)
            for key in ("method", "ece_before", "ece_after", "ece_if_calibrated", "per_tone", "fitted_on")
        },
        "triage": {
            key: of(test, "triage", key)
            for key in ("classes", "threshold", "sensitivity_target", "sensitivity", "specificity", "per_tone")
        },
        "conformal": {
            key: of(test, "conformal", key) for key in ("coverage_target", "coverage", "mean_size", "per_tone")
        },
        "phases": [{"phase": p["phase"], "trains": p["trains"], **part(p["test"])} for p in section.get("phases", [])]
        or NOT_MEASURED,
        "worth_of_the_teacher": of(section, "without_teacher", "gain"),
        "compression": [
            {key: file[key] for key in ("variant", "passed", "gates")}
            for file in report.get("verify", {}).get("files", [])
        ]
        or NOT_MEASURED,
        "not_measured": list(NEVER_MEASURED),
    }


def write_card(run: RunFolder) -> None:
    """Write `card.json` and `card.md` of a run with a report."""
    card = build_card(run.name, run.read_report())
    write_json(run.experiment / "card.json", card)
    write_text(run.experiment / "card.md", card_text(card))


def card_text(card: Mapping[str, Any]) -> str:
    """Write a card of `build_card` as Markdown."""
    model, data = card["model"], card["data"]
    lines = [f"# Model card: {model['run']}", "", f"**{card['disclaimer']}**", ""]
    if data["synthetic"] is True:
        lines += ["Trained and measured on synthetic pictures: its figures say nothing about skin.", ""]
    lines += [
        f"- A {model['kind']}; backbone: {model['backbone']}; parameters: {model['parameters']}",
        f"- Intended use: {card['intended_use']}",
        f"- Not for: {card['not_for']}",
        f"- Test split: {data['test_photos']} photos, {data['test_groups']} groups; meta.csv {data['meta_sha256']}",
        f"- Skin tone by {data['tone_scheme']}",
        "",
        "95 % intervals by bootstrap over groups.",
        "",
    ]
    lines += _table("Overall", {"all": card["figures"]})
    if card["phases"] == NOT_MEASURED:
        lines += ["## After each phase", "", NOT_MEASURED, ""]
    else:
        lines += _table("After each phase", {p["phase"]: p for p in card["phases"]})
    lines += _table("Per skin tone", card["per_tone"])
    lines += ["## Per class", ""]
    if card["per_class"] == NOT_MEASURED:
        lines += [NOT_MEASURED, ""]
    else:
        lines += ["| class | " + " | ".join(OF_CLASS) + " |", "|---" * (len(OF_CLASS) + 1) + "|"]
        for name, values in card["per_class"].items():
            lines.append(f"| {name} | " + " | ".join(_shown(values[key]) for key in OF_CLASS) + " |")
        lines.append("")
    lines += _section("Calibration", card["calibration"], ("method", "ece_before", "ece_after", "ece_if_calibrated"))
    lines += _section(
        "Urgent classes", card["triage"], ("classes", "threshold", "sensitivity_target", "sensitivity", "specificity")
    )
    lines += _section("Conformal sets", card["conformal"], ("coverage_target", "coverage", "mean_size"))
    worth = card["worth_of_the_teacher"]
    lines += ["## Worth of the teacher", ""]
    if worth == NOT_MEASURED:
        lines += [NOT_MEASURED, ""]
    else:
        lines += [f"- {worth['verdict']}; balanced accuracy {_shown(worth['balanced_accuracy'], signed=True)}"]
        lines += [
            f"- lost: {part['slice']} {100 * part['change']:+.1f} points, n = {part['n']}" for part in worth["lost"]
        ]
        lines.append("")
    lines += ["## Compression", ""]
    if card["compression"] == NOT_MEASURED:
        lines += [NOT_MEASURED, ""]
    else:
        lines += ["| file | gate | measured | limit | outcome |", "|---|---|---|---|---|"]
        for file in card["compression"]:
            lines += [
                f"| {file['variant']} | {g['gate']} | {g['measured']} | {g['limit']} | {g['outcome']} |"
                for g in file["gates"]
            ]
        lines.append("")
    return "\n".join([*lines, "## Not measured", "", *(f"- {what}" for what in card["not_measured"]), ""])


def _shown(figure: Any, signed: bool = False) -> str:
    if isinstance(figure, Mapping) and "value" in figure:
        if figure["value"] is None:
            return str(figure.get("why") or NOT_MEASURED)
        sign = "+" if signed else ""
        if figure["low"] is None:
            return f"{figure['value']:{sign}.3f}, n = {figure['n']}"
        return (
            f"{figure['value']:{sign}.3f} ({figure['low']:{sign}.3f} to {figure['high']:{sign}.3f}), n = {figure['n']}"
        )
    if isinstance(figure, Mapping) and "p" in figure:
        return f"{figure['mean']:.3f} on average, below {figure['high']:.3f} in 95 % (p = {figure['p']:.2f})"
    if isinstance(figure, (list, tuple)):
        return ", ".join(map(str, figure))
    return str(figure)


def _section(title: str, values: Mapping[str, Any], keys: tuple[str, ...]) -> list[str]:
    return [f"## {title}", "", *(f"- {key.replace('_', ' ')}: {_shown(values[key])}" for key in keys), ""]


def _table(title: str, parts: Any) -> list[str]:
    if parts == NOT_MEASURED:
        return [f"## {title}", "", NOT_MEASURED, ""]
    lines = [f"## {title}", "", "| figure | " + " | ".join(parts) + " |", "|---" * (len(parts) + 1) + "|"]
    for head, keys in (("diagnosis", DIAGNOSIS), ("lighting", LIGHTING)):
        for key in keys:
            shown = " | ".join(_shown(part[head][key]) for part in parts.values())
            lines.append(f"| {head} {key.replace('_', ' ')} | {shown} |")
    return [*lines, ""]
