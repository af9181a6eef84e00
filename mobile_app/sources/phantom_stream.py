"""The demo stream: synthetic skin (phantoms) under moving light, which shows every tip without a camera."""

import time
from pathlib import Path

from mobile_app.sources.moving_light import MovingLight, light_at
from mobile_app.sources.source import Frame, FrameTimer, SourceUnavailable
from triage.errors import UnreadablePhoto
from triage.photo import Photo, read_photo

FOLDER = Path(__file__).parents[1] / "assets" / "phantoms"
WIDTH, HEIGHT, RATE = 1280, 720, 30


class PhantomStream:
    """Synthetic frames, 1280 x 720 at 30 per second. After `close` the light continues where it was."""

    name = "demo"
    live = True
    synthetic = True

    def __init__(self, folder: Path = FOLDER):
        self._folder = folder
        self._relighter = MovingLight(WIDTH, HEIGHT)
        self._pictures: list[Photo] = []
        self._count = 0
        self._timer = FrameTimer(1 / RATE)

    def open(self) -> None:
        """Read the phantoms."""
        try:
            self._pictures = phantom_pictures(self._folder)
        except UnreadablePhoto as error:
            raise SourceUnavailable("unreadable", f"A demo picture cannot be read. {error}") from error
        if not self._pictures:
            raise SourceUnavailable("absent", f"The demo pictures are missing. Received: {self._folder}.")

    def read(self) -> Frame:
        """Wait for the next frame."""
        self._timer.wait()
        moment = light_at(self._count / RATE)
        self._count += 1
        taken = time.monotonic()
        picture = self._pictures[moment.picture % len(self._pictures)]
        return Frame(self._relighter.relight(picture, moment), taken, self._count)

    def close(self) -> None:
        """Free the phantoms."""
        self._pictures = []


def phantom_pictures(folder: Path = FOLDER) -> list[Photo]:
    """Read the phantoms shipped with the app, lightest skin first; each uint8 [720, 1280, 3], RGB.

    They are phantoms 2664, 93, 1477, 1431, 1827 and 764 of series 2024, ITA 52 to -46 degrees: the middle 720 rows of
    `skin_data.phantom.render_phantom(2024, index, 1280)` as JPEG of quality 75. Well lit, with the lesion inside the
    frame, they stay within the limits of `triage.lighting` when relit.
    """
    return [read_photo(path) for path in sorted(folder.glob("*.jpg"))]
