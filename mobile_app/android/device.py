"""An Android phone's own photo picker, share list and voice, behind `mobile_app.phone.Phone`."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jnius import JavaException, autoclass

from mobile_app.android.java_error import words_of
from triage.errors import UnusableInput

JAVA_CLASSES = ("org.kivy.android.PythonActivity", "org.skindistill.DeviceVoice", "org.skindistill.Documents")
"""Every Java class that this module names or gets objects of; see `start.load_classes`."""
MOST_BYTES = 100_000_000
"""Of a picked photo, which lies in memory twice for a moment."""


class AndroidVoice:
    """The voice that is set on the phone; Java looks for it when it is first needed."""

    def __init__(self) -> None:
        self._java: Any = None

    @property
    def available(self) -> bool:
        """Whether there is a voice of English that needs no network, as far as Android has said."""
        return bool(self._voice().isAvailable())

    def say(self, text: str) -> None:
        """Begin to speak and return at once; silent without a voice."""
        self._voice().say(text)

    def hush(self) -> None:
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

    def pick_photo(self, on_photo: Callable[[bytes], None], on_trouble: Callable[[str], None]) -> None:
        """Show Android's photo picker; the photo comes as it is, and no copy is made."""
        if self._picking.acquire(blocking=False):
            threading.Thread(target=self._pick, args=(on_photo, on_trouble), name="photo picker", daemon=True).start()

    def share(self, path: Path, media_type: str) -> None:
        """Show Android's list of apps; the chosen one may read this one file."""
        try:
            autoclass("org.skindistill.Documents").share(_activity(), str(path), media_type)
        except JavaException as error:
            raise UnusableInput(f"Android does not hand the file over. Received: {words_of(error)}.") from error

    def _pick(self, on_photo: Callable[[bytes], None], on_trouble: Callable[[str], None]) -> None:
        try:
            content = autoclass("org.skindistill.Documents").pickPhoto(_activity(), MOST_BYTES)
        except JavaException as error:
            on_trouble(f"The photo cannot be had from Android. Received: {words_of(error)}. Pick another.")
        else:
            if content is not None:
                # Java's bytes are its own until they are copied.
                on_photo(content.tostring() if len(content) else b"")
        finally:
            self._picking.release()


def _activity() -> Any:
    return autoclass("org.kivy.android.PythonActivity").mActivity
