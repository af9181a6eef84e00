"""The layout of text screens: a title bar, a scrolling column, optional buttons fixed below."""

from collections.abc import Callable
from typing import Any

from kivy.effects.scroll import ScrollEffect
from kivy.metrics import sp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from mobile_app.ui.buttons import ICON_SIDE, Action, IconButton, action_buttons
from mobile_app.ui.label import TextLabel
from mobile_app.ui.style import Style, pixels
from mobile_app.ui.theme import COLUMN_WIDTH, HUGE, LARGE, MEDIUM, SMALL
from mobile_app.ui.widgets import MIDDLE, Column, Row, paint_background

MIN_SCROLLED = 150
"""Lowest column above fixed buttons, sp."""


def scroll_view(style: Style, content: Widget) -> ScrollView:
    """Return a view that scrolls vertically and shows a scroll bar."""
    view = ScrollView(
        do_scroll_x=False,
        effect_cls=ScrollEffect,
        bar_width=pixels(4),
        bar_color=(*style.color("muted")[:3], 0.6),
        bar_inactive_color=(*style.color("muted")[:3], 0.3),
        scroll_type=["bars", "content"],
        scroll_wheel_distance=pixels(60),
    )
    view.add_widget(content)
    return view


class Page(BoxLayout):
    """A text screen; its content is a `column` that scrolls in `scroll`."""

    def __init__(
        self,
        style: Style,
        title: str = "",
        back: Callable[[], object] | None = None,
        max_width: float = COLUMN_WIDTH,
        **options: Any,
    ):
        super().__init__(orientation="vertical", **options)
        self.background = "background"  # the window is cleared with it
        self.style, self._max_width = style, max_width
        self.column = Column(spacing=pixels(LARGE))
        self._title: Row | None = None
        self._footer: Column | None = None
        if back:
            arrow = IconButton(style, "back", style.tr("action.back"), back, pos_hint=MIDDLE)
            self._title = Row(arrow, TextLabel(style, title, "title", bold=True, lines=1, pos_hint=MIDDLE))
            self._title.bind(height=self._place)
            self.add_widget(self._title)
        self.scroll = scroll_view(style, self.column)
        self.add_widget(self.scroll)
        self.bind(size=self._place)
        self._place()

    def add(self, *widgets: Widget) -> None:
        """Append widgets to the column."""
        for widget in widgets:
            self.column.add_widget(widget)

    def replace(self, *widgets: Widget) -> None:
        """Put widgets in place of those in the column."""
        self.column.clear_widgets()
        self.add(*widgets)

    def footer(self, *actions: Action, stacked: bool = False) -> None:
        """Fix buttons below the column, in place of earlier ones; where that leaves no room they end the column.

        Args:
            actions: text id, icon and what to do, the most usual first.
            stacked: the icon stands above the text.
        """
        buttons = action_buttons(self.style, *actions, stacked=stacked)
        if self._footer and self._footer.parent:
            self._footer.parent.remove_widget(self._footer)
        for button in buttons:
            button.size_hint_y = 1  # as high as the highest
        self._footer = Column(Row(*buttons))
        paint_background(self._footer, self.style, "surface")
        self._footer.bind(height=self._place)
        self._place()

    def _place(self, *_: object) -> None:
        side = max(pixels(LARGE), round((self.width - pixels(self._max_width)) / 2))
        self.column.padding = (side, pixels(SMALL if self._title else HUGE), side, pixels(HUGE))
        if self._title:  # the arrow, in the middle of its button, stands above the edge of the column
            left = side - (self._title.children[-1].width - round(sp(ICON_SIDE))) / 2
            self._title.padding = (left, pixels(SMALL), side, pixels(SMALL))
        footer = self._footer
        if not footer:
            return
        room = self.height - footer.height - (self._title.height if self._title else 0)
        parent = self if room >= sp(MIN_SCROLLED) else self.column
        footer.padding = (side if parent is self else 0, pixels(MEDIUM))
        if footer.parent is not parent:
            if footer.parent:
                footer.parent.remove_widget(footer)
            parent.add_widget(footer)
