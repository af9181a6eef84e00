"""A folder of photos, shown one by one."""

from collections.abc import Sequence
from pathlib import Path

from mobile_app.sources.source import Frame, FrameTimer, SourceUnavailable
from triage.errors import UnreadablePhoto
from triage.photo import DecodedPhoto, decode_photo
from triage.photo_files import is_photo_file

RATE = 10.0
"""How often per second a photo is repeated, so that tips settle on it as on camera frames."""


class PhotoFolder:
    """The photos in a folder and its subfolders, by name. Unreadable and hidden files are skipped."""

    live = False
    synthetic = False

    def __init__(self, folder: Path, photos: Sequence[Path] = ()):
        """Prepare to show `photos`, by default those in the folder and its subfolders."""
        self.name = folder.name
        self._folder, self._photos = folder, photos
        self._paths: list[Path] = []
        self._at = 0
        self._step = 0
        self._photo: DecodedPhoto | None = None
        self._count = 0
        self._timer = FrameTimer(1 / RATE)

    def turn(self, step: int = 1) -> None:
        """Move `step` photos forward (back if negative) at the next `read`, wrapping around. Thread-safe."""
        self._step += step

    def open(self) -> None:
        """List the folder and decode the photo shown last."""
        self._paths = sorted(self._photos or (path for path in self._folder.rglob("*") if self._is_shown(path)))
        self._load(1)

    def read(self) -> Frame | None:
        """Return the current photo."""
        step, self._step = self._step, 0
        if step and self._paths:
            self._at += step
            self._load(1 if step > 0 else -1)
        if self._photo is None:
            return None
        taken = self._timer.wait()
        self._count += 1
        return Frame(self._photo.pixels, taken, self._count, self._photo.warnings)

    def close(self) -> None:
        """Free the photo."""
        self._photo = None

    def _is_shown(self, path: Path) -> bool:
        hidden = any(part.startswith(".") for part in path.relative_to(self._folder).parts)
        return not hidden and path.is_file() and is_photo_file(path)

    def _load(self, direction: int) -> None:
        for _ in self._paths:
            self._at %= len(self._paths)
            try:
                self._photo = decode_photo(self._paths[self._at])
                return
            except UnreadablePhoto:
                self._at += direction
        what = "This folder has no readable photo" if self._folder.is_dir() else "This folder is gone"
        raise SourceUnavailable("unreadable", f"{what}. Received: {self._folder}.")
