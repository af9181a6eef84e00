"""File names of any bytes, full disks and folders that cannot be written, in every command."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mobile_app
from skin_distill.cli import cli
from skin_distill.terminal import Terminal
from triage.plain_text import printable

ASSETS = Path(mobile_app.__file__).parent / "assets"
MODEL = ASSETS / "demo.tflite"
NAMES = (
    b"\xff\xfe.jpg",
    "é\u202egpj.jpg".encode(),
    b"two\nlines.jpg",
    b"\x1b[31mred.jpg",
    b"[b]$x$.jpg",
    b"broken\xff.jpg",
)
ENCODINGS = (
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    {"LC_ALL": "C.UTF-8"},
)  # fmt: skip
NOWHERE = "/dev/null/folder"
"""Cannot be made, not even by root."""
posix = pytest.mark.skipif(sys.platform != "linux", reason="Linux names and devices")


def run(*arguments, cwd=None, environment=None, **streams):
    command = [sys.executable, "-m", "skin_distill", *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run(command, cwd=cwd, env={**os.environ, **(environment or {})}, timeout=300, **streams)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    phantom = next((ASSETS / "phantoms").glob("*.jpg"))
    for name in NAMES:
        shutil.copy(phantom, folder / os.fsdecode(name))
    (folder / os.fsdecode(NAMES[-1])).write_bytes(b"no photo")
    return folder


@posix
@pytest.mark.parametrize("environment", ENCODINGS, ids=lambda e: "-".join(e))
def test_json_is_utf_8_whatever_the_names_and_the_terminal(photos, environment):
    done = run("classify", ".", "--model", MODEL, "--json", cwd=photos, environment=environment)
    assert done.returncode == 1, done.stderr  # one photo is broken
    named = [found["photo"] for found in json.loads(done.stdout.decode("utf-8"))]
    assert {"\\xff\\xfe.jpg", "é\u202egpj.jpg", "two\nlines.jpg", "broken\\xff.jpg"} <= set(named)
    assert len("".join(named).encode("utf-8")) and len(named) == len(NAMES)


@posix
@pytest.mark.parametrize("environment", ENCODINGS, ids=lambda e: "-".join(e))
def test_prepare_takes_names_in_utf_8_whatever_the_locale(tmp_path, environment):
    for number, phantom in enumerate(sorted((ASSETS / "phantoms").glob("*.jpg"))[:4]):
        folder = tmp_path / "photos" / ("mélanome", "eczema")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(phantom, folder / f"fotó {number}.jpg")
    done = run("prepare", "folder", tmp_path / "photos", "--out", tmp_path / "out", environment=environment)
    assert done.returncode == 0, done.stderr
    assert "mélanome/fotó 0.jpg" in (tmp_path / "out" / "meta.csv").read_text(encoding="utf-8")


@posix
@pytest.mark.parametrize("environment", ENCODINGS, ids=lambda e: "-".join(e))
def test_names_do_not_command_the_terminal(photos, environment):
    done = run("classify", ".", "--model", MODEL, cwd=photos, environment=environment)
    assert done.returncode == 1, done.stderr
    assert not {"\x1b", "\u202e"} & set((done.stdout + done.stderr).decode("utf-8"))
    assert rb"two\nlines.jpg" in done.stdout and rb"\xff\xfe.jpg" in done.stdout


def test_unprintable_names_are_escaped_and_line_feeds_of_a_text_stay():
    assert printable("a\x07\x85\u2066\udcff b\n") == "a\\x07\\x85\\u2066\\xff b\n"
    assert printable("é\n日本", keep_lines=False) == "é\\n日本"


def test_a_table_takes_any_name(capsys):
    with Terminal() as terminal:
        terminal.table("a\udcff\x1b", ("[/b]",), [("x\x1b[31m\udcff",)], "\u202e")
        terminal.result({"\udcff": ["\ud800"]}, "\udcff")
        terminal.progress("verify [/b]\udcff", 1, 2)
    assert "\x1b" not in capsys.readouterr().out


@posix
@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("doctor",),
        ("doctor", "--json"),
        ("classify", ".", "--model", MODEL),
        ("classify", ".", "--model", MODEL, "--json"),
    ],
    ids=lambda a: " ".join(map(str, a[:1] + a[-1:])),
)
def test_a_full_disk_at_standard_output_is_one_line_and_exit_code_2(photos, arguments):
    with open("/dev/full", "wb") as full:
        done = run(*arguments, cwd=photos, stdout=full)
    assert done.returncode == 2, done.stderr
    assert b"standard output" in done.stderr and len(done.stderr.splitlines()) == 1


@posix
def test_standard_error_may_be_full_too():
    with open("/dev/full", "wb") as full:
        assert run("doctor", stdout=full, stderr=full).returncode == 2


@pytest.mark.parametrize("name", list(cli.commands))
@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "some/file"), OSError(28, "No space left")])
def test_an_error_of_the_system_is_one_line_and_exit_code_2_in_every_command(
    tmp_path, shell_in, monkeypatch, name, error
):
    def fail(**_):
        raise error

    monkeypatch.setattr(cli.commands[name], "callback", fail)
    monkeypatch.setattr(cli.commands[name], "params", [])
    done = shell_in(tmp_path)(name, expect=2)
    assert done.stderr.count("\n") == 1 and str(error.filename or error.strerror) in done.stderr


@posix
@pytest.mark.parametrize(
    "arguments",
    [
        ("prepare", "phantom", "--count", "20", "--size", "64", "--out", NOWHERE),
        ("benchmark", MODEL, "--json", f"{NOWHERE}/latency.json"),
        ("package", "android", "--demo", "--model", MODEL, "--out", NOWHERE),
        ("demo", "--out", NOWHERE),
    ],
    ids=lambda a: a[0],
)
def test_a_folder_that_cannot_be_written_is_named(tmp_path, shell_in, arguments):
    stderr = shell_in(tmp_path)(*arguments, expect=2).stderr
    assert NOWHERE in stderr and stderr.count("\n") <= 2 and "Traceback" not in stderr


@posix
def test_doctor_says_whether_the_folder_can_be_written(tmp_path, shell_in, monkeypatch):
    def disk():
        return {f["what"]: f for f in json.loads(shell_in(tmp_path)("doctor", "--json").stdout)}["Disk"]

    assert "cannot" not in disk()["found"]
    monkeypatch.setattr("triage.atomic.os.open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "no", "x")))
    assert disk()["state"] == "note" and "cannot" in disk()["found"]


@posix
def test_the_app_starts_without_a_home_that_can_be_written(monkeypatch):
    pytest.importorskip("kivy")
    code = (
        "import os, pathlib; from mobile_app.main import prepare_kivy;"
        f"prepare_kivy(pathlib.Path({NOWHERE!r})); home = os.environ['KIVY_HOME']; print(home, os.access(home, 2))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert NOWHERE not in done.stdout and done.stdout.endswith("True\n")
    assert not Path(done.stdout.split()[0]).exists()  # removed at the end
