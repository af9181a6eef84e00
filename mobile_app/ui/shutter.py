"""When the picture is taken: at once in good light, else as soon as there is some, or when a person overrules it."""

from enum import Enum

from mobile_app.guidance import Guidance


class Take(Enum):
    """What the shutter says: take no picture, take one, or take one in spite of the light."""

    NO = "no"
    NOW = "now"
    DESPITE_LIGHT = "despite_light"


class Shutter:
    """Waits for good light.

    Attributes:
        waiting: it was pressed, and the light is not good yet.
    """

    def __init__(self) -> None:
        self.waiting = False

    def press(self, guidance: Guidance | None) -> Take:
        """The shutter was pressed; pressed again while it waits, it stops waiting."""
        if guidance is not None and guidance.ready:
            self.waiting = False
            return Take.NOW
        self.waiting = not self.waiting
        return Take.NO

    def use_anyway(self, guidance: Guidance | None) -> Take:
        """A person decides against waiting; in good light there is nothing to overrule."""
        self.waiting = False
        return Take.NOW if guidance is not None and guidance.ready else Take.DESPITE_LIGHT

    def see(self, guidance: Guidance | None) -> Take:
        """New guidance; None when there are no frames, which ends the waiting."""
        if guidance is None:
            self.waiting = False
        if self.waiting and guidance is not None and guidance.ready:
            self.waiting = False
            return Take.NOW
        return Take.NO
