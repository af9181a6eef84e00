"""The camera: its picture, one tip at a time, and a shutter that waits for good light."""

from kivy.clock import Clock
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from mobile_app.live import LiveState
from mobile_app.ui.buttons import IconButton, TextButton
from mobile_app.ui.camera_view import STARTING, measure_of, panel_for, trouble_of
from mobile_app.ui.controller import Controller
from mobile_app.ui.look import is_wide, pixels
from mobile_app.ui.page import scrolling
from mobile_app.ui.passages import demo_badge
from mobile_app.ui.preview import Preview
from mobile_app.ui.screens.trouble import trouble_page
from mobile_app.ui.screens.why import why_sheet
from mobile_app.ui.shell import ENTER, KEYPAD_ENTER, LEFT, RIGHT, SPACE
from mobile_app.ui.shutter import Shutter, Take
from mobile_app.ui.shutter_button import ShutterButton
from mobile_app.ui.surfaces import Column, Row, paint
from mobile_app.ui.theme import (
    LARGE,
    LEAST_SIDE_PANEL,
    LEAST_STAGE,
    LEAST_WIDE_CAMERA,
    MEDIUM,
    RADIUS,
    SIDE_PANEL,
    SMALL,
    TARGET,
    TINY,
    WIDE,
)  # fmt: skip
from mobile_app.ui.tip_panel import TipPanel
from mobile_app.ui.words import Words


class CameraScreen(BoxLayout):
    """The live screen.

    Attributes:
        preview: the picture.
    """

    def __init__(self, app: Controller):
        super().__init__()
        self._app, self._look = app, app.look
        self.ground = "ground"  # the window is cleared with it
        self._shutter = Shutter()
        self._state = LiveState("starting")
        self._shown_frame = -1
        self._trouble: Widget | None = None
        self._trouble_shown: str | None = None
        self._spoken = ""
        self._wide: bool | None = None
        self._tick = Clock.create_trigger(self._draw, 0, interval=True)
        self._badge: Row | None = None
        self._top = Widget()

        self.preview = Preview(app.look, pos_hint={"x": 0, "y": 0})
        self._stage = FloatLayout()
        self._stage.add_widget(self.preview)
        if not app.capture.source.live:
            self._add_turning()
        self._tip = TipPanel(app.look, self.explain)
        self._words = BoxLayout(orientation="vertical", size_hint_y=None, padding=(pixels(LARGE), pixels(SMALL)))
        for widget in (Widget(), self._tip, Widget()):
            self._words.add_widget(widget)
        self._scroll = scrolling(app.look)
        self._scroll.add_widget(self._words)
        self._take = ShutterButton(app.look, self.press)
        say = app.look.say
        self._open = TextButton(
            app.look, say("action.open_photo"), self.open_photo, "photo", "plain", stacked=True, pos_hint={"top": 0.95}
        )
        self._anyway = TextButton(
            app.look,
            say("camera.use_anyway"),
            self.use_anyway,
            "forward",
            "plain",
            stacked=True,
            pos_hint={"top": 0.95},
        )
        self._side = BoxLayout(orientation="vertical", size_hint_x=None)
        self._below = Column(padding=(pixels(LARGE), pixels(MEDIUM)))
        buttons = Row(spacing=pixels(TINY))
        for button in (self._open, self._take, self._anyway):
            buttons.add_widget(button)
        self._below.add_widget(buttons)
        self.bind(size=self._arrange)
        for widget in (self._tip, self._below, self._scroll):
            widget.bind(height=self._fit)
        self._show_state(self._state)

    # What the shell calls.

    def entered(self) -> None:
        """Run the camera."""
        self._app.capture.show_to(self._show_state)
        self._tick()

    def left(self) -> None:
        """Release the camera."""
        self._tick.cancel()
        self._app.capture.hide()
        self._app.speech.hush()

    def on_key(self, code: int, letter: str | None, modifiers: list[str]) -> bool:
        """Enter and Space press the shutter; O opens a photo, U uses it anyway; the arrows turn photos over."""
        key = "" if {"ctrl", "alt", "meta"} & set(modifiers) else (letter or "").lower()
        if code in (ENTER, KEYPAD_ENTER, SPACE) and self._trouble is None:
            self.press()
        elif key == "o":
            self.open_photo()
        elif key == "u" and self._trouble is None:
            self.use_anyway()
        elif code in (LEFT, RIGHT) and not self._app.capture.source.live:
            self._turn(1 if code == RIGHT else -1)
        else:
            return False
        return True

    # What a person does.

    def press(self) -> None:
        """Take the picture, or wait for good light, or stop waiting."""
        self._act(self._shutter.press(self._state.guidance))

    def use_anyway(self) -> None:
        """Take the picture whatever the light."""
        self._act(self._shutter.use_anyway(self._state.guidance))

    def open_photo(self) -> None:
        """Look for a photo on this device."""
        self._app.open_photo()

    def explain(self) -> None:
        """Say why this tip is given."""
        measure = measure_of(self._state.guidance)
        if measure is not None and self._tip.panel is not None:
            self._app.shell.open_sheet(
                self._look, *why_sheet(self._look, self._tip.panel, measure, self._app.shell.close_sheet)
            )

    def _act(self, take: Take) -> None:
        frame = self._app.capture.latest_frame()
        if take is Take.NO or frame is None:
            self._show_state(self._state)
            return
        self._app.check(frame.pixels, take is Take.DESPITE_LIGHT)

    def _turn(self, step: int) -> None:
        turn = getattr(self._app.capture.source, "turn", None)
        if turn is not None:
            turn(step)

    # What is shown.

    def _draw(self, _: float) -> None:
        frame = self._app.capture.latest_frame()
        if frame is not None and frame.number != self._shown_frame:
            self._shown_frame = frame.number
            self.preview.show(frame.pixels)

    def _show_state(self, state: LiveState) -> None:
        self._state = state
        self._show_model()
        self._show_trouble(trouble_of(state), state.detail)
        panel, say = panel_for(state), self._look.say
        if panel is STARTING:
            self.preview.clear()
        self.preview.ready = panel.ready
        take = self._shutter.see(state.guidance)
        if take is not Take.NO:
            self._act(take)
            return
        waiting = self._shutter.waiting
        headline, advice = say(panel.headline), say(panel.advice)
        if panel != self._tip.panel:
            self._scroll.scroll_y = 1
        self._tip.show(panel, say("camera.waiting", tip=headline) if waiting else headline, advice)
        self._take.show("waiting" if waiting else "take" if panel.ready else "wait")
        seen = state.guidance is not None and not panel.ready
        self._anyway.disabled, self._anyway.opacity = not seen, float(seen)
        if self._app.settings.spoken_tips and headline != self._spoken and state.guidance is not None:
            self._spoken = headline
            self._app.speech.say(f"{headline}. {advice}")

    def _show_model(self) -> None:
        """The model is loaded beside the camera, and may be there later."""
        self.preview.crop_fraction = self._app.crop_fraction
        if self._badge is not None and self._app.demo and not self._badge.children:
            self._badge.add_widget(demo_badge(self._look))

    def _show_trouble(self, trouble: str | None, detail: str) -> None:
        if trouble == self._trouble_shown:
            return
        self._trouble_shown = trouble
        self._trouble = trouble_page(self._app, trouble, detail) if trouble else None
        self.preview.clear()
        self._shown_frame = -1
        self._wide = None
        self._arrange()

    def _arrange(self, *_: object) -> None:
        wide = is_wide(self.size, WIDE, LEAST_WIDE_CAMERA)
        if wide != self._wide:
            self._wide = wide
            self._build(wide)
        self._fit()

    def _build(self, wide: bool) -> None:
        for parent in (self._side, self):
            parent.clear_widgets()
        if self._trouble is not None:
            self.orientation = "vertical"
            self.add_widget(self._bar())
            self.add_widget(self._trouble)
            return
        self.orientation = "horizontal" if wide else "vertical"
        self._scroll.size_hint_y = 1 if wide else None
        self._top = self._bar()
        column = self._side if wide else self
        column.add_widget(self._top)
        self.add_widget(self._stage)
        if wide:
            self.add_widget(self._side)
        column.add_widget(self._scroll)
        column.add_widget(self._below)

    def _fit(self, *_: object) -> None:
        """Give the words what the picture and the buttons leave; where that is too little, they scroll."""
        words = self._tip.height + 2 * pixels(SMALL)
        if not self._wide:
            room = self.height - self._top.height - self._below.height - pixels(LEAST_STAGE)
            self._scroll.height = max(pixels(TARGET), min(words, room))
        self._side.width = min(pixels(SIDE_PANEL), max(pixels(LEAST_SIDE_PANEL), self.width / 2))
        self._words.height = max(words, self._scroll.height)

    def _bar(self) -> Widget:
        look, say = self._look, self._look.say
        bar = Row(padding=(pixels(LARGE), pixels(TINY), pixels(SMALL), pixels(TINY)))
        bar.add_widget(Words(look, say("app.name"), "heading", bold=True, pos_hint={"center_y": 0.5}))
        self._badge = Row(size_hint_x=None, pos_hint={"center_y": 0.5})
        self._badge.bind(minimum_width=self._badge.setter("width"))
        bar.add_widget(self._badge)
        self._show_model()
        bar.add_widget(
            IconButton(
                look, "settings", say("action.settings"), lambda: self._app.go("settings"), pos_hint={"center_y": 0.5}
            )
        )
        return bar

    def _add_turning(self) -> None:
        say = self._look.say
        for icon, text_id, step, place in (
            ("back", "camera.previous", -1, {"x": 0}),
            ("forward", "camera.next", 1, {"right": 1}),
        ):
            holder = BoxLayout(size_hint=(None, None), size=(pixels(TARGET),) * 2, pos_hint={**place, "center_y": 0.5})
            paint(holder, self._look, "stage", RADIUS)
            holder.add_widget(
                IconButton(self._look, icon, say(text_id), lambda step=step: self._turn(step), "on_stage")
            )
            self._stage.add_widget(holder)
