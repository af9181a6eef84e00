"""The button that takes the picture; its shape says what it will do."""

from collections.abc import Callable
from typing import Any

from kivy.graphics import Color, SmoothEllipse, SmoothLine

from mobile_app.ui.buttons import Pressable
from mobile_app.ui.look import Look, middle, pixels
from mobile_app.ui.surfaces import Icon
from mobile_app.ui.theme import SMALL
from mobile_app.ui.words import Words, text_height

DISC = 68
"""Diameter, dp."""
# State -> id of the words below, icon. Full when it takes the picture at once, a ring when it waits.
STATES = {
    "take": ("camera.take", "camera"),
    "wait": ("camera.wait", "hold"),
    "waiting": ("action.cancel", "close"),
}


class ShutterButton(Pressable):
    """A disc with words below; `show` chooses one of `STATES`."""

    def __init__(self, look: Look, action: Callable[[], None], **options: Any):
        super().__init__(look, look.say("camera.take"), action, **options)
        self._look = look
        with self.canvas.before:
            self._disc_color = Color(*look.color("accent"))
            self._disc = SmoothEllipse(size=(pixels(DISC) - pixels(12),) * 2)
            Color(*look.color("accent"))
            self._outline = SmoothLine(width=pixels(1.5), overdraw_width=1)
        self._icons = {tone: Icon(look, "camera", 28, tone) for tone in ("on_accent", "accent")}
        self._words = Words(look, "", "small", align="center", size_hint=(None, None))
        for widget in (*self._icons.values(), self._words):
            self.add_widget(widget)
        self.bind(pos=self._arrange, size=self._arrange)
        self.state_name = ""
        self.show("wait")

    def show(self, name: str) -> None:
        """Show a state, one of `STATES`."""
        if name == self.state_name:
            return
        self.state_name = name
        text_id, icon = STATES[name]
        self._words.text = self.called = self._look.say(text_id)
        full = name == "take"
        self._disc_color.a = 1.0 if full else 0.0
        for tone, widget in self._icons.items():
            widget.name = icon
            widget.opacity = float((tone == "on_accent") == full)
        self._arrange()

    def _arrange(self, *_: object) -> None:
        words, disc = self._words, pixels(DISC)
        words.width = self.width
        # As high as its longest words, so that nothing moves when they change.
        highest = max(text_height(self._look.say(text_id), "small", self.width) for text_id, _ in STATES.values())
        words.height = text_height(words.text, "small", self.width)
        self.height = disc + pixels(SMALL) + highest
        center = (round(middle(self)[0]), round((self.y + self.height) - disc / 2))
        self._disc.pos = (center[0] - self._disc.size[0] / 2, center[1] - self._disc.size[1] / 2)
        self._outline.circle = (*center, disc / 2 - pixels(2))
        for widget in self._icons.values():
            widget.center = center
        words.pos = (self.x, round((self.y + self.height) - disc - pixels(SMALL) - words.height))
