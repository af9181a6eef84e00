import os
import sys

import pytest

from triage.photo_files import files_below, is_system_name

SYSTEM = (
    ".ipynb_checkpoints/a-checkpoint.jpg", ".Trash-1000/files/a.jpg", ".thumbnails/a.jpg", "@eaDir/a.jpg/thumb.jpg",
    "__MACOSX/._a.jpg", "__MACOSX/a.jpg", "$RECYCLE.BIN/S-1/a.jpg", "lost+found/a.jpg", "deep/er/@eaDir/a.jpg",
    "System Volume Information/a.jpg", "._a.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", "~$list.jpg", "Icon\r",
)  # fmt: skip


def make(root, names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_what_systems_leave_in_a_folder_is_passed_over(tmp_path):
    root = tmp_path / ".cache" / "photos"  # a data set may lie in a hidden folder
    photos = ["a.jpg", "deep/er/b.JPG", "deep/c", "notes.txt", "thumbs/d.jpg"]
    make(root, (*SYSTEM, *photos, "out/e.jpg"))
    assert files_below(root, root / "out") == sorted(root / name for name in photos)
    assert all(any(map(is_system_name, name.split("/"))) for name in SYSTEM)


@pytest.mark.skipif(sys.platform == "win32" or not os.geteuid(), reason="root reads everything; links need rights")
def test_a_folder_that_cannot_be_read_is_listed(tmp_path):
    make(tmp_path, ["a.jpg", "closed/b.jpg"])
    (tmp_path / "closed").chmod(0)
    assert files_below(tmp_path) == [tmp_path / "a.jpg", tmp_path / "closed"]
    (tmp_path / "closed").chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_linked_folder_is_listed_and_not_followed(tmp_path):
    make(tmp_path, ["a.jpg"])
    (tmp_path / "up").symlink_to(tmp_path, target_is_directory=True)
    assert files_below(tmp_path) == [tmp_path / "a.jpg", tmp_path / "up"]
