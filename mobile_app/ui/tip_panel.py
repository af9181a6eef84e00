"""The tip beside the preview: icon, headline, advice. Its height is constant, so that the preview stays still."""

from collections.abc import Callable

from kivy.metrics import sp
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.camera_messages import HOLD_STILL, LOOKING, READY, READY_PHOTO, STARTING, CameraMessage
from mobile_app.ui.label import TextLabel, text_height, text_width
from mobile_app.ui.style import Style, pixels
from mobile_app.ui.theme import MEDIUM, RADIUS, SMALL, TOUCH_TARGET
from mobile_app.ui.widgets import MIDDLE, Icon, Row, paint_background
from triage.tips import TIPS

ICON_SIDE = 28  # sp
HEADLINE_LINES = 2


class TipPanel(BoxLayout):
    """Shows a `CameraMessage`; "Why?" calls `on_why`.

    Attributes:
        message: what is shown.
    """

    def __init__(self, style: Style, on_why: Callable[[], None]):
        super().__init__(orientation="vertical", size_hint_y=None)
        self._style = style
        self.message: CameraMessage | None = None
        side = max(pixels(TOUCH_TARGET), round(float(sp(ICON_SIDE))) + 2 * pixels(SMALL))
        self._icon = Icon(style, "hold", ICON_SIDE, size=(side, side), pos_hint=MIDDLE)
        self._ground = paint_background(self._icon, style, "accent_soft", RADIUS)
        self._headline = TextLabel(style, "", "heading", bold=True, lines=HEADLINE_LINES, pos_hint=MIDDLE)
        self._advice = TextLabel(style, "")
        self._why = TextButton(style, style.tr("camera.why"), on_why, kind="plain", size_hint_x=None, pos_hint=MIDDLE)
        self._why.width = text_width(style.tr("camera.why"), "body", True) + 2 * pixels(MEDIUM)
        row = Row(self._icon, self._headline, self._why, padding=(0, 0, 0, pixels(SMALL)))
        for widget in (row, self._advice, Widget()):
            self.add_widget(widget)
        self.bind(width=self._measure)

    def show(self, message: CameraMessage, headline: str, advice: str) -> None:
        """Show a message with these texts."""
        self._headline.text, self._advice.text = headline, advice
        if message == self.message:
            return
        self.message = message
        self._ground.rgba = self._style.color("accent" if message.ready else "accent_soft")
        self._icon.show(message.icon, "on_accent" if message.ready else "accent")
        self._why.disabled = not message.explained
        self._why.opacity = float(message.explained)

    def _measure(self, *_: object) -> None:
        """Set the height of the longest message, "Waiting" included."""
        tr = self._style.tr
        width = max(1, self.width - self._icon.width - self._why.width - 2 * pixels(SMALL))
        ids = [(m.headline, m.advice) for m in (STARTING, LOOKING, HOLD_STILL, READY, READY_PHOTO)]
        ids += [(f"tip.{tip}.headline", f"tip.{tip}.advice") for tip in TIPS]
        self.height = pixels(SMALL) + max(
            max(
                self._icon.height,
                text_height(tr("camera.waiting", tip=tr(headline)), "heading", width, True, HEADLINE_LINES),
            )
            + text_height(tr(advice), "body", self.width)
            for headline, advice in ids
        )
