"""One tip at a time: an icon, a headline and what to do. It keeps its height, so that the picture stays still."""

from collections.abc import Callable

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.camera_view import HOLD_STILL, LOOKING, READY, STARTING, Panel
from mobile_app.ui.look import Look, middle, pixels
from mobile_app.ui.surfaces import Icon, paint
from mobile_app.ui.theme import MEDIUM, RADIUS, SMALL, TARGET
from mobile_app.ui.words import Words, natural_width, text_height
from triage.tips import TIPS


class TipPanel(Widget):
    """Shows a `Panel`; "Why?" calls `on_why`.

    Attributes:
        panel: what is shown.
    """

    def __init__(self, look: Look, on_why: Callable[[], None]):
        super().__init__(size_hint_y=None)
        self._look = look
        self.panel: Panel | None = None
        self._text = ("", "")
        # Two frames, one to each tone: the ready one is filled.
        self._frames = {
            tone: BoxLayout(size_hint=(None, None), size=(pixels(TARGET),) * 2) for tone in ("accent", "on_accent")
        }
        paint(self._frames["accent"], look, "accent_soft", RADIUS)
        paint(self._frames["on_accent"], look, "accent", RADIUS)
        self._icons = {tone: Icon(look, "hold", 28, tone) for tone in self._frames}
        self._headline = Words(look, "", "heading", bold=True, size_hint=(None, None))
        self._advice = Words(look, "", size_hint=(None, None))
        self._why = TextButton(look, look.say("camera.why"), on_why, kind="plain", size_hint=(None, None))
        for widget in (*self._frames.values(), *self._icons.values(), self._headline, self._advice, self._why):
            self.add_widget(widget)
        self.bind(pos=self._arrange, width=self._measure, height=self._arrange)

    def show(self, panel: Panel, headline: str, advice: str) -> None:
        """Show a panel with these words."""
        if panel == self.panel and (headline, advice) == self._text:
            return
        self.panel, self._text = panel, (headline, advice)
        self._headline.text, self._advice.text = headline, advice
        for tone, frame in self._frames.items():
            shown = float((tone == "on_accent") == panel.ready)
            frame.opacity = self._icons[tone].opacity = shown
            self._icons[tone].name = panel.icon
        self._why.disabled = not panel.explained
        self._why.opacity = float(panel.explained)
        self._arrange()

    def _why_width(self) -> int:
        return natural_width(self._look.say("camera.why"), "body", True) + 2 * pixels(MEDIUM)

    def _headline_width(self) -> int:
        return max(1, int(self.width) - pixels(TARGET + MEDIUM + SMALL) - self._why_width())

    def _measure(self, *_: object) -> None:
        """As high as the longest of all tips, waiting included."""
        say, width = self._look.say, self._headline_width()
        ids = [(p.headline, p.advice) for p in (STARTING, LOOKING, HOLD_STILL, READY)]
        ids += [(f"tip.{tip}.headline", f"tip.{tip}.advice") for tip in TIPS]
        self.height = max(
            self._first_line(say("camera.waiting", tip=say(headline)), width)
            + text_height(say(advice), "body", self.width)
            for headline, advice in ids
        ) + pixels(SMALL)
        self._arrange()

    def _first_line(self, headline: str, width: int) -> int:
        return max(pixels(TARGET), text_height(headline, "heading", width, True))

    def _arrange(self, *_: object) -> None:
        side, width, top = pixels(TARGET), self._headline_width(), self.y + self.height
        first = self._first_line(self._headline.text, width)
        axis = top - first / 2
        for tone, frame in self._frames.items():
            frame.pos = (round(self.x), round(axis - side / 2))
            self._icons[tone].center = middle(frame)
        self._headline.size = (width, text_height(self._headline.text, "heading", width, True))
        self._headline.pos = (round(self.x + side + pixels(MEDIUM)), round(axis - self._headline.height / 2))
        self._why.width = self._why_width()
        self._why.pos = (round(self.x + self.width - self._why.width), round(axis - self._why.height / 2))
        self._advice.size = (self.width, text_height(self._advice.text, "body", self.width))
        self._advice.pos = (round(self.x), round(top - first - pixels(SMALL) - self._advice.height))
