"""The shutter button; its shape shows what it will do."""

from collections.abc import Callable
from typing import Any

from kivy.graphics import Color, SmoothEllipse, SmoothLine

from mobile_app.ui.buttons import Pressable
from mobile_app.ui.label import TextLabel, text_height
from mobile_app.ui.style import Style, center_of, pixels
from mobile_app.ui.theme import SMALL
from mobile_app.ui.widgets import Icon

DISC = 68  # diameter, dp
# State -> id of the text below, icon. A filled disc acts at once, a ring waits.
STATES = {
    "take": ("camera.take", "camera"),
    "wait": ("camera.wait", "hold"),
    "waiting": ("action.cancel", "close"),
    "photo": ("camera.check_photo", "check"),
}


class ShutterButton(Pressable):
    """A disc with text below; `show` chooses one of `STATES`."""

    def __init__(self, style: Style, action: Callable[[], None], **options: Any):
        super().__init__(style, style.tr("camera.take"), action, **options)
        self._style = style
        with self.canvas.before:
            self._disc_color = Color(*style.color("accent"))
            self._disc = SmoothEllipse(size=(pixels(DISC) - pixels(12),) * 2)
            Color(*style.color("accent"))
            self._outline = SmoothLine(width=pixels(1.5), overdraw_width=1)
        self._icons = {name: Icon(style, "camera", 28, name) for name in ("on_accent", "accent")}
        self._text = TextLabel(style, "", "small", align="center", size_hint=(None, None))
        for widget in (*self._icons.values(), self._text):
            self.add_widget(widget)
        self.bind(pos=self._arrange, size=self._arrange)
        self.state_name = ""
        self.show("wait")

    def show(self, name: str) -> None:
        """Show one of `STATES`."""
        if name == self.state_name:
            return
        self.state_name = name
        text_id, icon = STATES[name]
        self._text.text = self.label = self._style.tr(text_id)
        filled = name in ("take", "photo")
        self._disc_color.a = float(filled)
        for color_name, widget in self._icons.items():
            widget.name = icon
            widget.opacity = float((color_name == "on_accent") == filled)
        self._arrange()

    def _arrange(self, *_: object) -> None:
        text, disc = self._text, pixels(DISC)
        text.width = self.width
        # As high as the longest text, so that nothing moves when it changes.
        highest = max(text_height(self._style.tr(text_id), "small", self.width) for text_id, _ in STATES.values())
        text.height = text_height(text.text, "small", self.width)
        self.height = disc + pixels(SMALL) + highest
        top = self.y + self.height
        center = (round(center_of(self)[0]), round(top - disc / 2))
        self._disc.pos = (center[0] - self._disc.size[0] / 2, center[1] - self._disc.size[1] / 2)
        self._outline.circle = (*center, disc / 2 - pixels(2))
        for widget in self._icons.values():
            widget.center = center
        text.pos = (self.x, round(top - disc - pixels(SMALL) - text.height))
