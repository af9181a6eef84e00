"""The interface of a frame source, which cameras, files and the demo stream implement."""

import time
from dataclasses import dataclass
from typing import Protocol

from triage.errors import SkinDistillError
from triage.photo import Photo

REASONS = ("absent", "busy", "denied", "unplugged", "unreadable")
"""Why a source has no frames: it does not exist, another program uses it, permission is missing, it was disconnected,
or its data cannot be read."""


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes:
        pixels: uint8 [height, width, 3], RGB, upright and contiguous. Shared between threads: read-only.
        time: `time.monotonic()` seconds when it was taken.
        number: counts up within a source, across `close` and `open`.
        warnings: what was doubtful about a photo's file.
    """

    pixels: Photo
    time: float
    number: int
    warnings: tuple[str, ...] = ()


class SourceUnavailable(SkinDistillError):
    """A source has no frames; `reason` is one of `REASONS`."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


class FrameSource(Protocol):
    """A source of frames, used by one thread at a time.

    Attributes:
        name: display name.
        live: frames form a film; False for photos, which a person steps through.
        synthetic: frames are drawn by a computer, for the demo.
    """

    name: str
    live: bool
    synthetic: bool

    def open(self) -> None:
        """Open the device or file; may be called again after `close`.

        Raises:
            SourceUnavailable: it is not available.
        """

    def read(self) -> Frame | None:
        """Wait for the next frame; None when a file has ended.

        Raises:
            SourceUnavailable: no more frames, or none in time.
        """

    def close(self) -> None:
        """Release the device or file. May be called at any time, also twice."""


class FrameTimer:
    """Paces a source that could deliver frames faster than they were recorded."""

    def __init__(self, interval_s: float):
        self.interval_s = interval_s
        self._due = 0.0

    def wait(self) -> float:
        """Sleep until the next frame is due and return `time.monotonic()`. A late call does not hurry the next ones."""
        now = time.monotonic()
        if now < self._due:
            time.sleep(self._due - now)
            now = time.monotonic()
        self._due = max(self._due + self.interval_s, now)
        return now
