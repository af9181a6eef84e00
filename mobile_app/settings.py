"""What a person has set, kept in one small file on this device."""

import json
import os
import sys
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from triage.atomic import write_json

THEMES = ("system", "light", "dark")
"""What the device prefers, where it can be asked; or always the same."""
FONT_SCALES = (1.0, 1.25, 1.5)
FILE_NAME = "settings.json"


@dataclass(frozen=True)
class Settings:
    """Settings of the app.

    Attributes:
        theme: one of `THEMES`.
        font_scale: one of `FONT_SCALES`.
        spoken_tips: tips are also spoken.
        first_run_seen: the explanation at the first start has been read.
    """

    theme: str = "system"
    font_scale: float = 1.0
    spoken_tips: bool = False
    first_run_seen: bool = False


def data_folder() -> Path:
    """Folder of this user's files of the app, by the habits of the system; it need not exist."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "skin-distill"


def read_settings(folder: Path) -> Settings:
    """Read the settings; what is missing, damaged or of the wrong kind is as at the first start."""
    try:
        found = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Settings()
    if not isinstance(found, dict):
        return Settings()
    allowed = {
        "theme": THEMES,
        "font_scale": FONT_SCALES,
        "spoken_tips": (False, True),
        "first_run_seen": (False, True),
    }
    fit = {f.name: found[f.name] for f in fields(Settings) if found.get(f.name) in allowed[f.name]}
    return replace(Settings(), **fit)


def write_settings(settings: Settings, folder: Path) -> None:
    """Keep the settings, whole or not at all."""
    write_json(folder / FILE_NAME, asdict(settings))
