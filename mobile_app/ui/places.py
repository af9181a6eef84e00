"""Folders of this user and what is in them. No Kivy."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mobile_app.sources.photo_folder import PHOTO_SUFFIXES

MOST_ENTRIES = 500
"""Lines of a list; a folder may hold a hundred thousand files."""


@dataclass(frozen=True)
class Listing:
    """What a folder holds that can be chosen.

    Attributes:
        folders: below it, by name, without hidden ones.
        photos: in it, newest first.
        left_out: how many more there are.
        closed: it cannot be opened.
    """

    folders: tuple[Path, ...] = ()
    photos: tuple[Path, ...] = ()
    left_out: int = 0
    closed: bool = False


def list_folder(folder: Path, most: int = MOST_ENTRIES) -> Listing:
    """Look into a folder."""
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
                    elif entry.name.lower().endswith(PHOTO_SUFFIXES):
                        photos.append((-entry.stat().st_mtime, Path(entry.path)))
    except OSError:
        return Listing(closed=True)
    folders.sort(key=lambda path: path.name.lower())
    newest = [path for _, path in sorted(photos)]
    shown_folders = tuple(folders[:most])
    shown_photos = tuple(newest[: most - len(shown_folders)])
    left_out = len(folders) + len(newest) - len(shown_folders) - len(shown_photos)
    return Listing(shown_folders, shown_photos, left_out)


def user_folder(kind: str) -> Path:
    """The folder "PICTURES" or "DOWNLOAD" of this user; the home folder where there is none."""
    home = Path.home()
    usual = home / {"PICTURES": "Pictures", "DOWNLOAD": "Downloads"}[kind]
    # Desktops translate the names of these folders and write them down (freedesktop.org, xdg-user-dirs).
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "user-dirs.dirs"
    with suppress(OSError, UnicodeDecodeError):
        found = re.search(rf'^XDG_{kind}_DIR="(.+)"$', config.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            usual = Path(found[1].replace("$HOME", str(home)))
    return usual if usual.is_dir() else home


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """A path in a folder at which no file is yet."""
    path = folder / f"{stem}{suffix}"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}{suffix}"
        number += 1
    return path


def show_in_file_manager(folder: Path) -> None:
    """Open a folder in the desktop's own file manager, where it has one."""
    with suppress(OSError):
        if sys.platform == "win32":
            os.startfile(folder)
        else:
            command = "open" if sys.platform == "darwin" else "xdg-open"
            subprocess.Popen([command, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
