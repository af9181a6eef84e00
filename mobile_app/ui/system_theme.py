"""The device's theme preference, light or dark. No Kivy."""

import subprocess
import sys
from contextlib import suppress

# Platform -> command, and the word in its output that means dark.
QUERIES = {
    "linux": (("gsettings", "get", "org.gnome.desktop.interface", "color-scheme"), "dark"),
    "darwin": (("defaults", "read", "-g", "AppleInterfaceStyle"), "dark"),
    "win32": (
        (
            "reg", "query", r"HKCU\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize",
            "/v", "AppsUseLightTheme",
        ),
        "0x0",
    ),
}  # fmt: skip
MAX_WAIT_S = 0.5


class SystemTheme:
    """Queries the device when created and waits for the result only when it is needed."""

    def __init__(self, platform: str = sys.platform):
        self._query: subprocess.Popen[str] | None = None
        self._name: str | None = None
        if platform in QUERIES:
            command, self._dark = QUERIES[platform]
            with suppress(OSError):
                self._query = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    @property
    def name(self) -> str:
        """Either "light" or "dark"; light if unknown."""
        if self._name is None:
            self._name = "dark" if self._dark_is_preferred() else "light"
        return self._name

    def _dark_is_preferred(self) -> bool:
        if self._query is None:
            return False
        try:
            answer, _ = self._query.communicate(timeout=MAX_WAIT_S)
        except subprocess.TimeoutExpired:
            self._query.kill()
            self._query.communicate()
            return False
        return self._query.returncode == 0 and self._dark in answer.lower()
