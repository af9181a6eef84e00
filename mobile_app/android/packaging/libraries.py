"""Which libraries the packaged app imports, and where python-for-android gets them.

python-for-android builds what it has a recipe for and hands every other name to pip without a word: a misspelt recipe,
or a library with compiled parts, is noticed on the phone, when the import fails. So whatever is imported must stand in
one of two tables here, and what stands in neither is refused.
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
"""Import name -> what pip installs for it: with what it needs itself, all of it Python alone."""
ALWAYS = ("python3", "kivy", "numpy", "opencv", "pyjnius", "android")
"""Requirements of every project: what `triage` and the Android modules cannot do without."""
NOT_ON_ANDROID = frozenset(
    {
        # Not on Android, by the documentation of Python 3.14, or left out by python-for-android.
        "curses", "ensurepip", "grp", "idlelib", "msvcrt", "multiprocessing", "readline", "tkinter", "turtle", "venv",
        "winreg",
        # In older Pythons, which may run this, but not in 3.14 (PEP 594, PEP 632).
        "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp",
        "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau",
        "telnetlib", "uu", "xdrlib",
    }
)  # fmt: skip
"""Modules of some standard library that the phone's does not have."""


def requirements_of(sources: Iterable[Path]) -> tuple[str, ...]:
    """Requirements of a buildozer project that holds these files.

    Args:
        sources: Python files.

    Raises:
        UnusableInput: a file imports what will not be there.
    """
    wanted = dict.fromkeys(ALWAYS)
    missing: dict[str, str] = {}
    for path in sources:
        for name, line in imported_modules(path):
            if name in OWN_PACKAGES or (name in sys.stdlib_module_names and name not in NOT_ON_ANDROID):
                continue
            if name in RECIPES:
                wanted[RECIPES[name]] = None
            elif name in PURE_PYTHON:
                wanted.update(dict.fromkeys(PURE_PYTHON[name]))
            else:
                missing.setdefault(name, f"{name} in {path.parent.name}/{path.name}, line {line}")
    if missing:
        raise UnusableInput(
            f"The app imports what a phone will not have. Received: {'; '.join(missing.values())}. Do without, or name "
            "its recipe or its pure Python packages in mobile_app/android/packaging/libraries.py."
        )
    return tuple(wanted)


def imported_modules(source: Path) -> Iterator[tuple[str, int]]:
    """Top-level names that a Python file imports anywhere in it, with their lines; relative imports are left out."""
    tree = ast.parse(source.read_text(encoding="utf-8"), str(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0], node.lineno
