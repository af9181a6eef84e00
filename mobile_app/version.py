"""Version of the app."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

VERSION_FILE = Path(__file__).with_name("VERSION")
"""Written into packaged apps, which have no metadata of a distribution."""


def app_version() -> str:
    """Return the version, such as "0.1.0"."""
    if VERSION_FILE.is_file():
        return VERSION_FILE.read_text(encoding="utf-8").strip()
    try:
        return version("skin-distill")
    except PackageNotFoundError:
        return "unknown"
