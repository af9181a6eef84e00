"""Lines of a list that lead somewhere, and choices of one among a few."""

from collections.abc import Callable, Sequence
from typing import Any

from kivy.uix.boxlayout import BoxLayout

from mobile_app.ui.buttons import Pressable, TextButton
from mobile_app.ui.look import Look, pixels
from mobile_app.ui.surfaces import Column, Icon, paint
from mobile_app.ui.theme import LARGE, MEDIUM, RADIUS, SMALL, TARGET
from mobile_app.ui.words import Words, natural_width


class LinkRow(Pressable):
    """An icon, a title, perhaps a line below it, and an arrow."""

    def __init__(
        self,
        look: Look,
        icon: str,
        title: str,
        action: Callable[[], object],
        note: str = "",
        arrow: bool = True,
        **options: Any,
    ):
        super().__init__(look, title, action, **options)
        paint(self, look, "surface", RADIUS, "line")
        self._inner = BoxLayout(
            spacing=pixels(MEDIUM),
            padding=(pixels(LARGE), pixels(MEDIUM)),
            size_hint=(1, None),
            pos_hint={"x": 0, "center_y": 0.5},
        )
        words = Column(spacing=0, pos_hint={"center_y": 0.5})
        words.add_widget(Words(look, title))
        if note:
            words.add_widget(Words(look, note, "small", "muted"))
        self._inner.add_widget(Icon(look, icon, 24, "accent", pos_hint={"center_y": 0.5}))
        self._inner.add_widget(words)
        if arrow:
            self._inner.add_widget(Icon(look, "forward", 18, "muted", pos_hint={"center_y": 0.5}))
        self._inner.bind(minimum_height=self._grow)
        self.add_widget(self._inner)

    def _grow(self, *_: object) -> None:
        self._inner.height = self._inner.minimum_height
        self.height = max(pixels(TARGET + SMALL), self._inner.height)


class Choice(BoxLayout):
    """One of a few, side by side, or below each other where they do not fit; the chosen one carries a check mark."""

    def __init__(self, look: Look, options: Sequence[tuple[Any, str]], chosen: Any, action: Callable[[Any], None]):
        super().__init__(spacing=pixels(SMALL), size_hint_y=None)
        self._needed = 0
        for value, text in options:
            own = value == chosen
            self.add_widget(
                TextButton(
                    look,
                    text,
                    lambda value=value: action(value),
                    icon="check" if own else None,
                    kind="primary" if own else "card",
                    padding=SMALL,
                    pos_hint={"top": 1},
                )
            )
            self._needed = max(self._needed, natural_width(text, "body", True) + pixels(2 * SMALL + 20 + SMALL))
        self.bind(width=self._arrange, minimum_height=self.setter("height"))

    def _arrange(self, *_: object) -> None:
        count = len(self.children)
        fits = self._needed * count + self.spacing * (count - 1) <= self.width
        self.orientation = "horizontal" if fits else "vertical"
