import json

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
