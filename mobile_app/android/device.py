"""Android's photo picker, share list and text to speech; implements `mobile_app.phone.Phone`."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jnius import JavaException, autoclass

from mobile_app.android.java_error import java_message
from triage.errors import UnusableInput

JAVA_CLASSES = ("org.kivy.android.PythonActivity", "org.skindistill.DeviceVoice", "org.skindistill.Documents")
"""Java classes used here; see `start.load_classes`."""
MAX_BYTES = 100_000_000
"""Largest picked photo; it is in memory twice for a moment."""


class AndroidVoice:
    """The voice set on the phone, looked up at first use."""

    def __init__(self) -> None:
        self._java: Any = None

    @property
    def available(self) -> bool:
        """Whether Android has reported an English voice that works offline."""
        return bool(self._voice().isAvailable())

    def speak(self, text: str) -> None:
        """Start speaking and return at once; does nothing without a voice."""
        self._voice().say(text)

    def silence(self) -> None:
        """Stop speaking."""
        if self._java is not None:
            self._java.hush()

    def _voice(self) -> Any:
        if self._java is None:
            self._java = autoclass("org.skindistill.DeviceVoice")(_activity())
        return self._java


class AndroidPhone:
    """See `mobile_app.phone.Phone`."""

    camera = "android"

    def __init__(self) -> None:
        self.voice = AndroidVoice()
        self._picking = threading.Lock()

    def pick_photo(self, on_photo: Callable[[bytes], None], on_error: Callable[[str], None]) -> None:
        """Show Android's photo picker; the photo arrives unchanged, HEIC and AVIF as JPEG in sRGB."""
        if self._picking.acquire(blocking=False):
            threading.Thread(target=self._pick, args=(on_photo, on_error), name="photo picker", daemon=True).start()

    def share(self, path: Path, media_type: str) -> None:
        """Show Android's share list; the chosen app may read this one file."""
        try:
            autoclass("org.skindistill.Documents").share(_activity(), str(path), media_type)
        except JavaException as error:
            raise UnusableInput(f"Android refused to share the file. Received: {java_message(error)}.") from error

    def _pick(self, on_photo: Callable[[bytes], None], on_error: Callable[[str], None]) -> None:
        try:
            content = autoclass("org.skindistill.Documents").pickPhoto(_activity(), MAX_BYTES)
        except JavaException as error:
            on_error(f"Android did not deliver the photo. Received: {java_message(error)}. Pick another.")
        else:
            if content is not None:
                # Copy: the bytes belong to Java.
                on_photo(content.tostring() if len(content) else b"")
        finally:
            self._picking.release()


def _activity() -> Any:
    return autoclass("org.kivy.android.PythonActivity").mActivity
