import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import pytest

from benchmarks.report.collect import Entry, collect
from benchmarks.report.page import page
from benchmarks.report.plot import draw
from triage.assessment import DISCLAIMER
from triage.errors import UnusableInput
from triage.skin_tone import TONE_BUCKETS

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def metric(value, n=200):
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "n": n}


def entry(name, accuracy, latency=None, tones=(0.7, 0.6, 0.5), **rest):
    heads = {"diagnosis": {"accuracy": metric(accuracy), "balanced_accuracy": metric(accuracy)}}
    per_tone = {
        b: {"n": 50, "diagnosis": {"accuracy": metric(v, 50)}} for b, v in zip(TONE_BUCKETS, tones, strict=True)
    }
    timed = {"p50_ms": latency, "p90_ms": latency * 1.1, "threads": 1} if latency else None
    return Entry("run", name, {"n": 200, "groups": 190, **heads, "per_tone": per_tone}, latency=timed, **rest)


class Checker(HTMLParser):
    """Counts tags and remembers what is open; raises nothing itself."""

    VOID = frozenset({"meta", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.tags, self.words = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def parsed(text):
    checker = Checker()
    checker.feed(text)
    assert (checker.open, checker.wrong) == ([], [])
    return checker


def test_committed_runs_are_read_with_the_latency_of_the_very_files():
    entries = {e.name: e for e in collect([str(EXPERIMENTS / "kaggle-quick-student")])}
    latency = json.loads((EXPERIMENTS / "kaggle-quick-student" / "latency.json").read_text())["results"]
    by_name = {(r["model"], r["threads"]): r["p50_ms"] for r in latency}
    for name, found in entries.items():
        assert found.latency["p50_ms"] == by_name[f"student-{name}.tflite", 1]
    assert entries["float32"].passed and entries["int8"].passed is False
    assert entries["int8"].size == 1378538
    assert entries["float32"].worst_tone[0] == "medium"


def test_a_latency_of_another_file_is_not_taken(tmp_path):
    run = tmp_path / "copy"
    run.mkdir()
    for name in ("report.json", "latency.json"):
        text = (EXPERIMENTS / "kaggle-quick-student" / name).read_text()
        (run / name).write_text(text if name == "report.json" else text.replace('"sha256": "5', '"sha256": "6'))
    latencies = {e.name: e.latency for e in collect([str(run)])}
    assert latencies["float32"] is None and latencies["int8"] is not None


def test_the_page_stands_alone_and_says_what_was_not_measured():
    entries = collect([str(EXPERIMENTS / name) for name in ("kaggle-quick-teacher", "kaggle-quick-student")])
    text = page(entries)
    checker = parsed(text)
    loaded = [value for _, attributes in checker.tags for key, value in attributes.items() if key in ("src", "href")]
    assert loaded == [] and not re.search(r"url\((?!#)", text) and "@import" not in text and "http" not in text
    words = " ".join(checker.words)
    assert DISCLAIMER in words and "not measured" in words and "n\xa0=\xa0149" in words
    rows = [tag for tag, _ in checker.tags if tag == "tr"]
    assert len(rows) == 3 + 2 * len(entries) + 2 + (1 + 10) * len(entries)
    assert "Basal cell carcinoma" in words and "basal_cell" not in words


def test_classes_are_shown_with_intervals_confusion_reliability_date_and_commit():
    (found,) = collect([str(EXPERIMENTS / "lite2-teacher-again")])
    bins = [{"low": 0.4, "high": 0.5, "n": 70, "confidence": 0.45, "accuracy": 0.4}]
    found.test["per_class"]["melanoma"]["sent_to_doctor"] = {"value": 1.0, "low": 1.0, "high": 1.0, "n": 130}
    calibration = {**found.calibration, "reliability": {"before": bins, "after": bins}}
    run = {"date": "2026-02-03T04:05:06+00:00", "commit": "0123456789ab"}
    text = page([replace(found, environment=run, calibration=calibration)])
    words = " ".join(" ".join(parsed(text).words).split())
    assert "Of 100 photos of melanoma, 56 (47 to 65) were named first and 100 (97 to 100) sent to a doctor" in words
    assert "2026-02-03 04:05" in words and run["commit"] in words
    assert re.search(r"1 Melanoma 130 56\.2 % \(46\.\d to 65\.\d\) 100\.0 % \(97\.1 to 100\.0\)", words)
    assert text.count("<svg ") == 3
    confusion = found.test["confusion"]
    melanoma = confusion["classes"].index("melanoma")
    cells = re.search(r"<tr><th scope='row'>1<span> Melanoma</span></th>(.*?)</tr>", text)[1]
    first, *_ = (int(count or 0) for count in re.findall(">(\\d*)</td>", cells))
    assert first == confusion["counts"][melanoma][melanoma]


def test_without_latency_the_axis_is_the_file_size():
    svg = draw([entry("a", 0.6, size=4_000_000), entry("b", 0.7, size=1_000_000), entry("c", 0.65)])
    assert "file size, MB" in svg and "latency" not in svg
    (a, b, c) = (dots(svg)[number] for number in (1, 2, 3))
    assert b[0] < a[0] < c[0]


def test_names_cannot_break_the_page():
    text = page([entry("<script>alert('1')</script>", 0.6, 2.0)])
    parsed(text)
    assert "<script" not in text


def dots(svg):
    """Position of each model's dot, in pixels from the upper left corner."""
    found = re.findall(r'<g id="model-(\d)">.*?<use [^>]*?x="([\d.]+)" y="([\d.]+)"', svg, re.S)
    return {int(number): (float(x), float(y)) for number, x, y in found}


def numbers(svg):
    """Position of each model's number."""
    found = re.findall(r'<text style="font-weight: 700[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>(\d)</text>', svg)
    return {int(number): (float(x), float(y)) for x, y, number in found}


def test_dots_stand_where_their_metrics_are():
    svg = draw([entry("a", 0.6, 2.0, size=4_000_000), entry("b", 0.7, 20.0, size=1_000_000), entry("c", 0.65)])
    parsed(svg)
    (a, b, c), places = (dots(svg)[number] for number in (1, 2, 3)), numbers(svg)
    assert a[0] < b[0] < c[0] and a[1] > c[1] > b[1]
    assert all(math.dist(dots(svg)[number], places[number]) < 30 for number in (1, 2, 3))


def test_numbers_of_models_in_one_place_do_not_cover_each_other():
    places = numbers(draw([entry(str(n), 0.6, 2.0, size=2_000_000) for n in range(6)])).values()
    assert len(places) == 6 and min(math.dist(*pair) for pair in combinations(places, 2)) > 8


def test_the_same_models_give_the_same_plot():
    assert draw([entry("a", 0.6, 2.0)]) == draw([entry("a", 0.6, 2.0)])


def test_files_that_were_not_timed_together_have_no_fastest():
    one, other = entry("a", 0.6, 2.0, passed=True), entry("b", 0.6, 3.0, passed=True)
    assert "The fastest is a" in page([one, other])
    assert "fastest" not in page([one, replace(other, run="another")])


def test_too_few_photos_of_a_tone_are_not_measured():
    found = entry("a", 0.6)
    for bucket in ("medium", "dark"):
        found.test["per_tone"][bucket] = {"n": 7, "diagnosis": {"accuracy": {"value": None, "why": "too few"}}}
    assert found.worst_tone is None
    words = " ".join(parsed(page([found])).words)
    assert "not measured n\xa0=\xa07, not checked on skin like this" in words and words.count("not checked") == 2


def test_synthetic_runs_are_marked():
    found = entry("a", 0.6)
    found.test["synthetic"] = True
    assert "say nothing about real skin" in page([found])


@pytest.mark.parametrize("text", [None, "{", '{"teacher": {}}'])
def test_runs_without_a_result_are_refused(text, tmp_path):
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    with pytest.raises(UnusableInput, match=re.escape(str(tmp_path))):
        collect([str(tmp_path)])
