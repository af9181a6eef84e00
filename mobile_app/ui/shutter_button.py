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
# State -> id of the text below, icon, whether the disc is filled. A filled disc acts at once, a ring waits.
STATES = {
    "take": ("camera.take", "camera", True),
    "wait": ("camera.wait", "hold", False),
    "waiting": ("action.cancel", "close", False),
    "photo": ("camera.check_photo", "check", True),
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
        self._icon = Icon(style, "hold", 28)
        self._text = TextLabel(style, "", "small", align="center", lines=2, size_hint=(None, None))
        self.add_widget(self._icon)
        self.add_widget(self._text)
        self.bind(pos=self._arrange, size=self._arrange)
        self.show("wait")

    def show(self, name: str) -> None:
        """Show one of `STATES`."""
        text_id, icon, filled = STATES[name]
        text = self._style.tr(text_id)
        if text == self._text.text:
            return
        self._text.text = self.label = text
        self._disc_color.a = float(filled)
        self._icon.show(icon, "on_accent" if filled else "accent")
        self._arrange()

    def _arrange(self, *_: object) -> None:
        text, disc, width = self._text, pixels(DISC), self.width
        # As high as the longest text, so that nothing moves when it changes.
        highest = max(text_height(self._style.tr(name), "small", width, lines=2) for name, _, _ in STATES.values())
        text.size = (width, text_height(text.text, "small", width, lines=2))
        self.height = disc + pixels(SMALL) + highest
        top = self.y + self.height
        center = (round(center_of(self)[0]), round(top - disc / 2))
        self._disc.pos = (center[0] - self._disc.size[0] / 2, center[1] - self._disc.size[1] / 2)
        self._outline.circle = (*center, disc / 2 - pixels(2))
        self._icon.center = center
        text.pos = (self.x, round(top - disc - pixels(SMALL) - text.height))
