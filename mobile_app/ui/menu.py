"""Menu rows that open something, and groups of options of which one is chosen."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from kivy.uix.boxlayout import BoxLayout

from mobile_app.ui.buttons import Pressable, TextButton
from mobile_app.ui.label import TextLabel, text_width
from mobile_app.ui.style import Style, pixels
from mobile_app.ui.theme import LARGE, MEDIUM, RADIUS, SMALL, TOUCH_TARGET
from mobile_app.ui.widgets import MIDDLE, TOP, Column, Icon, paint_background

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
        paint_background(self, style, "surface", RADIUS, "border")
        self._content = BoxLayout(
            spacing=pixels(MEDIUM),
            padding=(pixels(LARGE), pixels(MEDIUM)),
            size_hint=(1, None),
            pos_hint={"x": 0, **MIDDLE},
        )
        text = Column(TextLabel(style, title, lines=lines), spacing=0, pos_hint=MIDDLE)
        if note:
            text.add_widget(TextLabel(style, note, "small", "muted"))
        self._content.add_widget(Icon(style, icon, 24, "accent", pos_hint=MIDDLE))
        self._content.add_widget(text)
        if end:
            color_name = "muted" if end == "forward" else "accent"
            self._content.add_widget(Icon(style, end, 18, color_name, pos_hint=MIDDLE))
        self._content.bind(minimum_height=self._grow)
        self.add_widget(self._content)

    def _grow(self, *_: object) -> None:
        self._content.height = self._content.minimum_height
        self.height = max(pixels(TOUCH_TARGET + SMALL), self._content.height)


class OptionGroup(BoxLayout):
    """A few options side by side, or below each other where they do not fit; the chosen one has a check mark."""

    def __init__(self, style: Style, options: Sequence[tuple[T, str]], chosen: T, action: Callable[[T], object]):
        super().__init__(spacing=pixels(SMALL), size_hint_y=None)
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
