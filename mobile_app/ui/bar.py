"""A share as a length, beside its words."""

from kivy.graphics import Color, SmoothRoundedRectangle
from kivy.uix.widget import Widget

from mobile_app.ui.look import Look, pixels

HEIGHT = 6  # dp


class Bar(Widget):
    """A bar that is full at 1."""

    def __init__(self, look: Look, share: float):
        super().__init__(size_hint_y=None, height=pixels(HEIGHT))
        self._share = share
        radius = [pixels(HEIGHT) / 2]
        with self.canvas:
            Color(*look.color("sunken"))
            self._track = SmoothRoundedRectangle(radius=radius)
            Color(*look.color("accent"))
            self._bar = SmoothRoundedRectangle(radius=radius)
        self.bind(pos=self._place, size=self._place)

    def set(self, share: float) -> None:
        """Change how far it is filled, [0, 1]."""
        self._share = share
        self._place()

    def _place(self, *_: object) -> None:
        self._track.pos = self._bar.pos = self.pos
        self._track.size = self.size
        self._bar.size = (max(self.height, self.width * self._share), self.height)
