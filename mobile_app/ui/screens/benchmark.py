"""Speed of this device."""

import threading
from typing import Any

from kivy.clock import Clock, mainthread
from kivy.uix.widget import Widget

from mobile_app import device_benchmark
from mobile_app.ui.app import SkinApp
from mobile_app.ui.buttons import TextButton, action_buttons
from mobile_app.ui.cards import fact_list, info_card
from mobile_app.ui.label import TextLabel
from mobile_app.ui.page import Page
from mobile_app.ui.screens.save_share import export_file
from mobile_app.ui.style import pixels
from mobile_app.ui.theme import MEDIUM
from mobile_app.ui.widgets import Bar, Card, Column, Icon, Row
from triage.atomic import write_json
from triage.errors import SkinDistillError

SECONDS = 10.0
FILE_NAME = "skin-check-speed.json"


class BenchmarkScreen(Page):
    """Measures on its own thread and shows the result.

    Attributes:
        result: of the last measurement.
    """

    def __init__(self, app: SkinApp):
        super().__init__(app.style, app.style.tr("benchmark.title"), app.back)
        self._app, self._tr = app, app.style.tr
        self.result: dict[str, Any] | None = None
        self._progress_bar = Bar(self.style)
        self._left = False
        start = TextButton(self.style, self._tr("benchmark.start"), self.measure, "gauge")
        self.add(TextLabel(self.style, self._tr("benchmark.text")), start)

    def on_leave(self) -> None:
        """Stop measuring."""
        self._left = True

    def measure(self) -> None:
        """Start measuring."""
        self._progress_bar = Bar(self.style)
        self.replace(
            TextLabel(self.style, self._tr("benchmark.running"), "heading", bold=True),
            self._progress_bar,
            TextLabel(self.style, self._tr("benchmark.text"), color_name="muted"),
        )
        threading.Thread(target=self._work, name="benchmark", daemon=True).start()

    def export(self) -> None:
        """Export the result as JSON."""
        export_file(self._app, FILE_NAME, lambda path: write_json(path, self.result))

    def _work(self) -> None:
        try:
            result = device_benchmark.run(self._app.classifier.model, self._on_progress, SECONDS)
        except SkinDistillError as error:
            self._show_failure(str(error))
        else:
            self._show_result(result)

    def _on_progress(self, fraction: float) -> None:
        if self._left:
            raise SystemExit  # ends this thread only, and the measurement with it
        Clock.schedule_once(lambda _: setattr(self._progress_bar, "part", (0.0, fraction)))

    @mainthread
    def _show_failure(self, problem: str) -> None:
        if self._left:
            return
        self.replace(
            info_card(self.style, "unreadable", self._tr("benchmark.failed"), problem),
            TextButton(self.style, self._tr("action.try_again"), self.measure, "retake"),
        )

    @mainthread
    def _show_result(self, result: dict[str, Any]) -> None:
        if self._left:
            return
        style, tr = self.style, self._tr
        self.result = result
        measured = result["results"][0]
        export, again = ("benchmark.export", "save", self.export), ("benchmark.again", "retake", self.measure)
        facts = [
            (tr("benchmark.thermal"), tr(f"thermal.{result['thermal_note']}")),
            (tr("benchmark.model"), str(measured["model"])),
            (tr("benchmark.threads"), str(measured["threads"])),
            (tr("benchmark.count"), str(measured["inferences"])),
            (tr("benchmark.machine"), str(result["machine"]["cpu"])),
            (tr("benchmark.runtime"), str(result["machine"]["runtime"])),
        ]
        self.replace(
            self._numbers(measured),
            Card(style, fact_list(style, facts), border="border"),
            Column(*action_buttons(style, export, again)),
        )

    def _numbers(self, measured: dict[str, Any]) -> Widget:
        style, tr = self.style, self._tr
        cards = (
            Card(
                style,
                Icon(style, "gauge", 24, "accent"),
                TextLabel(style, tr("benchmark.milliseconds", value=measured[f"{key}_ms"]), "title", bold=True),
                TextLabel(style, tr(f"benchmark.{key}"), "small", "muted"),
                Widget(),
                background="accent_soft",
                size_hint_y=1,
            )
            for key in ("p50", "p90")
        )
        return Row(*cards, spacing=pixels(MEDIUM))
