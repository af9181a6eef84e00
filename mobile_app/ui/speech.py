"""Tips spoken by the device's own voice, where it has one. No Kivy, and nothing leaves the device."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

VOICES: dict[str, Sequence[Sequence[str]]] = {
    "linux": (("espeak-ng",), ("espeak",), ("spd-say", "--wait")),
    "darwin": (("say",),),
    "win32": (
        (
            "powershell", "-NoProfile", "-Command",
            "Add-Type -AssemblyName System.Speech;"
            "(New-Object System.Speech.Synthesis.SpeechSynthesizer).Speak([Console]::In.ReadToEnd())",
        ),
    ),
}  # fmt: skip
"""Commands that speak, by platform, best first. On Windows the words are read from standard input."""


class Speech:
    """One voice that says one thing at a time; new words cut off the old ones.

    Attributes:
        available: there is a voice.
    """

    def __init__(self, platform: str = sys.platform):
        self._command = next((list(command) for command in VOICES.get(platform, ()) if shutil.which(command[0])), None)
        self._reads_input = platform == "win32"
        self._speaking: subprocess.Popen[bytes] | None = None
        self.available = self._command is not None

    def say(self, text: str) -> None:
        """Begin to speak and return at once; silent without a voice."""
        if self._command is None:
            return
        self.hush()
        command = self._command if self._reads_input else [*self._command, text]
        with suppress(OSError):
            self._speaking = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            assert self._speaking.stdin is not None
            if self._reads_input:
                self._speaking.stdin.write(text.encode("utf-8"))
            self._speaking.stdin.close()

    def hush(self) -> None:
        """Stop speaking."""
        if self._speaking is not None:
            if self._speaking.poll() is None:
                self._speaking.terminate()
            self._speaking.wait()
            self._speaking = None
