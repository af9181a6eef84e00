"""The part of the report about classes: recall, what is sent to a doctor, confusion, reliability."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from benchmarks.report import words
from benchmarks.report.collect import Entry
from benchmarks.report.plot import reliability
from benchmarks.report.table import cell, model_name, table
from skin_training.plotting import display_name

NOTE = (
    "Urgent classes first. Named first: the class is the most likely one (recall). Sent to a doctor: the decision is "
    "urgent or soon, light and framing taken as good. Confusion: rows are true classes, columns predicted ones by the "
    "same numbers, colour is the fraction of the row. Reliability: accuracy by probability of the most likely class, "
    "with the number of photos; dotted is ideal."
)


def class_sections(entries: Sequence[Entry], runs: list[str]) -> str:
    """Return a section for each model that can be unfolded; those of each run's first file that passed are open."""
    first = {run: next((e for e in entries if e.run == run and e.passed is not False), None) for run in runs}
    return "".join(
        f"<details{' open' if entry is first[entry.run] else ''}>"
        f"<summary>{model_name(number, runs.index(entry.run), entry)}</summary>{_section(entry)}</details>"
        for number, entry in enumerate(entries, 1)
    )


def _section(entry: Entry) -> str:
    per_class = entry.test.get("per_class", {})
    names = sorted(per_class, key=lambda name: name not in entry.urgent)
    rows = [
        [
            f"{number} {escape(display_name(name))}",
            cell(str(per_class[name]["n"])),
            *(cell(words.percentage(_metric(per_class[name], key))) for key in ("recall", "sent_to_doctor")),
        ]
        for number, name in enumerate(names, 1)
    ]
    sentences = [_sentence(name, per_class[name]) for name in names if name in entry.urgent]
    calibration, plots = entry.calibration or {}, f"<p class='missing'>{words.NOT_MEASURED}</p>"
    if "reliability" in calibration:
        plots = f"<div class='pair'>{reliability(calibration)}</div>"
    return (
        f"{''.join(f'<p><strong>{escape(text)}</strong></p>' for text in sentences)}"
        f"{table(('Class', 'Test photos', 'Named first', 'Sent to a doctor'), rows)}"
        f"<h3>Confusion</h3>{_confusion(entry, names)}"
        f"<h3>Reliability{'' if entry.passed is None else ' of the float student'}</h3>{plots}"
    )


def _metric(part: dict[str, Any], key: str) -> dict[str, Any] | None:
    """Return a metric of a class; in the earliest reports it is a bare fraction."""
    found = part.get(key)
    if isinstance(found, (int, float)):
        return {"value": found, "n": part["n"]}
    return found if found and found["value"] is not None else None


def _sentence(name: str, part: dict[str, Any]) -> str:
    recall, sent, photos = _metric(part, "recall"), _metric(part, "sent_to_doctor"), display_name(name).lower()
    if recall is None:
        return f"Too few photos of {photos} to tell: {part['n']}."
    text = f"Of 100 photos of {photos}, {words.of_hundred(recall)} were named first"
    return f"{text}{f' and {words.of_hundred(sent)} sent to a doctor' if sent else ''}; {words.count(part['n'])}."


def _confusion(entry: Entry, names: list[str]) -> str:
    confusion = entry.test.get("confusion")
    if not confusion:
        return f"<p class='missing'>{words.NOT_MEASURED}</p>"
    order = [confusion["classes"].index(name) for name in names]
    counts = np.array(confusion["counts"])[np.ix_(order, order)]
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    head = "".join(f"<th scope='col'>{number}</th>" for number in range(1, len(names) + 1))
    body = ""
    for row, name in enumerate(names):
        cells = zip(counts[row], fractions[row], strict=True)
        body += f"<tr><th scope='row'>{row + 1}<span> {escape(display_name(name))}</span></th>"
        body += "".join(f"<td style='--of-row:{of_row:.2f}'>{count or ''}</td>" for count, of_row in cells) + "</tr>"
    return f"<table class='matrix'><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
