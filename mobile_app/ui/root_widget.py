"""The root widget: one screen at a time, an optional bottom sheet over it, and the keyboard."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from kivy.core.window import Window
from kivy.graphics import Color, Rectangle
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from mobile_app.ui.focus import focused, move_focus, press_focused
from mobile_app.ui.style import Style, center_of, pixels
from mobile_app.ui.theme import COLUMN_WIDTH, LARGE
from mobile_app.ui.widgets import Card

ENTER, KEYPAD_ENTER, SPACE, ESCAPE, TAB = 13, 271, 32, 27, 9
UP, DOWN, LEFT, RIGHT, PAGE_UP, PAGE_DOWN = 273, 274, 276, 275, 280, 281
REPEATING_KEYS = (TAB, UP, DOWN, LEFT, RIGHT, PAGE_UP, PAGE_DOWN)
PRESS_GUARD_S = 0.6
"""What has just opened takes no press for this long: the second tap of a double tap was meant for what was before."""
SHADE = 0.55  # opacity behind a sheet
SCROLL_STEP = 80  # of an arrow key, dp


class RootWidget(FloatLayout):
    """Shows a `screen`, which may have `on_enter()`, `on_leave()` and `on_key(code, letter, modifiers) -> bool`."""

    def __init__(self, on_escape: Callable[[], object], on_paste: Callable[[], object]):
        """Take the window's keys; Escape, if no sheet is open, and Ctrl+V (Cmd+V) are passed on."""
        super().__init__()
        self.screen: Widget | None = None
        self._on_escape, self._on_paste = on_escape, on_paste
        Window.bind(
            on_key_down=self._on_key_down, on_key_up=self._on_key_up, focus=lambda *_: self._pressed_keys.clear()
        )
        self._sheet: BottomSheet | None = None
        self._pressed_keys: set[int] = set()
        self._opened_at = -PRESS_GUARD_S

    def show(self, screen: Widget) -> None:
        """Replace the screen."""
        self.close_sheet()
        if self.screen is not None:
            self.notify("on_leave")
            self.remove_widget(self.screen)
        self.screen = screen
        screen.size_hint, screen.pos_hint = (1, 1), {"x": 0, "y": 0}
        self.add_widget(screen)
        self._opened_at = monotonic()
        self.notify("on_enter")

    def open_sheet(self, style: Style, *content: Widget) -> None:
        """Show a card over the screen, which waits below."""
        self.close_sheet()
        self._sheet = BottomSheet(style, content, self.close_sheet)
        self.add_widget(self._sheet)
        self._opened_at = monotonic()

    def close_sheet(self) -> bool:
        """Close the sheet; False if there was none."""
        if self._sheet is None:
            return False
        self.remove_widget(self._sheet)
        self._sheet = None
        self._opened_at = monotonic()
        return True

    @property
    def guarded(self) -> bool:
        """Whether what is shown has just opened and takes no press yet."""
        return monotonic() - self._opened_at < PRESS_GUARD_S

    def on_touch_down(self, touch: Any) -> bool:
        """Kivy: drop presses on what has just opened; scrolling goes on."""
        if self.guarded and not touch.is_mouse_scrolling:
            return True
        return bool(super().on_touch_down(touch))

    def notify(self, method: str) -> None:
        """Call a method of the screen, if it has one of this name."""
        if callback := getattr(self.screen, method, None):
            callback()

    def _on_key_up(self, _: object, code: int, *__: object) -> None:
        self._pressed_keys.discard(code)

    def _on_key_down(self, _: object, code: int, __: int, letter: str | None, modifiers: list[str]) -> bool:
        """Return whether the key was used."""
        top = self._sheet or self.screen
        if top is None:
            return False
        if code in self._pressed_keys and code not in REPEATING_KEYS:
            return True
        self._pressed_keys.add(code)
        if code == TAB:
            move_focus(top, -1 if "shift" in modifiers else 1)
            return True
        if code == ESCAPE:
            if not self.close_sheet():
                self._on_escape()
            return True
        if (letter or "").lower() == "v" and ("ctrl" in modifiers or "meta" in modifiers):
            self._on_paste()
            return True
        if code in (ENTER, KEYPAD_ENTER, SPACE):
            if self.guarded:
                return True
            if focused(top) is not None:
                return press_focused(top)
        if self._sheet is None and (on_key := getattr(self.screen, "on_key", None)) and on_key(code, letter, modifiers):
            return True
        return _scroll(top, code)


class BottomSheet(FloatLayout):
    """A card over everything: at the bottom in portrait, centred in landscape. A press beside it closes it."""

    def __init__(self, style: Style, content: tuple[Widget, ...], close: Callable[[], object]):
        super().__init__()
        self._close = close
        with self.canvas.before:
            Color(0, 0, 0, SHADE)
            self._shade = Rectangle()
        self._card = Card(style, *content, border="border", padding=pixels(LARGE * 1.25))
        self._scroll = ScrollView(do_scroll_x=False, size_hint=(None, None), bar_width=pixels(4))
        self._scroll.add_widget(self._card)
        self.add_widget(self._scroll)
        self.bind(size=self._place, pos=self._place)
        self._card.bind(height=self._place)

    def on_touch_down(self, touch: Any) -> bool:
        """Kivy: keep touches from what lies below."""
        if self._scroll.collide_point(*touch.pos):
            super().on_touch_down(touch)
        elif not touch.is_mouse_scrolling:
            self._close()
        return True

    def _place(self, *_: object) -> None:
        self._shade.pos, self._shade.size = self.pos, self.size
        margin = pixels(LARGE)
        self._scroll.width = min(self.width - 2 * margin, pixels(COLUMN_WIDTH * 0.8))
        self._scroll.height = min(self.height - 2 * margin, self._card.height)
        x, y = center_of(self)
        self._scroll.x = round(x - self._scroll.width / 2)
        self._scroll.y = self.y + margin if self.height > self.width else round(y - self._scroll.height / 2)


def _scroll(top: Widget, code: int) -> bool:
    views = [widget for widget in top.walk() if isinstance(widget, ScrollView)]
    if not views or code not in (UP, DOWN, PAGE_UP, PAGE_DOWN):
        return False
    view = views[-1]
    step = pixels(SCROLL_STEP) if code in (UP, DOWN) else 0.9 * view.height
    hidden = view.children[0].height - view.height
    if hidden > 0:
        moved = step / hidden if code in (UP, PAGE_UP) else -step / hidden
        view.scroll_y = min(1.0, max(0.0, view.scroll_y + moved))
    return True
