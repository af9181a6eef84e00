"""What a phone does for the app that a desktop leaves to files and folders."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

SHARED = "shared"
"""Folder within the app's own from which a phone hands files to other apps; emptied at every start and before each."""


class Voice(Protocol):
    """One voice that says one thing at a time; new words cut off the old ones."""

    @property
    def available(self) -> bool:
        """There is a voice, as far as is known by now."""

    def say(self, text: str) -> None:
        """Begin to speak and return at once; silent without a voice."""

    def hush(self) -> None:
        """Stop speaking."""


class Phone(Protocol):
    """A phone's own ways; `mobile_app.android.device` has Android's.

    Attributes:
        camera: its name for `mobile_app.sources.open_source`.
        voice: of the phone.
    """

    camera: str
    voice: Voice

    def pick_photo(self, on_photo: Callable[[bytes], None], on_trouble: Callable[[str], None]) -> None:
        """Let the person pick a photo and return at once; does nothing while they are picking one.

        Args:
            on_photo: told the encoded photo, on another thread; not called where none is picked.
            on_trouble: told why the photo cannot be had, likewise.
        """

    def share(self, path: Path, media_type: str) -> None:
        """Let the person pick an app that takes a file.

        Args:
            path: of the file, in `SHARED`.
            media_type: such as "image/png".

        Raises:
            UnusableInput: the phone refuses.
        """
