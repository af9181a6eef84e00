"""A picture from the clipboard. No Kivy: its clipboard holds text alone."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

LONGEST_WAIT_S = 3.0
"""A program that owns the clipboard and does not answer must not hold up the app for longer, all questions together."""
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/tiff", "image/bmp")
_POWERSHELL = (
    "powershell", "-NoProfile", "-STA", "-Command",
    "Add-Type -AssemblyName System.Windows.Forms, System.Drawing;"
    "$p = [Windows.Forms.Clipboard]::GetImage(); if ($p) {"
    " $m = New-Object IO.MemoryStream; $p.Save($m, [Drawing.Imaging.ImageFormat]::Png);"
    " $o = [Console]::OpenStandardOutput(); $m.WriteTo($o) }",
)  # fmt: skip


def pasted() -> Path | bytes | None:
    """What is on the clipboard: an encoded picture, the path of a file, or nothing of use.

    Asks other programs and may take some tenths of a second.
    """
    until = time.monotonic() + LONGEST_WAIT_S
    for command in _image_commands():
        if data := _output(command, until):
            return data
    for command in _text_commands():
        if (text := _output(command, until)) and (path := path_in(text.decode("utf-8", "replace"))):
            return path
    return None


def path_in(text: str) -> Path | None:
    """The first existing file that a text names, as a path or as a `file://` address."""
    for line in text.splitlines():
        line = line.strip().strip("\"'")
        if line.startswith("file://"):
            line = unquote(urlsplit(line).path)
        if line and "\0" not in line:
            path = Path(line).expanduser()
            try:
                if path.is_file():
                    return path
            except OSError:  # a name longer than the system allows
                continue
    return None


def _image_commands() -> list[Sequence[str]]:
    if sys.platform == "darwin":
        return [("pngpaste", "-")]
    if sys.platform == "win32":
        return [_POWERSHELL]
    if _wayland():
        return [("wl-paste", "--no-newline", "--type", kind) for kind in IMAGE_TYPES]
    return [("xclip", "-selection", "clipboard", "-out", "-target", kind) for kind in IMAGE_TYPES]


def _text_commands() -> list[Sequence[str]]:
    if sys.platform == "darwin":
        return [("pbpaste",)]
    if sys.platform == "win32":
        return [
            ("powershell", "-NoProfile", "-Command", "Get-Clipboard -Format FileDropList | % FullName; Get-Clipboard")
        ]
    if _wayland():
        return [("wl-paste", "--no-newline", "--type", kind) for kind in ("text/uri-list", "text/plain")]
    return [("xclip", "-selection", "clipboard", "-out", "-target", kind) for kind in ("text/uri-list", "UTF8_STRING")]


def _wayland() -> bool:
    return bool(os.environ.get("WAYLAND_DISPLAY")) and shutil.which("wl-paste") is not None


def _output(command: Sequence[str], until: float) -> bytes:
    wait_s = until - time.monotonic()
    if wait_s <= 0 or shutil.which(command[0]) is None:
        return b""
    try:
        done = subprocess.run(command, capture_output=True, timeout=wait_s)
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
