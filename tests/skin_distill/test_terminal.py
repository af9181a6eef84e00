import functools
import json

import rich.console

from skin_distill.assessment_text import URGENCIES, assessment_text
from skin_distill.terminal import Terminal, percent


def test_results_are_alone_on_standard_output(capsys):
    with Terminal() as terminal:
        terminal.line("working")
        terminal.progress("stage", 1, 2)
        terminal.result({"a": 1}, "done")
    out, err = capsys.readouterr()
    assert out == "done\n"
    assert "working" in err


def test_json_leaves_tables_out(capsys):
    with Terminal(as_json=True) as terminal:
        terminal.table("title", ("a",), [(1,)])
        terminal.result({"a": [1]}, "text")
    assert json.loads(capsys.readouterr().out) == {"a": [1]}


def test_quiet_prints_results_only(capsys):
    with Terminal(-1) as terminal:
        terminal.line("working")
        terminal.progress("stage", 1, 2)
        terminal.result(None, "done")
    out, err = capsys.readouterr()
    assert (out, err) == ("done\n", "")


def test_bytes_are_shown_as_megabytes_and_earlier_ones_do_not_count_as_fast(capsys, monkeypatch):
    clock = iter([0.0, 20.0])
    monkeypatch.setattr("skin_distill.terminal.time.monotonic", lambda: next(clock))
    with Terminal() as terminal:
        terminal.progress("download", 50_000_000, 100_000_000, in_bytes=True)
        terminal.progress("download", 60_000_000, 100_000_000, in_bytes=True)
    assert capsys.readouterr().err == "download: 60.0 of 100.0 MB, 80 s left\n"


def test_a_stage_that_begins_again_is_measured_anew(capsys, monkeypatch):
    clock = iter([0.0, 100.0, 100.0, 120.0])
    monkeypatch.setattr("skin_distill.terminal.time.monotonic", lambda: next(clock))
    with Terminal() as terminal:
        terminal.progress("decode photos", 1, 50)
        terminal.progress("decode photos", 50, 50)
        terminal.progress("decode photos", 1, 30)
        terminal.progress("decode photos", 11, 30)
    assert capsys.readouterr().err == "decode photos: 11 of 30, 38 s left\n"


def test_a_figure_is_written_with_its_interval_or_its_reason():
    assert percent({"value": 0.5, "low": 0.4, "high": 0.61}) == "50.0 % (40.0 to 61.0)"
    assert percent({"value": None, "why": "too few samples to tell"}) == "too few samples to tell"
    assert percent(None) == "not measured"


def test_square_brackets_in_a_table_are_shown(capsys):
    with Terminal() as terminal:
        terminal.table("photos[1]", ("what", "range [0, 1]"), [("pip install 'skin-distill[app]'", "[bold]")], "[note]")
    out = capsys.readouterr().out
    for text in ("photos[1]", "range [0, 1]", "skin-distill[app]", "[bold]", "[note]"):
        assert text in out


def test_a_narrow_terminal_shows_every_number(capsys, monkeypatch):
    narrow = functools.partial(rich.console.Console, force_terminal=True, width=40, no_color=True)
    monkeypatch.setattr(rich.console, "Console", narrow)
    rows = [("teacher-resnet152v2", "86.3 %", "251.22", "240.1"), ("student-int8", "84.0 %", "2.01", "1.2")]
    with Terminal() as terminal:
        terminal.table("Latency", ("model", "accuracy, test split", "p50 ms", "megabytes"), rows)
    out = capsys.readouterr().out
    assert all(cell in out for row in rows for cell in row)
    assert max(map(len, out.splitlines())) <= 40


def test_an_assessment_breaks_between_words():
    assessment = {
        "photo": "a-photo-with-a-path-that-is-longer-than-the-terminal.jpg",
        "warnings": ["its colour profile is damaged"],
        "lighting": {"ok": True, "probability": 0.9, "tips": []},
        "diagnosis": [{"label": "a", "probability": 0.9996}, {"label": "b", "probability": 0.0004}],
        "decision": {
            "urgency": "urgent",
            "abstained": False,
            "reason": None,
            "prediction_set": [],
            "tone": "light",
            "checked": True,
        },
    }
    card = {"classes": [{"id": "a", "name": "Melanoma"}, {"id": "b", "name": "Eczema"}], "synthetic": False}
    path, *lines = assessment_text(assessment, card, " (urgent from 39.2%)", 40).splitlines()
    assert path == assessment["photo"]
    assert max(map(len, lines)) <= 40
    text = " ".join(" ".join(lines).split())
    assert URGENCIES["urgent"] in text and "Eczema" not in text
    assert assessment["warnings"][0] in text
