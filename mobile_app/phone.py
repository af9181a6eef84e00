"""Services a phone offers the app; on a desktop, files and folders take their place."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

SHARED_FOLDER = "shared"
"""Folder inside the app's own from which a phone gives files to other apps; emptied at every start and share."""


class Voice(Protocol):
    """Text to speech; a new text interrupts the one before."""

    @property
    def available(self) -> bool:
        """Whether there is a voice."""

    def speak(self, text: str) -> None:
        """Start speaking and return at once; does nothing without a voice."""

    def silence(self) -> None:
        """Stop speaking."""


class Phone(Protocol):
    """Services of a phone, implemented for Android in `mobile_app.android.device`."""

    @property
    def camera(self) -> str:
        """Its camera for `mobile_app.sources.open_source`."""

    @property
    def voice(self) -> Voice:
        """Its text to speech."""

    def pick_photo(self, on_photo: Callable[[bytes], None], on_error: Callable[[str], None]) -> None:
        """Open the photo picker and return at once; does nothing while it is open.

        The encoded photo, or the reason why it is not available, arrives on another thread.
        """

    def share(self, path: Path, media_type: str) -> None:
        """Let the person choose an app to receive a file in `SHARED_FOLDER`, with its media type ("image/png").

        Raises:
            UnusableInput: the phone refuses.
        """
