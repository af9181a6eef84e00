"""Shutter logic: take the picture now, wait for good light, or ignore the light. No Kivy."""

from enum import Enum

from mobile_app.guidance import Guidance


class ShutterAction(Enum):
    """What to do: no picture, a picture now, or a picture in spite of the light."""

    NO = "no"
    NOW = "now"
    IGNORE_LIGHT = "ignore_light"


class Shutter:
    """State of the shutter.

    Attributes:
        waiting: it was pressed and waits for good light.
    """

    def __init__(self) -> None:
        self.waiting = False

    def press(self, guidance: Guidance | None) -> ShutterAction:
        """Take the picture if ready; otherwise start waiting, or stop."""
        if guidance is not None and guidance.ready:
            self.waiting = False
            return ShutterAction.NOW
        self.waiting = not self.waiting
        return ShutterAction.NO

    def use_anyway(self, guidance: Guidance | None) -> ShutterAction:
        """Take the picture without waiting."""
        self.waiting = False
        return ShutterAction.NOW if guidance is not None and guidance.ready else ShutterAction.IGNORE_LIGHT

    def update(self, guidance: Guidance | None) -> ShutterAction:
        """React to new guidance; None (no frames) ends the waiting."""
        if guidance is None:
            self.waiting = False
        if self.waiting and guidance is not None and guidance.ready:
            self.waiting = False
            return ShutterAction.NOW
        return ShutterAction.NO
