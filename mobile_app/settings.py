"""The person's settings, stored in one small file on the device."""

import json
import os
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from triage.atomic import write_json

THEMES = ("system", "light", "dark")
FONT_SCALES = (1.0, 1.5, 2.0)
FILE_NAME = "settings.json"
_BOTH = (False, True)
_ALLOWED = {"theme": THEMES, "font_scale": FONT_SCALES, "spoken_tips": _BOTH, "first_run_seen": _BOTH}


@dataclass(frozen=True)
class Settings:
    """Settings of the app: one of `THEMES`, one of `FONT_SCALES`, tips also spoken, introduction read."""

    theme: str = "system"
    font_scale: float = 1.0
    spoken_tips: bool = False
    first_run_seen: bool = False


def data_folder() -> Path:
    """Return the platform's folder for this user's app files; it may not exist yet."""
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "skin-distill"


def read_settings(folder: Path) -> Settings:
    """Read the settings; missing, damaged or invalid values get their defaults."""
    try:
        found = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Settings()
    if not isinstance(found, dict):
        return Settings()
    return Settings(**{f.name: found[f.name] for f in fields(Settings) if found.get(f.name) in _ALLOWED[f.name]})


def write_settings(settings: Settings, folder: Path) -> None:
    """Write the settings, whole or not at all."""
    write_json(folder / FILE_NAME, asdict(settings))
