"""The model card of a run (Mitchell et al. 2019, "Model Cards for Model Reporting"), made from its report alone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from skin_training.plotting import display_name
from skin_training.run_folder import RunFolder
from triage.assessment import DISCLAIMER
from triage.atomic import write_json, write_text

NOT_MEASURED = "not measured"
INTENDED_USE = "Research and education: to study small skin-photo models, their lighting, calibration and gaps."
NOT_FOR = "Diagnosis, triage of real patients, or any use as a medical device."
NEVER_MEASURED = (
    "people rather than photos, where the data set does not say who is on a photo",
    "other cameras, clinics and countries than those of the data set",
    "skin tone as a person would name it: the buckets describe photos",
)
DIAGNOSIS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "top3_accuracy": "top-3 accuracy",
    "ece": "expected calibration error",
}
LIGHTING = {
    "accuracy": "accuracy",
    "auc": "AUC",
    "average_precision": "average precision",
    "poor_recall": "recall of poor light",
    "poor_precision": "precision of poor light",
}
CLASS_METRICS = {"recall": "recall", "precision": "precision", "f1": "F1", "auc": "AUC"}
SECTIONS = {
    "calibration": {
        "method": "method",
        "ece_before": "expected calibration error before",
        "ece_after": "after",
        "ece_if_calibrated": "by chance alone",
    },
    "triage": {
        "classes": "classes",
        "threshold": "threshold",
        "sensitivity_target": "target sensitivity",
        "sensitivity": "sensitivity",
        "specificity": "specificity",
    },
    "conformal": {"coverage_target": "target coverage", "coverage": "coverage", "mean_size": "mean size"},
}
TITLES = {"calibration": "Calibration", "triage": "Urgent classes", "conformal": "Conformal sets"}


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
    section = report.get("distill") or report.get("teacher") or {}
    test = section.get("test") or {}
    files = report.get("verify", {}).get("files", [])

    def of(source: Any, *keys: str) -> Any:
        for key in keys:
            source = source.get(key) if isinstance(source, Mapping) else None
        return NOT_MEASURED if source is None else source

    def select(source: Any, keys: Iterable[str]) -> dict[str, Any]:
        return {key: of(source, key) for key in keys}

    def heads(source: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "diagnosis": select(source.get("diagnosis"), DIAGNOSIS),
            "lighting": select(source.get("lighting"), LIGHTING),
        }

    return {
        "model": {
            "run": name,
            "kind": "student" if "distill" in report else "teacher",
            **select(section, ("backbone", "parameters", "color_calibration")),
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
        "figures": heads(test),
        "per_class": {c: select(v, CLASS_METRICS) for c, v in test.get("per_class", {}).items()} or NOT_MEASURED,
        "per_tone": {tone: heads(values) for tone, values in test.get("per_tone", {}).items()} or NOT_MEASURED,
        "calibration": select(test.get("calibration"), (*SECTIONS["calibration"], "per_tone", "fitted_on")),
        "triage": select(test.get("triage"), (*SECTIONS["triage"], "per_tone")),
        "conformal": select(test.get("conformal"), (*SECTIONS["conformal"], "per_tone")),
        "phases": [{"phase": p["phase"], "trains": p["trains"], **heads(p["test"])} for p in section.get("phases", [])]
        or NOT_MEASURED,
        "worth_of_the_teacher": of(section, "without_teacher", "gain"),
        "compression": [select(file, ("variant", "passed", "gates")) for file in files] or NOT_MEASURED,
        "not_measured": list(NEVER_MEASURED),
    }


def write_card(run: RunFolder) -> None:
    """Write `card.json` and `card.md` of a run with a report."""
    card = build_card(run.name, run.read_report())
    write_json(run.experiment / "card.json", card)
    write_text(run.experiment / "card.md", card_text(card))


def card_text(card: Mapping[str, Any]) -> str:
    """Return a card of `build_card` as Markdown."""
    model, data = card["model"], card["data"]
    head = [f"# Model card: {model['run']}", "", f"**{card['disclaimer']}**", ""]
    if data["synthetic"] is True:
        head += ["Trained and tested on synthetic photos: its metrics say nothing about skin.", ""]
    head += [
        f"- A {model['kind']}; backbone: {model['backbone']}; parameters: {model['parameters']}",
        f"- Intended use: {card['intended_use']}",
        f"- Not for: {card['not_for']}",
        f"- Test split: {data['test_photos']} photos, {data['test_groups']} groups; meta.csv {data['meta_sha256']}",
        f"- Skin tone by {data['tone_scheme']}",
        "",
        "95 % intervals by bootstrap over groups.",
        "",
    ]
    phases, per_class, gain, files = (
        None if card[key] == NOT_MEASURED else card[key]
        for key in ("phases", "per_class", "worth_of_the_teacher", "compression")
    )
    per_tone = {} if card["per_tone"] == NOT_MEASURED else card["per_tone"]
    class_rows = [
        [display_name(name), *(_shown(values[key]) for key in CLASS_METRICS)]
        for name, values in (per_class or {}).items()
    ]
    gain_lines = gain and [
        f"- {gain['verdict']}; balanced accuracy {_shown(gain['balanced_accuracy'], signed=True)}",
        *(f"- lost: {p['slice']} {100 * p['change']:+.1f} points, n = {p['n']}" for p in gain["lost"]),
    ]
    gates = [
        [file["variant"], *(str(gate[key]) for key in ("gate", "measured", "limit", "outcome"))]
        for file in files or []
        for gate in file["gates"]
    ]
    return "\n".join(
        [
            *head,
            *_section("Overall", _heads_table({"all": card["figures"]})),
            *_section("After each phase", _heads_table({p["phase"]: p for p in phases or []})),
            *_section("Per skin tone", _heads_table(per_tone)),
            *_section("Per class", _table(["class", *CLASS_METRICS.values()], class_rows)),
            *(
                line
                for key, names in SECTIONS.items()
                for line in _section(TITLES[key], [f"- {name}: {_shown(card[key][k])}" for k, name in names.items()])
            ),
            *_section("Distillation gain", gain_lines),
            *_section("Compression", _table(["file", "gate", "measured", "limit", "outcome"], gates)),
            *_section("Not measured", [f"- {what}" for what in card["not_measured"]]),
        ]
    )


def _shown(value: Any, signed: bool = False) -> str:
    if isinstance(value, Mapping) and "value" in value:
        if value["value"] is None:
            return str(value.get("why") or NOT_MEASURED)
        number = "{:+.3f}".format if signed else "{:.3f}".format
        interval = "" if value["low"] is None else f" ({number(value['low'])} to {number(value['high'])})"
        return f"{number(value['value'])}{interval}, n = {value['n']}"
    if isinstance(value, Mapping) and "p" in value:
        return f"{value['mean']:.3f} on average, below {value['high']:.3f} in 95 % (p = {value['p']:.2f})"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def _section(title: str, lines: Sequence[str] | None) -> list[str]:
    return [f"## {title}", "", *(lines or [NOT_MEASURED]), ""]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    return [f"| {' | '.join(header)} |", "|---" * len(header) + "|", *(f"| {' | '.join(row)} |" for row in rows)]


def _heads_table(columns: Mapping[str, Any]) -> list[str]:
    rows = [
        [f"{head} {name}", *(_shown(column[head][key]) for column in columns.values())]
        for head, names in (("diagnosis", DIAGNOSIS), ("lighting", LIGHTING))
        for key, name in names.items()
    ]
    return _table(["metric", *columns], rows) if columns else []
