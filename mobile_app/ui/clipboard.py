"""Pictures from the clipboard, through the platform's own tools: Kivy's clipboard holds text only. No Kivy."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

MAX_WAIT_S = 3.0
"""Longest wait for the program that owns the clipboard, all queries together."""
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/tiff", "image/bmp")
TEXT_TYPES = {"wl-paste": ("text/uri-list", "text/plain"), "xclip": ("text/uri-list", "UTF8_STRING")}
_POWERSHELL = (
    "powershell", "-NoProfile", "-STA", "-Command",
    "Add-Type -AssemblyName System.Windows.Forms, System.Drawing;"
    "$p = [Windows.Forms.Clipboard]::GetImage(); if ($p) {"
    " $m = New-Object IO.MemoryStream; $p.Save($m, [Drawing.Imaging.ImageFormat]::Png);"
    " $o = [Console]::OpenStandardOutput(); $m.WriteTo($o) }",
)  # fmt: skip
_POWERSHELL_TEXT = (
    "powershell", "-NoProfile", "-Command", "Get-Clipboard -Format FileDropList | % FullName; Get-Clipboard",
)  # fmt: skip


def read_clipboard() -> Path | bytes | str | None:
    """Return an encoded picture, the path of a copied file, other text or None; takes some tenths of a second."""
    deadline = time.monotonic() + MAX_WAIT_S
    image_commands, text_commands = _commands()
    for command in image_commands:
        if data := _output(command, deadline):
            return data
    text = ""
    for command in text_commands:
        text = _output(command, deadline).decode("utf-8", "replace") or text
        if path := path_in_text(text):
            return path
    return text or None


def path_in_text(text: str) -> Path | None:
    """Return the first existing file that a text names, as a path or a `file://` URL."""
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


def _commands() -> tuple[list[Sequence[str]], list[Sequence[str]]]:
    """Return the commands that print a picture, and those that print text."""
    if sys.platform == "darwin":
        return [("pngpaste", "-")], [("pbpaste",)]
    if sys.platform == "win32":
        return [_POWERSHELL], [_POWERSHELL_TEXT]
    if os.environ.get("WAYLAND_DISPLAY") and shutil.which("wl-paste") is not None:
        paste: tuple[str, ...] = ("wl-paste", "--no-newline", "--type")
    else:
        paste = ("xclip", "-selection", "clipboard", "-out", "-target")
    return [(*paste, kind) for kind in IMAGE_TYPES], [(*paste, kind) for kind in TEXT_TYPES[paste[0]]]


def _output(command: Sequence[str], deadline: float) -> bytes:
    wait_s = deadline - time.monotonic()
    if wait_s <= 0 or shutil.which(command[0]) is None:
        return b""
    try:
        done = subprocess.run(command, capture_output=True, timeout=wait_s)
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
