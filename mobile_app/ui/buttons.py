"""Buttons for finger, mouse and keyboard, never smaller than 48 dp."""

from collections.abc import Callable
from typing import Any

from kivy.graphics import Color, SmoothLine
from kivy.metrics import sp
from kivy.properties import BooleanProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.floatlayout import FloatLayout

from mobile_app.ui.label import TextLabel, text_height, text_width
from mobile_app.ui.style import Style, center_of, pixels
from mobile_app.ui.theme import MEDIUM, RADIUS, SMALL, TINY, TOUCH_TARGET
from mobile_app.ui.widgets import Icon, paint_background

# Kind -> colours of background, content and border; None: what lies beneath shows.
BUTTON_STYLES: dict[str, tuple[str | None, str, str | None]] = {
    "primary": ("accent", "on_accent", None),
    "quiet": ("accent_soft", "accent", "accent"),
    "card": ("surface", "text", "border"),
    "plain": (None, "accent", None),
}
ICON_SIDE = 24  # of an icon without text, sp
PRESSED, IDLE, DISABLED = 0.7, 1.0, 0.45  # opacity


class Pressable(ButtonBehavior, FloatLayout):
    """Calls `action` when pressed.

    Attributes:
        label: accessible name, also used by tests.
        focused: it has the keyboard focus, shown by a ring.
        ring: colour name of the ring, readable on its background.
    """

    focused = BooleanProperty(False)

    def __init__(self, style: Style, label: str, action: Callable[[], object], ring: str = "accent", **options: Any):
        options.setdefault("size_hint_y", None)
        super().__init__(**options)
        self.label, self.action, self.ring = label, action, ring
        with self.canvas.after:
            self._ring_color = Color(*style.color(ring)[:3], 0)
            self._ring = SmoothLine(width=pixels(1.5), overdraw_width=1)
        self.bind(pos=self._place_ring, size=self._place_ring, focused=self._place_ring)
        self.bind(state=self._dim, disabled=self._dim)

    def on_release(self) -> None:
        """Kivy: a press ended. It counts only on the screen on which it began, which a fast change may have removed."""
        if self.get_parent_window() is not None:
            self.action()

    def _dim(self, *_: object) -> None:
        if self.disabled:
            self.focused = False
        self.opacity = DISABLED if self.disabled else PRESSED if self.state == "down" else IDLE

    def _place_ring(self, *_: object) -> None:
        self._ring_color.a = 1.0 if self.focused else 0.0
        gap = pixels(3)  # so that the background shows on both sides of the ring
        width, height = max(1, self.width - 2 * gap), max(1, self.height - 2 * gap)
        self._ring.rounded_rectangle = (self.x + gap, self.y + gap, width, height, pixels(RADIUS) - gap)


Action = tuple[str, str | None, Callable[[], object]]
"""Text id, icon, what it does."""


def action_buttons(style: Style, *actions: Action, stacked: bool = False) -> list["TextButton"]:
    """Return buttons, the first one marked as the usual one."""
    return [
        TextButton(style, style.tr(name), act, icon, "quiet" if number else "primary", stacked)
        for number, (name, icon, act) in enumerate(actions)
    ]


class TextButton(Pressable):
    """A text with an icon before it, or above it if `stacked`; as high as it needs, or at least so."""

    def __init__(
        self,
        style: Style,
        text: str,
        action: Callable[[], object],
        icon: str | None = None,
        kind: str = "primary",
        stacked: bool = False,
        padding: float = MEDIUM,
        **options: Any,
    ):
        background, color_name, border = BUTTON_STYLES[kind]
        super().__init__(style, text, action, color_name, **options)
        if background:
            paint_background(self, style, background, RADIUS, border)
        self._stacked, self._size, self._padding = stacked, "small" if stacked else "body", pixels(padding)
        self._icon = Icon(style, icon, 24 if stacked else 20, color_name) if icon else None
        align = "center" if stacked or not icon else "left"
        self._text = TextLabel(
            style,
            text,
            self._size,
            color_name,
            bold=not stacked,
            align=align,
            lines=2 * stacked,
            size_hint=(None, None),
        )
        for part in (self._icon, self._text):
            if part:
                self.add_widget(part)
        self.bind(pos=self._arrange, size=self._arrange)
        self._text.bind(texture_size=self._arrange)
        self._arrange()

    def _arrange(self, *_: object) -> None:
        text, icon, padding, gap = self._text, self._icon, self._padding, pixels(SMALL)
        side = icon.width if icon else 0
        beside = side + gap if icon and not self._stacked else 0
        room = self.width - 2 * (pixels(TINY) if self._stacked else padding) - beside
        width = min(room, text_width(text.text, self._size, text.bold))
        text.width = max(1, width)
        text.height = height = text_height(text.text, self._size, text.width, text.bold, text.lines)
        inner = height + (side + pixels(TINY) if icon else 0) if self._stacked else height
        needed = max(pixels(TOUCH_TARGET), inner + 2 * pixels(SMALL if self._stacked else MEDIUM))
        self.size_hint_min_y = needed
        if self.size_hint_y is None:
            self.height = needed
        x, y = center_of(self)
        if self._stacked:
            text.pos = (round(x - width / 2), round(y - inner / 2))
            if icon:
                icon.pos = (round(x - side / 2), text.y + height + pixels(TINY))
            return
        left = round(x - (width + beside) / 2)
        text.pos = (left + beside, round(y - height / 2))
        if icon:
            icon.pos = (left, round(y - side / 2))


class IconButton(Pressable):
    """An icon without text: back, close, settings."""

    def __init__(
        self,
        style: Style,
        icon: str,
        label: str,
        action: Callable[[], object],
        color_name: str = "text",
        **options: Any,
    ):
        side = max(pixels(TOUCH_TARGET), round(float(sp(ICON_SIDE))) + 2 * pixels(TINY))
        super().__init__(style, label, action, color_name, size_hint=(None, None), size=(side, side), **options)
        self.add_widget(Icon(style, icon, ICON_SIDE, color_name, pos_hint={"center_x": 0.5, "center_y": 0.5}))
