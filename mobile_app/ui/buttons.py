"""What can be pressed: by finger, mouse or keyboard, never smaller than 48 dp."""

from collections.abc import Callable
from typing import Any

from kivy.graphics import Color, SmoothLine
from kivy.properties import BooleanProperty, NumericProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.floatlayout import FloatLayout

from mobile_app.ui.look import Look, middle, pixels
from mobile_app.ui.surfaces import Icon, paint
from mobile_app.ui.theme import MEDIUM, RADIUS, SMALL, TARGET, TINY
from mobile_app.ui.words import Words, natural_width, text_height

# Kind -> ground, tone, border; no ground: what lies beneath shows.
KINDS: dict[str, tuple[str | None, str, str | None]] = {
    "primary": ("accent", "on_accent", None),
    "quiet": ("accent_soft", "accent", None),
    "card": ("surface", "text", "line"),
    "plain": (None, "accent", None),
}
PRESSED, IDLE, UNUSABLE = 0.7, 1.0, 0.45
"""Opacity while pressed, otherwise, and when it cannot be pressed."""


class Pressable(ButtonBehavior, FloatLayout):
    """Calls `action` when pressed.

    Attributes:
        called: what it is called, for tests and for who listens instead of looking.
        focused: the keyboard is on it; a ring shows.
        ring: name of the ring's color, which its ground must let be seen.
    """

    focused = BooleanProperty(False)

    def __init__(self, look: Look, called: str, action: Callable[[], object], ring: str = "accent", **options: Any):
        options.setdefault("size_hint_y", None)
        super().__init__(**options)
        self.called, self.action, self.ring = called, action, ring
        with self.canvas.after:
            self._ring_color = Color(*look.color(ring)[:3], 0)
            self._ring = SmoothLine(width=pixels(1.5), overdraw_width=1)
        self.bind(pos=self._place_ring, size=self._place_ring, focused=self._place_ring)
        self.bind(state=self._dim, disabled=self._dim)

    def on_release(self) -> None:
        """A press ended on it."""
        self.action()

    def _dim(self, *_: object) -> None:
        if self.disabled:
            self.focused = False
        self.opacity = UNUSABLE if self.disabled else PRESSED if self.state == "down" else IDLE

    def _place_ring(self, *_: object) -> None:
        self._ring_color.a = 1.0 if self.focused else 0.0
        gap = pixels(3)  # where the ring has the ground on both sides
        width, height = max(1, self.width - 2 * gap), max(1, self.height - 2 * gap)
        self._ring.rounded_rectangle = (self.x + gap, self.y + gap, width, height, pixels(RADIUS) - gap)


class TextButton(Pressable):
    """A word or a few, with an icon before or above them.

    Attributes:
        natural_height: what its words need, pixels.
    """

    natural_height = NumericProperty(0)

    def __init__(
        self,
        look: Look,
        text: str,
        action: Callable[[], object],
        icon: str | None = None,
        kind: str = "primary",
        stacked: bool = False,
        padding: float = MEDIUM,
        **options: Any,
    ):
        ground, tone, border = KINDS[kind]
        super().__init__(look, text, action, tone, **options)
        if ground:
            paint(self, look, ground, RADIUS, border)
        self._stacked, self._type, self._padding = stacked, "small" if stacked else "body", pixels(padding)
        self._icon = Icon(look, icon, 24 if stacked else 20, tone) if icon else None
        self._words = Words(
            look, text, self._type, tone, bold=not stacked, align="center" if stacked or not icon else "left"
        )
        self._words.size_hint = (None, None)
        for part in (self._icon, self._words):
            if part:
                self.add_widget(part)
        self.bind(pos=self._arrange, size=self._arrange, natural_height=self.setter("height"))
        self._words.bind(texture_size=self._arrange)
        self._arrange()

    def _arrange(self, *_: object) -> None:
        words, icon, padding, gap = self._words, self._icon, self._padding, pixels(SMALL)
        side = icon.width if icon else 0
        beside = side + gap if icon and not self._stacked else 0
        room = self.width - 2 * (pixels(TINY) if self._stacked else padding) - beside
        width = min(room, natural_width(words.text, self._type, words.bold))
        words.width = max(1, width)
        high = text_height(words.text, self._type, words.width, words.bold)
        words.height = high
        if self._stacked:
            inner = high + (side + pixels(TINY) if icon else 0)
            self.natural_height = max(pixels(TARGET), inner + 2 * pixels(SMALL))
            words.pos = (round(middle(self)[0] - width / 2), round(middle(self)[1] - inner / 2))
            if icon:
                icon.pos = (round(middle(self)[0] - side / 2), words.y + high + pixels(TINY))
            return
        self.natural_height = max(pixels(TARGET), high + 2 * pixels(MEDIUM))
        left = round(middle(self)[0] - (width + beside) / 2)
        words.pos = (left + beside, round(middle(self)[1] - high / 2))
        if icon:
            icon.pos = (left, round(middle(self)[1] - side / 2))


class IconButton(Pressable):
    """An icon alone, for what needs no words: back, close, settings."""

    def __init__(
        self, look: Look, icon: str, called: str, action: Callable[[], object], tone: str = "text", **options: Any
    ):
        options.setdefault("size_hint", (None, None))
        super().__init__(look, called, action, tone, size=(pixels(TARGET),) * 2, **options)
        self._icon = Icon(look, icon, 24, tone, pos_hint={"center_x": 0.5, "center_y": 0.5})
        self.add_widget(self._icon)
