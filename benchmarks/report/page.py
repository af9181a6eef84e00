"""The report as one self-contained HTML page."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from benchmarks.report import words
from benchmarks.report.classes import NOTE, class_sections
from benchmarks.report.collect import Entry
from benchmarks.report.plot import draw
from benchmarks.report.table import cell, model_name, table
from triage.assessment import DISCLAIMER
from triage.decision import MIN_TESTED
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

TITLE = "Accuracy, latency, size and fairness"
COLUMNS = ("Model", "Accuracy", "Balanced accuracy", "Worst skin tone", "Lighting", "Latency", "Size", "Verification")
LEGEND = (
    "Each dot is a model, numbered as in the table; one colour per run. Height: accuracy of the first diagnosis on the "
    "test split, with its 95 % interval. Bar: accuracy on the worst skin tone. Area: file size. Dashed and hollow: "
    "failed verification."
)


def page(entries: Sequence[Entry]) -> str:
    """Return the page of one or more entries as HTML with style and plots inside; it loads nothing."""
    runs = list(dict.fromkeys(entry.run for entry in entries))
    style = files("benchmarks.report").joinpath("page.css").read_text(encoding="utf-8")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(f"{TITLE}: {', '.join(runs)}")}</title>
<style>{style}</style>
</head>
<body>
<h1>{TITLE}</h1>
<p>{escape(_headline(entries))}</p>
<p class="disclaimer">{escape(DISCLAIMER)}</p>
{_synthetic(entries)}
<figure>{draw(entries)}<figcaption>{LEGEND}</figcaption></figure>
<h2>Models</h2>
{table(COLUMNS, [_row(number, runs.index(entry.run), entry) for number, entry in enumerate(entries, 1)])}
<p class="note">Lighting: accuracy of the head that predicts whether a photo is well lit. Intervals: 95 %, bootstrap
over groups. Latency: median and 90th percentile for one photo. {escape(_machines(entries))}</p>
<h2>Skin tones</h2>
{table(("Model", *map(str.capitalize, TONE_BUCKETS), "Difference"), _tone_rows(entries, runs))}
<p class="note">Accuracy of the first diagnosis in each bucket, with its 95 % interval and number of photos. Difference:
best bucket minus worst. {escape(TONE_SCHEME)}: measured on the photo, it does not describe a person.</p>
<h2>Classes</h2>
<p class="note">{NOTE}</p>
{class_sections(entries, runs)}
<h2>Runs</h2>
{table(("Run", "Date", "Commit", "Test photos", "Groups", "Images"), _run_rows(entries, runs))}
<footer><p>Made by skin-distill from the runs' reports.</p></footer>
</body>
</html>
"""


def _headline(entries: Sequence[Entry]) -> str:
    passed = [entry for entry in entries if entry.passed]
    checked = [entry for entry in entries if entry.passed is not None]
    if not checked:
        return f"{len(entries)} models; none has a verified .tflite file."
    text = f"{len(passed)} of {len(checked)} files passed verification."
    timed = [(entry, entry.latency) for entry in passed if entry.latency]
    if len({(entry.run, latency["threads"]) for entry, latency in timed}) == 1:  # timed together
        fastest, latency = min(timed, key=lambda pair: pair[1]["p50_ms"])
        text += f" The fastest is {fastest.name} of {fastest.run}: {words.latency(latency)}."
    sized = [(entry.size, entry) for entry in passed if entry.size]
    if sized:
        size, smallest = min(sized, key=lambda pair: pair[0])
        text += f" The smallest is {smallest.name} of {smallest.run}: {words.megabytes(size)}."
    return text


def _synthetic(entries: Sequence[Entry]) -> str:
    runs = dict.fromkeys(entry.run for entry in entries if entry.test.get("synthetic"))
    text = f"Measured on synthetic images, which say nothing about real skin: {', '.join(runs)}."
    return f'<p class="disclaimer">{escape(text)}</p>' if runs else ""


def _row(number: int, series: int, entry: Entry) -> list[str]:
    bucket, worst = entry.worst_tone or ("", None)
    return [
        model_name(number, series, entry),
        cell(words.percentage(entry.metric("diagnosis", "accuracy"))),
        cell(words.percentage(entry.metric("diagnosis", "balanced_accuracy"))),
        cell(f"{words.percentage(worst)} {bucket}, {words.count(worst['n'])}" if worst else words.NOT_MEASURED),
        cell(words.percentage(entry.metric("lighting", "accuracy"))),
        cell(words.latency(entry.latency)),
        cell(words.megabytes(entry.size)),
        _gates(entry),
    ]


def _tone_rows(entries: Sequence[Entry], runs: list[str]) -> list[list[str]]:
    rows = []
    for number, entry in enumerate(entries, 1):
        cells = []
        for bucket in TONE_BUCKETS:
            metric = entry.tone(bucket)
            photos = words.count(metric["n"] if metric else entry.tone_count(bucket))
            few = ", not checked on skin like this" if entry.tone_count(bucket) < MIN_TESTED else ""
            cells.append(cell(f"{words.percentage(metric)} {photos}{few}"))
        measured = [metric["value"] for bucket in TONE_BUCKETS if (metric := entry.tone(bucket))]
        gap = f"{100 * (max(measured) - min(measured)):.1f} points" if len(measured) > 1 else words.NOT_MEASURED
        rows.append([model_name(number, runs.index(entry.run), entry), *cells, cell(gap)])
    return rows


def _run_rows(entries: Sequence[Entry], runs: list[str]) -> list[list[str]]:
    rows = []
    for run in runs:
        entry = next(entry for entry in entries if entry.run == run)
        recorded = [str(entry.environment.get(key) or "not recorded") for key in ("date", "commit")]
        counts = [str(entry.test.get(key, words.NOT_MEASURED)) for key in ("n", "groups")]
        kind = "synthetic" if entry.test.get("synthetic") else "photographs"
        rows.append([escape(text) for text in (run, recorded[0].replace("T", " ")[:16], recorded[1], *counts, kind)])
    return rows


def _machines(entries: Sequence[Entry]) -> str:
    machines: dict[str, list[str]] = {}
    for entry in entries:
        if entry.machine:
            name = f"{entry.machine.get('cpu') or 'unknown processor'}, {entry.machine.get('runtime')}"
            machines.setdefault(name, []).append(entry.run)
    if not machines:
        return ""
    text = "; ".join(f"{machine} ({', '.join(dict.fromkeys(runs))})" for machine, runs in machines.items())
    together = len({run for runs in machines.values() for run in runs}) == 1
    return f"Measured on: {text}." + ("" if together else " Runs were not timed together: compare within one run only.")


def _gates(entry: Entry) -> str:
    text = cell(words.gates(entry.passed, entry.failed, entry.inconclusive))
    return f'<span class="refused-text">{text}</span>' if entry.passed is False else text
