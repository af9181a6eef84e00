"""Whether the device prefers light or dark. No Kivy."""

import subprocess
import sys
from contextlib import suppress

# Platform -> command, and the word in its output that means dark.
QUESTIONS = {
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
LONGEST_WAIT_S = 0.5


class SystemTheme:
    """Asks the device when it is made, and waits for the answer only when it is needed."""

    def __init__(self, platform: str = sys.platform):
        self._asked: subprocess.Popen[str] | None = None
        self._name: str | None = None
        if platform in QUESTIONS:
            command, self._dark = QUESTIONS[platform]
            with suppress(OSError):
                self._asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    @property
    def name(self) -> str:
        """Either "light" or "dark"; light where the device does not say."""
        if self._name is None:
            self._name = "dark" if self._dark_is_preferred() else "light"
        return self._name

    def _dark_is_preferred(self) -> bool:
        if self._asked is None:
            return False
        try:
            answer, _ = self._asked.communicate(timeout=LONGEST_WAIT_S)
        except subprocess.TimeoutExpired:
            self._asked.kill()
            self._asked.communicate()
            return False
        return self._asked.returncode == 0 and self._dark in answer.lower()
