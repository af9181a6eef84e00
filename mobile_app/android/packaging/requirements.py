"""Requirements of the packaged app, derived from its imports.

python-for-android silently passes names without a recipe to pip, so a misspelt recipe or a library with compiled parts
fails only on the phone. Therefore every import must be listed here as a recipe or as pure Python.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from triage.errors import UnusableInput

OWN_PACKAGES = ("triage", "mobile_app")
RECIPES = {
    "PIL": "pillow",
    "android": "android",
    "cv2": "opencv",
    "jnius": "pyjnius",
    "kivy": "kivy",
    "numpy": "numpy",
}
"""Import name -> recipe of python-for-android."""
PURE_PYTHON = {"fpdf": ("fpdf2", "defusedxml", "fonttools")}
"""Import name -> pip packages with their dependencies, all pure Python."""
OPTIONAL = frozenset({"pi_heif", "simplejpeg"})
"""Import names that the app does without: the system decodes HEIC, and damage inside a JPEG goes unnoticed."""
ALWAYS = ("python3", "kivy", "numpy", "opencv", "pyjnius", "android")
"""Requirements of every project."""
NOT_ON_ANDROID = frozenset(
    {
        # Missing on Android (Python 3.14's documentation) or left out by python-for-android.
        "curses", "ensurepip", "grp", "idlelib", "msvcrt", "multiprocessing", "readline", "tkinter", "turtle", "venv",
        "winreg",
        # Removed before Python 3.14 (PEP 594, PEP 632); the Python that runs this may have them.
        "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp",
        "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau",
        "telnetlib", "uu", "xdrlib",
    }
)  # fmt: skip
"""Standard library modules that the phone lacks."""


def requirements_of(sources: Iterable[Path]) -> tuple[str, ...]:
    """Return the requirements of a buildozer project with these Python files.

    Raises:
        UnusableInput: a file imports something that is not available on a phone.
    """
    required = dict.fromkeys(ALWAYS)
    missing: dict[str, str] = {}
    for path in sources:
        for name, line in imported_modules(path):
            if (
                name in OWN_PACKAGES
                or name in OPTIONAL
                or (name in sys.stdlib_module_names and name not in NOT_ON_ANDROID)
            ):
                continue
            if name in RECIPES:
                required[RECIPES[name]] = None
            elif name in PURE_PYTHON:
                required.update(dict.fromkeys(PURE_PYTHON[name]))
            else:
                missing.setdefault(name, f"{name} in {path.parent.name}/{path.name}, line {line}")
    if missing:
        raise UnusableInput(
            f"The app imports modules that a phone lacks. Received: {'; '.join(missing.values())}. Remove the import, "
            "or add its recipe or pure Python packages to mobile_app/android/packaging/requirements.py."
        )
    return tuple(required)


def imported_modules(source: Path) -> Iterator[tuple[str, int]]:
    """Yield the top-level modules that a Python file imports anywhere, with line numbers; no relative imports."""
    tree = ast.parse(source.read_text(encoding="utf-8"), str(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0], node.lineno
