"""The frame of screens that are read: a bar with a title, a column that scrolls, perhaps buttons that stay below."""

from collections.abc import Callable, Sequence
from typing import Any

from kivy.effects.scroll import ScrollEffect
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from mobile_app.ui.buttons import IconButton, TextButton
from mobile_app.ui.look import Look, pixels
from mobile_app.ui.surfaces import Column, Row, level, paint
from mobile_app.ui.theme import COLUMN, HUGE, LARGE, MEDIUM, SMALL, TARGET
from mobile_app.ui.words import Words


def scrolling(look: Look, **options: Any) -> ScrollView:
    """What scrolls up and down, with a bar that says so."""
    return ScrollView(
        do_scroll_x=False,
        effect_cls=ScrollEffect,
        bar_width=pixels(4),
        bar_color=(*look.color("muted")[:3], 0.6),
        bar_inactive_color=(*look.color("muted")[:3], 0.3),
        scroll_type=["bars", "content"],
        scroll_wheel_distance=pixels(60),
        **options,
    )


class Page(BoxLayout):
    """A screen that is read.

    Attributes:
        column: what scrolls; add to it.
        scroll: the part that scrolls.
    """

    def __init__(
        self,
        look: Look,
        title: str = "",
        back: Callable[[], None] | None = None,
        widest: float = COLUMN,
        **options: Any,
    ):
        super().__init__(orientation="vertical", **options)
        self.ground = "ground"  # the window is cleared with it
        self.look, self._widest = look, widest
        self._has_bar = bool(title or back)
        if self._has_bar:
            self.add_widget(self._bar(title, back))
        self.column = Column(spacing=pixels(LARGE))
        self.scroll = scrolling(look)
        self.scroll.add_widget(self.column)
        self.add_widget(self.scroll)
        self._footer: BoxLayout | None = None
        self.bind(width=self._margins)
        self._margins()

    def add(self, *widgets: Widget) -> None:
        """Add to the column."""
        for widget in widgets:
            self.column.add_widget(widget)

    def footer(self, buttons: Sequence[TextButton]) -> None:
        """Put buttons below the column, where they stay."""
        line = Row(spacing=pixels(SMALL))
        for button in buttons:
            line.add_widget(button)
        level(*buttons)
        self._footer = BoxLayout(size_hint_y=None)
        self._footer.add_widget(line)
        self._footer.bind(minimum_height=self._footer.setter("height"))
        paint(self._footer, self.look, "surface")
        self.add_widget(self._footer)
        self._margins()

    def _bar(self, title: str, back: Callable[[], None] | None) -> Widget:
        bar = Row(padding=(pixels(SMALL), pixels(SMALL), pixels(LARGE), pixels(SMALL)))
        if back:
            bar.add_widget(
                IconButton(self.look, "back", self.look.say("action.back"), back, pos_hint={"center_y": 0.5})
            )
        else:
            bar.add_widget(Widget(size_hint=(None, None), size=(pixels(SMALL), pixels(TARGET))))
        bar.add_widget(Words(self.look, title, "title", bold=True, pos_hint={"center_y": 0.5}))
        return bar

    def _margins(self, *_: object) -> None:
        side = max(pixels(LARGE), round((self.width - pixels(self._widest)) / 2))
        self.column.padding = (side, pixels(SMALL if self._has_bar else HUGE), side, pixels(HUGE))
        if self._footer:
            self._footer.padding = (side, pixels(MEDIUM))
