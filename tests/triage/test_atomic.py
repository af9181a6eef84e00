import errno
import shutil
import subprocess
import sys
import types

import pytest

from triage.atomic import remove_abandoned, replacing, write_text
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
    with pytest.raises(UnusableInput, match=r"disk is full.*report\.json"), replacing(path):
        raise error
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["report.json"]


def test_another_failure_to_write_stays_what_it_is(tmp_path):
    with pytest.raises(PermissionError), replacing(tmp_path / "report.json"):
        raise PermissionError


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
