"""How fast this device answers."""

import threading
from typing import Any

from kivy.clock import Clock, mainthread
from kivy.uix.widget import Widget

from mobile_app import device_benchmark
from mobile_app.ui.bar import Bar
from mobile_app.ui.buttons import TextButton
from mobile_app.ui.controller import Controller
from mobile_app.ui.look import pixels
from mobile_app.ui.page import Page
from mobile_app.ui.passages import facts, passage
from mobile_app.ui.screens.keep import hand_over
from mobile_app.ui.surfaces import Card, Column, Icon, Row, level
from mobile_app.ui.theme import MEDIUM
from mobile_app.ui.words import Words
from triage.atomic import write_json
from triage.errors import SkinDistillError

SECONDS = 10.0
FILE_NAME = "skin-check-speed.json"


class BenchmarkScreen(Page):
    """Measures on a thread of its own and shows the result.

    Attributes:
        result: of the last measurement.
    """

    def __init__(self, app: Controller):
        super().__init__(app.look, app.look.say("benchmark.title"), app.back)
        self._app = app
        self.result: dict[str, Any] | None = None
        self._bar: Bar | None = None
        self._gone = False
        self._show_start()

    def left(self) -> None:
        """Nobody looks at the result any more: stop."""
        self._gone = True

    def measure(self) -> None:
        """Begin to measure."""
        look, say = self._app.look, self._app.look.say
        self.column.clear_widgets()
        self._bar = Bar(look, 0.0)
        self.add(
            Words(look, say("benchmark.running"), "heading", bold=True),
            self._bar,
            Words(look, say("benchmark.text"), tone="muted"),
        )
        threading.Thread(target=self._work, name="benchmark", daemon=True).start()

    def export(self) -> None:
        """Give the result as JSON to the person."""
        hand_over(self._app, FILE_NAME, lambda path: write_json(path, self.result))

    def _work(self) -> None:
        try:
            result = device_benchmark.run(self._app.answerer.model, self._progress, SECONDS)
        except SkinDistillError as error:
            self._failed(str(error))
        else:
            self._show_result(result)

    def _progress(self, share: float) -> None:
        if self._gone:
            raise SystemExit  # ends this thread alone, and with it the measurement
        Clock.schedule_once(lambda _: self._bar.set(share) if self._bar else None)

    @mainthread
    def _failed(self, problem: str) -> None:
        if self._gone:
            return
        look, say = self._app.look, self._app.look.say
        self.column.clear_widgets()
        self.add(passage(look, "unreadable", say("benchmark.failed"), problem))
        self.add(TextButton(look, say("action.try_again"), self.measure, "retake"))

    def _show_start(self) -> None:
        look, say = self._app.look, self._app.look.say
        self.add(Words(look, say("benchmark.text")), TextButton(look, say("benchmark.start"), self.measure, "gauge"))

    @mainthread
    def _show_result(self, result: dict[str, Any]) -> None:
        if self._gone:
            return
        look, say = self._app.look, self._app.look.say
        self.result = result
        measured = result["results"][0]
        self.column.clear_widgets()
        self.add(self._numbers(measured))
        lines = [
            (say("benchmark.thermal"), say(f"thermal.{result['thermal_note']}")),
            (say("benchmark.model"), str(measured["model"])),
            (say("benchmark.threads"), str(measured["threads"])),
            (say("benchmark.count"), str(measured["inferences"])),
            (say("benchmark.machine"), str(result["machine"]["cpu"])),
            (say("benchmark.runtime"), str(result["machine"]["runtime"])),
        ]
        card = Card(look, border="line")
        card.add_widget(facts(look, lines))
        buttons = Column()
        buttons.add_widget(TextButton(look, say("benchmark.export"), self.export, "save"))
        buttons.add_widget(TextButton(look, say("benchmark.again"), self.measure, "retake", "quiet"))
        self.add(card, buttons)

    def _numbers(self, measured: dict[str, Any]) -> Widget:
        look, say = self._app.look, self._app.look.say
        row = Row(spacing=pixels(MEDIUM))
        for key in ("p50", "p90"):
            card = Card(look, "accent_soft", pos_hint={"top": 1})
            card.add_widget(Icon(look, "gauge", 24, "accent"))
            card.add_widget(Words(look, say("benchmark.milliseconds", value=measured[f"{key}_ms"]), "title", bold=True))
            card.add_widget(Words(look, say(f"benchmark.{key}"), "small", "muted"))
            row.add_widget(card)
        level(*row.children)
        return row
