"""The demo stream: skin phantoms under a moving light, so that every tip shows without a camera or a patient."""

import time
from pathlib import Path

from mobile_app.sources.moving_light import MovingLight, moment_at
from mobile_app.sources.pace import Pace
from mobile_app.sources.source import Frame, SourceUnavailable
from triage.errors import UnreadablePhoto
from triage.photo import Photo, read_photo

FOLDER = Path(__file__).parents[1] / "assets" / "phantoms"
WIDTH, HEIGHT, RATE = 1280, 720, 30


class PhantomStream:
    """Synthetic frames, 1280 x 720 at 30 a second. The light goes on from where it was after `close`."""

    name = "demo"
    live = True

    def __init__(self, folder: Path = FOLDER):
        self._folder = folder
        self._light = MovingLight(WIDTH, HEIGHT)
        self._pictures: list[Photo] = []
        self._count = 0
        self._pace = Pace(1 / RATE)

    def open(self) -> None:
        """Read the phantoms."""
        try:
            self._pictures = phantom_pictures(self._folder)
        except UnreadablePhoto as error:
            raise SourceUnavailable("unreadable", f"A phantom of the demo stream cannot be read. {error}") from error
        if not self._pictures:
            raise SourceUnavailable("absent", f"The phantoms of the demo are not there. Received: {self._folder}.")

    def read(self) -> Frame:
        """Wait for the next frame."""
        self._pace.wait()
        moment = moment_at(self._count / RATE)
        self._count += 1
        taken = time.monotonic()
        picture = self._pictures[moment.picture % len(self._pictures)]
        return Frame(self._light.relight(picture, moment), taken, self._count)

    def close(self) -> None:
        """Forget the phantoms."""
        self._pictures = []


def phantom_pictures(folder: Path = FOLDER) -> list[Photo]:
    """Read the phantoms that travel with the app, lightest skin first; each uint8 [720, 1280, 3], RGB.

    `docs/make_app_phantoms.py` renders them.
    """
    return [read_photo(path) for path in sorted(folder.glob("*.jpg"))]
