"""The window: one screen at a time, perhaps a sheet over it, and the keyboard."""

from collections.abc import Callable
from typing import Any

from kivy.core.window import Window
from kivy.graphics import Color, Rectangle
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from mobile_app.ui.focus import focused, move_focus, press_focused
from mobile_app.ui.look import Look, middle, pixels
from mobile_app.ui.surfaces import Card
from mobile_app.ui.theme import COLUMN, LARGE

ENTER, KEYPAD_ENTER, SPACE, ESCAPE, TAB = 13, 271, 32, 27, 9
UP, DOWN, LEFT, RIGHT, PAGE_UP, PAGE_DOWN = 273, 274, 276, 275, 280, 281
MAY_REPEAT = (TAB, UP, DOWN, LEFT, RIGHT, PAGE_UP, PAGE_DOWN)
"""Keys that act again while they are held."""
SHADE = 0.55
SCROLL_STEP = 80
"""Of an arrow key, dp."""


class Shell(FloatLayout):
    """Shows screens. A screen may have `entered()`, `left()` and `on_key(code, letter, modifiers) -> bool`.

    Attributes:
        screen: what is shown.
        on_escape: called when nothing else wants the escape key.
        on_paste: called by Ctrl+V (Cmd+V).
    """

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.screen: Widget | None = None
        self.on_escape: Callable[[], None] = lambda: None
        self.on_paste: Callable[[], None] = lambda: None
        self._sheet: Sheet | None = None
        self._held: set[int] = set()

    def show(self, screen: Widget) -> None:
        """Replace the screen."""
        self.close_sheet()
        if self.screen is not None:
            self._tell("left")
            self.remove_widget(self.screen)
        self.screen = screen
        screen.size_hint, screen.pos_hint = (1, 1), {"x": 0, "y": 0}
        self.add_widget(screen)
        self._tell("entered")

    def open_sheet(self, look: Look, *content: Widget) -> None:
        """Lay a card over the screen; whatever lies under it waits."""
        self.close_sheet()
        self._sheet = Sheet(look, content, self.close_sheet)
        self.add_widget(self._sheet)

    def close_sheet(self) -> bool:
        """Take the card away; False when there was none."""
        if self._sheet is None:
            return False
        self.remove_widget(self._sheet)
        self._sheet = None
        return True

    def listen(self) -> None:
        """Take the window's keys."""
        Window.bind(on_key_down=self._key, on_key_up=self._let_go, focus=lambda *_: self._held.clear())

    def _tell(self, what: str) -> None:
        tell = getattr(self.screen, what, None)
        if tell is not None:
            tell()

    def _let_go(self, _: Any, code: int, *__: object) -> None:
        self._held.discard(code)

    def _key(self, _: Any, code: int, scancode: int, letter: str | None, modifiers: list[str]) -> bool:
        """True: the key is used up."""
        top = self._sheet or self.screen
        if top is None:
            return False
        if code in self._held and code not in MAY_REPEAT:
            return True
        self._held.add(code)
        if code == TAB:
            move_focus(top, -1 if "shift" in modifiers else 1)
            return True
        if code == ESCAPE:
            if not self.close_sheet():
                self.on_escape()
            return True
        if (letter or "").lower() == "v" and ("ctrl" in modifiers or "meta" in modifiers):
            self.on_paste()
            return True
        if code in (ENTER, KEYPAD_ENTER, SPACE) and focused(top) is not None:
            return press_focused(top)
        if self._sheet is None and (on_key := getattr(self.screen, "on_key", None)) and on_key(code, letter, modifiers):
            return True
        return _scroll(top, code)


class Sheet(FloatLayout):
    """A card over everything. A press beside it closes it."""

    def __init__(self, look: Look, content: tuple[Widget, ...], close: Callable[[], object]):
        super().__init__()
        self._close = close
        with self.canvas.before:
            Color(0, 0, 0, SHADE)
            shade = Rectangle()
        self.bind(size=lambda *_: setattr(shade, "size", self.size), pos=lambda *_: setattr(shade, "pos", self.pos))
        self._card = Card(look, border="line", padding=pixels(LARGE * 1.25))
        for widget in content:
            self._card.add_widget(widget)
        self._scroll = ScrollView(do_scroll_x=False, size_hint=(None, None), bar_width=pixels(4))
        self._scroll.add_widget(self._card)
        self.add_widget(self._scroll)
        self.bind(size=self._place, pos=self._place)
        self._card.bind(height=self._place)

    def on_touch_down(self, touch: Any) -> bool:
        """Nothing below the sheet is touched."""
        if self._scroll.collide_point(*touch.pos):
            super().on_touch_down(touch)
        elif not touch.is_mouse_scrolling:
            self._close()
        return True

    def _place(self, *_: object) -> None:
        room = pixels(LARGE)
        self._scroll.width = min(self.width - 2 * room, pixels(COLUMN * 0.8))
        self._scroll.height = min(self.height - 2 * room, self._card.height)
        # At the thumb on a phone, in the middle of a desktop's window.
        low = self.height > self.width
        self._scroll.x = round(middle(self)[0] - self._scroll.width / 2)
        self._scroll.y = self.y + room if low else round(middle(self)[1] - self._scroll.height / 2)


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
