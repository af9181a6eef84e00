"""A folder of photos, looked at one by one."""

from pathlib import Path

from mobile_app.sources.pace import Pace
from mobile_app.sources.source import Frame, SourceUnavailable
from triage.errors import UnreadablePhoto
from triage.photo import Photo, read_photo

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")
"""What `triage.photo` reads, by suffix; for choosing in a list only, since contents decide."""
RATE = 10.0
"""Times a second that a photo is given again, so that tips settle on it as on a camera's frames."""


class PhotoFolder:
    """The photos of a folder and those below it, by name; `turn` goes to the next.

    Unreadable ones are passed over, and hidden ones: a bin, thumbnails.
    """

    live = False

    def __init__(self, folder: Path):
        self.name = folder.name
        self._folder = folder
        self._paths: list[Path] = []
        self._at = 0
        self._step = 0
        self._photo: Photo | None = None
        self._count = 0
        self._pace = Pace(1 / RATE)

    def turn(self, step: int = 1) -> None:
        """Go `step` photos on (back when negative) with the next `read`, round the ends. From any thread."""
        self._step += step

    def open(self) -> None:
        """List the folder and decode the photo that was looked at last."""
        self._paths = sorted(path for path in self._folder.rglob("*") if self._is_shown(path))
        self._show(1)

    def read(self) -> Frame | None:
        """Give the photo again, or the one turned to."""
        step, self._step = self._step, 0
        if step and self._paths:
            self._at += step
            self._show(1 if step > 0 else -1)
        if self._photo is None:
            return None
        taken = self._pace.wait()
        self._count += 1
        return Frame(self._photo, taken, self._count)

    def close(self) -> None:
        """Forget the photo."""
        self._photo = None

    def _is_shown(self, path: Path) -> bool:
        hidden = any(part.startswith(".") for part in path.relative_to(self._folder).parts)
        return not hidden and path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()

    def _show(self, direction: int) -> None:
        for _ in self._paths:
            self._at %= len(self._paths)
            try:
                self._photo = read_photo(self._paths[self._at])
                return
            except UnreadablePhoto:
                self._at += direction
        raise SourceUnavailable("unreadable", f"No photo that can be read is in this folder. Received: {self._folder}.")
