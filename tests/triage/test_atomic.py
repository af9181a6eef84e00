import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import types
from pathlib import Path

import pytest

from triage import atomic
from triage.atomic import check_writable, remove_abandoned, replacing, write_json, write_text
from triage.errors import UnusableInput

KILLED = """
import os, signal, sys
from triage.atomic import replacing
with replacing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_failure_leaves_the_old_file_and_no_half_written_one(tmp_path):
    path = tmp_path / "report.json"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["report.json"]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), OSError("9 requested and 0 written")]
)
def test_a_full_disk_is_said_and_what_was_there_stays(tmp_path, monkeypatch, error):
    path = tmp_path / "report.json"
    write_text(path, "old")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=0))
    with pytest.raises(UnusableInput, match=r"report\.json"), replacing(path):
        raise error
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["report.json"]


@pytest.mark.parametrize(("place", "call"), [(Path, "mkdir"), (os, "open")])
def test_a_disk_too_full_for_the_very_name_is_said(tmp_path, monkeypatch, place, call):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(place, call, fail)
    with pytest.raises(UnusableInput, match=r"report\.json"), replacing(tmp_path / "run" / "report.json"):
        raise AssertionError("nothing can be written")


def test_another_failure_to_write_stays_what_it_is(tmp_path, monkeypatch):
    with pytest.raises(PermissionError), replacing(tmp_path / "report.json"):
        raise PermissionError
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=0))
    with pytest.raises(PermissionError), replacing(tmp_path / "report.json"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_disk_that_cannot_be_asked_hides_no_failure(tmp_path, monkeypatch):
    def fail(_):
        raise PermissionError("not for you")

    monkeypatch.setattr(shutil, "disk_usage", fail)
    with pytest.raises(OSError, match="9 requested"), replacing(tmp_path / "report.json"):
        raise OSError("9 requested and 0 written")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_permissions_are_those_of_any_new_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "report.json", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o640


def test_windows_can_sync_and_rename(tmp_path, monkeypatch):
    # It syncs only what is open for writing, and renames nothing that is open.
    fcntl = pytest.importorskip("fcntl")
    synced, closed, close = [], [], os.close
    monkeypatch.setattr(atomic, "fcntl", None)
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE))
    monkeypatch.setattr(os, "close", lambda handle: (closed.append(handle), close(handle)))
    with replacing(tmp_path / "report.json") as temporary:
        assert len(closed) == 1
        temporary.write_text("new")
    assert (synced, len(closed)) == ([os.O_RDWR], 1)
    assert (tmp_path / "report.json").read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="without flock nothing is removed")
def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not(tmp_path):
    path = tmp_path / "run" / "report.json"
    write_text(path, "old")
    write_text(tmp_path / "run" / ".hidden.json", "of somebody else")
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode == -9
    assert len(names_in(path.parent)) == 3
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert remove_abandoned(tmp_path) == 1
        assert temporary.is_file()
    assert path.read_text() == "new"
    assert names_in(path.parent) == [".hidden.json", "report.json"]
    assert remove_abandoned(tmp_path / "missing") == 0


@pytest.mark.skipif(sys.platform == "win32", reason="without flock nothing is removed")
def test_a_folder_that_another_process_deletes_meanwhile_is_passed_over(tmp_path, monkeypatch):
    for folder in ("a", "c"):
        write_text(tmp_path / folder / ".report-k3v9x2pa.half.json", "")
    (tmp_path / "b").mkdir()
    scandir = os.scandir

    def deleting(path):
        if Path(path).name == "b":
            Path(path).rmdir()
        return scandir(path)

    monkeypatch.setattr(os, "scandir", deleting)
    assert remove_abandoned(tmp_path) == 2
    assert names_in(tmp_path) == ["a", "c"]


@pytest.mark.skipif(sys.platform == "win32", reason="/dev/null is a POSIX device")
def test_a_place_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    for act in (check_writable, lambda path: write_text(path, "x")):
        with pytest.raises(UnusableInput, match=r"/dev/null/run/report\.json"):
            act("/dev/null/run/report.json")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.EROFS, "Read-only")))
    with pytest.raises(UnusableInput, match=r"report\.json.*Read-only"):
        write_text(tmp_path / "report.json", "new")
    assert names_in(tmp_path) == []


def test_asking_whether_a_file_can_be_written_changes_nothing(tmp_path):
    write_text(tmp_path / "report.json", "old")
    check_writable(tmp_path / "report.json")
    assert (tmp_path / "report.json").read_text() == "old" and names_in(tmp_path) == ["report.json"]


def test_json_can_always_be_encoded(tmp_path):
    # The bytes of é that Python could not decode, a byte that is no UTF-8, and half a pair that is of no file name.
    write_json(tmp_path / "report.json", {"name": '\udcc3\udca9 \udcff \ud800 é \\ "'})
    assert json.loads((tmp_path / "report.json").read_bytes()) == {"name": 'é \\xff \\ud800 é \\ "'}
    write_text(tmp_path / "table.csv", "\udcff")
    assert (tmp_path / "table.csv").read_bytes() == b"\\xff"
