"""The model card of a run (Mitchell et al. 2019, "Model Cards for Model Reporting"), made from its report alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from skin_training.plotting import display_name
from skin_training.run_folder import RunFolder
from triage.assessment import DISCLAIMER
from triage.atomic import write_text
from triage.decision import MIN_TESTED

NOT_MEASURED = "not measured"
INTENDED_USE = "Research and education: to study small skin-photo models, their lighting, calibration and gaps."
NOT_FOR = "Diagnosis, triage of real patients, or any use as a medical device."
NEVER_MEASURED = (
    "people rather than photos, where the data set does not say who is on a photo",
    "other cameras, clinics and countries than those of the data set",
    "skin tone as a person would name it: the buckets describe photos",
)
HEADS = {
    "diagnosis": {
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced accuracy",
        "macro_f1": "macro F1",
        "top3_accuracy": "top-3 accuracy",
        "ece": "expected calibration error",
    },
    "lighting": {
        "accuracy": "accuracy",
        "auc": "AUC",
        "average_precision": "average precision",
        "poor_recall": "recall of poor light",
        "poor_precision": "precision of poor light",
    },
}
CLASS_METRICS = {
    "recall": "recall", "precision": "precision", "f1": "F1", "auc": "AUC", "sent_to_doctor": "sent to a doctor",
}  # fmt: skip
SECTIONS = {
    "calibration": ("Calibration", {
        "method": "method", "ece_before": "expected calibration error before", "ece_after": "after",
        "ece_if_calibrated": "by chance alone", "fitted_on": "fitted on",
    }),
    "triage": ("Urgent classes", {
        "classes": "classes", "threshold": "threshold", "fitted_on": "fitted on",
        "sensitivity_target": "target sensitivity", "sensitivity": "sensitivity", "specificity": "specificity",
    }),
    "conformal": ("Conformal sets", {
        "coverage_target": "target coverage", "fitted_on": "fitted on", "coverage": "coverage",
        "mean_size": "mean size",
    }),
}  # fmt: skip


def write_card(run: RunFolder) -> None:
    """Write `card.md` of a run with a report."""
    write_text(run.experiment / "card.md", card_text(run.name, run.read_report()))


def card_text(name: str, report: Mapping[str, Any]) -> str:
    """Return the card of a run as Markdown.

    Args:
        name: of the run.
        report: its `report.json`: the section `distill` is the run's model where there is one, else `teacher`. Whatever
            it lacks is "not measured".
    """
    section = report.get("distill") or report.get("teacher") or {}
    test = section.get("test") or {}
    gain = (section.get("without_teacher") or {}).get("gain") or {}
    lines = [f"# Model card: {name}", "", f"**{DISCLAIMER}**", ""]
    if test.get("synthetic"):
        lines += ["Trained and tested on synthetic photos: its metrics say nothing about skin.", ""]
    lines += [
        f"- A {'student' if 'distill' in report else 'teacher'}; backbone: {_shown(section, 'backbone')}; parameters: "
        f"{_shown(section, 'parameters')}",
        f"- Intended use: {INTENDED_USE}",
        f"- Not for: {NOT_FOR}",
        f"- Test split: {_shown(test, 'n')} photos, {_shown(test, 'groups')} groups; meta.csv "
        f"{_shown(section, 'meta_sha256')}",
        f"- Skin tone by {_shown(test, 'tone_scheme')}",
        *_terms({"name": "the backbone", **section.get("terms", {})}, *section.get("teachers", [])),
        "",
        "95 % intervals by bootstrap over groups.",
        "",
        *_section("Overall", _heads_table({"all": test})),
        *_section("After each phase", _heads_table({p["phase"]: p["test"] for p in section.get("phases", [])})),
        *_section("Per skin tone", _heads_table(test.get("per_tone", {}))),
        *_section("Per class", _class_table(test.get("per_class", {}))),
    ]
    for key, (title, names) in SECTIONS.items():
        own = [f"- {text}: {_shown(test.get(key), metric)}" for metric, text in names.items()]
        by_tone = BY_TONE[key](test) if key in BY_TONE else []
        lines += _section(title, [*own, *by_tone])
    outside = {
        f"{place}, {model}": measured
        for place, found in section.get("also", {}).items()
        for model, measured in found["test"].items()
    }
    if found := section.get("unlabelled"):
        folders = ", ".join(found["folders"])
        text = f"- {found['photos']} photos of {folders}, of which the student learnt the teacher's predictions"
        lines += _section("Unlabelled photos", [text, f"- left out: {found['near']} like validation or test photos"])
    if outside:
        lines += _section("Outside test sets", _heads_table(outside))
    if gain:
        balanced = f"- {gain['verdict']}; balanced accuracy {_shown(gain, 'balanced_accuracy', signed=True)}"
        lost = [f"- lost: {p['slice']} {100 * p['change']:+.1f} points, n = {p['n']}" for p in gain["lost"]]
        lines += _section("Distillation gain", [balanced, *lost])
    else:
        lines += _section("Distillation gain", [])
    files = report.get("verify", {}).get("files", [])
    gates = [
        [file["variant"], *(str(gate[key]) for key in ("gate", "measured", "limit", "outcome"))]
        for file in files
        for gate in file["gates"]
    ]
    lines += _section("Compression", _table(["file", "gate", "measured", "limit", "outcome"], gates))
    return "\n".join([*lines, *_section("Not measured", [f"- {what}" for what in NEVER_MEASURED])])


def _shown(source: Mapping[str, Any] | None, key: str, signed: bool = False) -> str:
    value = (source or {}).get(key)
    if value is None:
        return NOT_MEASURED
    if isinstance(value, Mapping) and "p" in value:
        return f"{value['mean']:.3f} on average, below {value['high']:.3f} in 95 % (p = {value['p']:.2f})"
    if isinstance(value, Mapping) and "split" in value:
        photos = f"{value['n']} photos of the {value['split']} split"
        return f"not fitted: {value['not_fitted']}" if "not_fitted" in value else photos
    if isinstance(value, Mapping):
        if value["value"] is None:
            return str(value.get("why") or NOT_MEASURED)
        number = "{:+.3f}".format if signed else "{:.3f}".format
        interval = "" if value["low"] is None else f" ({number(value['low'])} to {number(value['high'])})"
        return f"{number(value['value'])}{interval}, n = {value['n']}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _terms(*models: Mapping[str, Any]) -> list[str]:
    """Name licence and training data of models from elsewhere."""
    return [
        f"- From elsewhere: {m['name']}; licence: {m['licence']}; trained on: {', '.join(m['training_data'])}"
        for m in models
        if "licence" in m
    ]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"## {title}", "", *(lines or [NOT_MEASURED]), ""]


def _table(header: Iterable[str], rows: Sequence[Sequence[str]]) -> list[str]:
    header = list(header)
    if not rows:
        return []
    return [f"| {' | '.join(header)} |", "|---" * len(header) + "|", *(f"| {' | '.join(row)} |" for row in rows)]


def _calibration_by_tone(test: Mapping[str, Any]) -> list[str]:
    """Return the calibration error by tone, and whether one temperature serves all tones."""
    section = test.get("calibration") or {}
    tones, vector = section.get("per_tone", {}), section.get("alternatives", {}).get("vector", {}).get("per_tone", {})
    rows = [
        [tone, *(_shown(part, key) for key in ("ece_before", "ece_after", "ece_if_calibrated")), _shown(vector, tone)]
        for tone, part in tones.items()
    ]
    table = _table(["tone", "ECE before", f"by {section.get('method')}", "by chance alone", "by vector scaling"], rows)
    chances = {tone: part["ece_if_calibrated"]["p"] for tone, part in tones.items() if part.get("ece_if_calibrated")}
    # Bonferroni: one of several tones is off by chance more often than one alone.
    off = [tone for tone, p in chances.items() if p < 0.05 / len(chances)]
    if not off:
        return _paragraph(table)
    return [
        *_paragraph(table),
        f"One temperature does not serve {' and '.join(off)} skin (p < {0.05 / len(chances):.3f}). "
        "Vector scaling needs no tone either: `skin-distill evaluate --calibration vector`.",
    ]


def _urgent_by_tone(test: Mapping[str, Any]) -> list[str]:
    """Return the test photos of each tone, and how many of the urgent classes are noticed among them."""
    rows, photos = [], test.get("per_tone") or {}
    for tone, part in (test.get("triage") or {}).get("per_tone", {}).items():
        n = photos.get(tone, {}).get("n", 0)
        few = "" if n >= MIN_TESTED else ", not checked on skin like this"
        rows.append([tone, f"{n}{few}", *(_shown(part, key) for key in ("sensitivity", "specificity"))])
    return _paragraph(_table(["tone", "test photos", "sensitivity", "specificity"], rows))


def _sets_by_tone(test: Mapping[str, Any]) -> list[str]:
    """Return coverage by tone and Fitzpatrick type, with one threshold for all and with one for each tone."""
    section = test.get("conformal") or {}
    before, rows = section.get("one_threshold", {}), []
    for by, prefix in (("per_tone", "tone"), ("per_fitzpatrick", "Fitzpatrick")):
        for name, part in section.get(by, {}).items():
            one = _shown(before.get(by, {}).get(name), "coverage")
            rows.append([f"{prefix} {name}", one, _shown(part, "coverage"), _shown(part, "mean_size")])
    return _paragraph(_table(["photos", "coverage with one threshold", "with one for each tone", "mean size"], rows))


def _paragraph(table: Sequence[str]) -> list[str]:
    return ["", *table, ""] if table else []


BY_TONE = {"calibration": _calibration_by_tone, "triage": _urgent_by_tone, "conformal": _sets_by_tone}


def _class_table(per_class: Mapping[str, Any]) -> list[str]:
    rows = [[display_name(name), *(_shown(part, key) for key in CLASS_METRICS)] for name, part in per_class.items()]
    return _table(["class", *CLASS_METRICS.values()], rows)


def _heads_table(columns: Mapping[str, Any]) -> list[str]:
    rows = [
        [f"{head} {name}", *(_shown(column.get(head), key) for column in columns.values())]
        for head, names in HEADS.items()
        for key, name in names.items()
    ]
    return _table(["metric", *columns], rows) if columns else []
