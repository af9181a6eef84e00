"""Folders of this user and the photos in them. No Kivy."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from triage.photo_files import is_photo_file

MAX_ENTRIES = 500
"""Longest list; a folder may hold a hundred thousand files."""


@dataclass(frozen=True)
class Listing:
    """What can be chosen: subfolders by name, photos newest first, how many are left out; or that it is `closed`."""

    folders: tuple[Path, ...] = ()
    photos: tuple[Path, ...] = ()
    left_out: int = 0
    closed: bool = False


def list_folder(folder: Path, limit: int = MAX_ENTRIES) -> Listing:
    """List subfolders and photos."""
    folders: list[Path] = []
    photos: list[tuple[float, Path]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                with suppress(OSError):
                    if entry.is_dir():
                        folders.append(Path(entry.path))
                    elif is_photo_file(Path(entry.path)):
                        photos.append((-entry.stat().st_mtime, Path(entry.path)))
    except OSError:
        return Listing(closed=True)
    folders.sort(key=lambda path: path.name.lower())
    shown_folders = tuple(folders[:limit])
    shown_photos = tuple(path for _, path in sorted(photos)[: limit - len(shown_folders)])
    left_out = len(folders) + len(photos) - len(shown_folders) - len(shown_photos)
    return Listing(shown_folders, shown_photos, left_out)


def user_folder(kind: str) -> Path:
    """Return this user's folder "PICTURES" or "DOWNLOAD"; the home folder if there is none."""
    home = Path.home()
    usual = home / {"PICTURES": "Pictures", "DOWNLOAD": "Downloads"}[kind]
    # Linux desktops translate these folder names (freedesktop.org, xdg-user-dirs).
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "user-dirs.dirs"
    with suppress(OSError, UnicodeDecodeError):
        found = re.search(rf'^XDG_{kind}_DIR="(.+)"$', config.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            usual = Path(found[1].replace("$HOME", str(home)))
    return usual if usual.is_dir() else home


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """Return a path in a folder where no file exists yet."""
    path = folder / f"{stem}{suffix}"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}{suffix}"
        number += 1
    return path


def show_in_file_manager(folder: Path) -> None:
    """Open a folder in the desktop's file manager, if there is one."""
    with suppress(OSError):
        if sys.platform == "win32":
            os.startfile(folder)
        else:
            command = "open" if sys.platform == "darwin" else "xdg-open"
            subprocess.Popen([command, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
