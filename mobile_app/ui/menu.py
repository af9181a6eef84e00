"""Menu rows that open something, and groups of options of which one is chosen."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from kivy.uix.boxlayout import BoxLayout

from mobile_app.ui.buttons import Pressable, TextButton
from mobile_app.ui.label import TextLabel, text_width
from mobile_app.ui.style import Style, pixels
from mobile_app.ui.theme import LARGE, MEDIUM, RADIUS, SMALL, TOUCH_TARGET
from mobile_app.ui.widgets import MIDDLE, TOP, Column, Icon, Row, paint_background

T = TypeVar("T")


class MenuRow(Pressable):
    """An icon, a title, an optional note below it, and an icon at the end: an arrow, or a check mark."""

    def __init__(
        self,
        style: Style,
        icon: str,
        title: str,
        action: Callable[[], object],
        note: str = "",
        end: str | None = "forward",
        lines: int = 0,
        **options: Any,
    ):
        super().__init__(style, title, action, **options)
        self.end = end
        paint_background(self, style, "surface", RADIUS, "border")
        text = Column(TextLabel(style, title, lines=lines), spacing=0, pos_hint=MIDDLE)
        if note:
            text.add_widget(TextLabel(style, note, "small", "muted"))
        parts = [Icon(style, icon, 24, "accent", pos_hint=MIDDLE), text]
        if end:
            parts.append(Icon(style, end, 18, "muted" if end == "forward" else "accent", pos_hint=MIDDLE))
        padding = (pixels(LARGE), pixels(MEDIUM))
        content = Row(*parts, spacing=pixels(MEDIUM), padding=padding, pos_hint={"x": 0, **MIDDLE})
        content.bind(height=self._grow)
        self.add_widget(content)

    def _grow(self, _: object, height: float) -> None:
        self.height = max(pixels(TOUCH_TARGET + SMALL), height)


class OptionGroup(BoxLayout):
    """A few options side by side, or below each other where they do not fit; the chosen one has a check mark."""

    def __init__(self, style: Style, options: Sequence[tuple[T, str]], chosen: T, action: Callable[[T], object]):
        super().__init__(spacing=pixels(SMALL), size_hint_y=None, height=0)
        self._button_width = 0
        for value, text in options:
            icon, kind = ("check", "primary") if value == chosen else (None, "card")
            self.add_widget(TextButton(style, text, partial(action, value), icon, kind, padding=SMALL, pos_hint=TOP))
            self._button_width = max(
                self._button_width, text_width(text, "body", True) + pixels(2 * SMALL + 20 + SMALL)
            )
        self.bind(width=self._arrange, minimum_height=self.setter("height"))

    def _arrange(self, *_: object) -> None:
        count = len(self.children)
        fits = self._button_width * count + self.spacing * (count - 1) <= self.width
        self.orientation = "horizontal" if fits else "vertical"
