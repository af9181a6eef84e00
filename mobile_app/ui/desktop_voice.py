"""Text to speech through the desktop's own programs. No Kivy; nothing leaves the device."""

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
"""Speech commands by platform, best first. On Windows the text goes to standard input."""


class DesktopVoice:
    """See `mobile_app.phone.Voice`."""

    def __init__(self, platform: str = sys.platform):
        self._command = next((list(command) for command in VOICES.get(platform, ()) if shutil.which(command[0])), None)
        self._reads_input = platform == "win32"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def available(self) -> bool:
        """Whether there is a speech command."""
        return self._command is not None

    def speak(self, text: str) -> None:
        """Start speaking and return at once; does nothing without a voice."""
        if self._command is None:
            return
        self.silence()
        command = self._command if self._reads_input else [*self._command, text]
        with suppress(OSError):
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            assert self._process.stdin is not None
            if self._reads_input:
                self._process.stdin.write(text.encode("utf-8"))
            self._process.stdin.close()

    def silence(self) -> None:
        """Stop speaking."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
            self._process.wait()
            self._process = None
