"""What a source of frames is: the one small interface behind which cameras, files and the demo stream stand."""

from dataclasses import dataclass
from typing import Protocol

from triage.errors import SkinDistillError
from triage.photo import Photo

REASONS = ("absent", "busy", "denied", "unplugged", "unreadable")
"""Why a source gives no frames: there is none, another program holds it, the system forbids it, it went away while it
ran, or what it gives cannot be read."""


@dataclass(frozen=True)
class Frame:
    """One picture of a source.

    Attributes:
        pixels: uint8 [height, width, 3], RGB, upright and contiguous. Shared between threads: nobody writes to it.
        time: `time.monotonic()` seconds when it was taken.
        number: counts up within a source, also over `close` and `open`.
    """

    pixels: Photo
    time: float
    number: int


class SourceUnavailable(SkinDistillError):
    """A source gives no frames. `reason` is one of `REASONS`; all but "unreadable" may pass by themselves."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


class FrameSource(Protocol):
    """Where frames come from. One thread at a time uses it; the thread may change between calls.

    Attributes:
        name: what a person calls it.
        live: frames follow each other as in a film. False for photos, which a person turns over.
    """

    name: str
    live: bool

    def open(self) -> None:
        """Take hold of the device or file; after `close` once more.

        Raises:
            SourceUnavailable: it cannot be had.
        """

    def read(self) -> Frame | None:
        """Wait for the next frame; None when a file has ended.

        Raises:
            SourceUnavailable: no more frames come, or no frame came in time.
        """

    def close(self) -> None:
        """Release the device or file. May be called at any time, also twice."""
