"""The tip beside the preview: icon, headline, advice. Its height is constant, so that the preview stays still."""

from collections.abc import Callable

from kivy.metrics import sp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.camera_messages import HOLD_STILL, LOOKING, READY, READY_PHOTO, STARTING, CameraMessage
from mobile_app.ui.label import TextLabel, text_height, text_width
from mobile_app.ui.style import Style, center_of, pixels
from mobile_app.ui.theme import MEDIUM, RADIUS, SMALL, TOUCH_TARGET
from mobile_app.ui.widgets import Icon, paint_background
from triage.tips import TIPS

ICON_SIDE = 28  # sp


class TipPanel(Widget):
    """Shows a `CameraMessage`; "Why?" calls `on_why`.

    Attributes:
        message: what is shown.
    """

    def __init__(self, style: Style, on_why: Callable[[], None]):
        super().__init__(size_hint_y=None)
        self._style = style
        self.message: CameraMessage | None = None
        # One frame per icon colour, larger than the icon at any text size; the ready one is filled.
        self._side = max(pixels(TOUCH_TARGET), round(float(sp(ICON_SIDE))) + 2 * pixels(SMALL))
        self._frames = {
            name: BoxLayout(size_hint=(None, None), size=(self._side,) * 2) for name in ("accent", "on_accent")
        }
        paint_background(self._frames["accent"], style, "accent_soft", RADIUS)
        paint_background(self._frames["on_accent"], style, "accent", RADIUS)
        self._icons = {name: Icon(style, "hold", ICON_SIDE, name) for name in self._frames}
        self._headline = TextLabel(style, "", "heading", bold=True, size_hint=(None, None))
        self._advice = TextLabel(style, "", size_hint=(None, None))
        why = style.tr("camera.why")
        self._why_width = text_width(why, "body", True) + 2 * pixels(MEDIUM)
        self._why = TextButton(style, why, on_why, kind="plain", size_hint=(None, None))
        for widget in (*self._frames.values(), *self._icons.values(), self._headline, self._advice, self._why):
            self.add_widget(widget)
        self.bind(pos=self._arrange, width=self._measure, height=self._arrange)

    def show(self, message: CameraMessage, headline: str, advice: str) -> None:
        """Show a message with these texts."""
        if (message, headline, advice) == (self.message, self._headline.text, self._advice.text):
            return
        self.message = message
        self._headline.text, self._advice.text = headline, advice
        for name, frame in self._frames.items():
            frame.opacity = self._icons[name].opacity = float((name == "on_accent") == message.ready)
            self._icons[name].name = message.icon
        self._why.disabled = not message.explained
        self._why.opacity = float(message.explained)
        self._arrange()

    def _headline_width(self) -> int:
        return max(1, int(self.width) - self._side - pixels(MEDIUM + SMALL) - self._why_width)

    def _headline_height(self, headline: str, width: int) -> int:
        return max(self._side, text_height(headline, "heading", width, True))

    def _measure(self, *_: object) -> None:
        """Set the height of the longest message, "Waiting" included."""
        tr, width = self._style.tr, self._headline_width()
        ids = [(m.headline, m.advice) for m in (STARTING, LOOKING, HOLD_STILL, READY, READY_PHOTO)]
        ids += [(f"tip.{tip}.headline", f"tip.{tip}.advice") for tip in TIPS]
        self.height = pixels(SMALL) + max(
            self._headline_height(tr("camera.waiting", tip=tr(headline)), width)
            + text_height(tr(advice), "body", self.width)
            for headline, advice in ids
        )
        self._arrange()

    def _arrange(self, *_: object) -> None:
        side, width, top = self._side, self._headline_width(), self.y + self.height
        first = self._headline_height(self._headline.text, width)
        axis = top - first / 2
        for name, frame in self._frames.items():
            frame.pos = (round(self.x), round(axis - side / 2))
            self._icons[name].center = center_of(frame)
        self._headline.size = (width, text_height(self._headline.text, "heading", width, True))
        self._headline.pos = (round(self.x + side + pixels(MEDIUM)), round(axis - self._headline.height / 2))
        self._why.width = self._why_width
        self._why.pos = (round(self.x + self.width - self._why.width), round(axis - self._why.height / 2))
        self._advice.size = (self.width, text_height(self._advice.text, "body", self.width))
        self._advice.pos = (round(self.x), round(top - first - pixels(SMALL) - self._advice.height))
