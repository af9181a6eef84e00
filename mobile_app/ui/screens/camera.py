"""The camera: live preview, one tip at a time, and a shutter that waits for good light."""

from functools import partial

from kivy.clock import Clock
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from mobile_app.live_session import LiveState
from mobile_app.ui.app import SkinApp
from mobile_app.ui.buttons import IconButton, TextButton
from mobile_app.ui.camera_messages import STARTING, deciding_measure, message_for, trouble_of
from mobile_app.ui.cards import demo_badge
from mobile_app.ui.label import TextLabel
from mobile_app.ui.page import scroll_view
from mobile_app.ui.preview import Preview
from mobile_app.ui.root_widget import ENTER, KEYPAD_ENTER, LEFT, RIGHT, SPACE
from mobile_app.ui.screens.trouble import trouble_page
from mobile_app.ui.screens.why import why_sheet
from mobile_app.ui.shutter_button import ShutterButton
from mobile_app.ui.style import pixels
from mobile_app.ui.theme import LARGE, MEDIUM, MIN_VIEWFINDER, RADIUS, SMALL, TINY, TOUCH_TARGET
from mobile_app.ui.tip_panel import TipPanel
from mobile_app.ui.widgets import MIDDLE, Column, Row, paint_background
from triage.photo import DecodedPhoto

SIDE_PANEL, MIN_SIDE_PANEL = 380, 320
"""Width of the panel beside the preview: half of the window within these limits."""
WIDE, MIN_WIDE = 1.2, 560
"""The tip stands beside the preview in windows so many times as wide as high, and so many dp wide."""


class CameraScreen(BoxLayout):
    """The live screen."""

    def __init__(self, app: SkinApp):
        super().__init__()
        self._app, self._style = app, app.style
        self.background = "background"  # the window is cleared with it
        self._state = LiveState("starting")
        self._waiting = False  # for good light, to take the picture
        self._shown_frame = -1
        self._trouble: str | None = None
        self._trouble_page: Widget | None = None
        self._spoken = ""
        self._wide: bool | None = None
        self._tick = Clock.create_trigger(self._draw, 0, interval=True)
        self._badge: Row | None = None
        self._top = Widget()
        self.preview = Preview(app.style, pos_hint={"x": 0, "y": 0})
        self._viewfinder = FloatLayout()
        self._viewfinder.add_widget(self.preview)
        if not app.capture.session.source.live:
            self._add_photo_arrows()
        self._tip = TipPanel(app.style, self.explain)
        self._tip_box = BoxLayout(orientation="vertical", size_hint_y=None, padding=(pixels(LARGE), pixels(SMALL)))
        for widget in (Widget(), self._tip, Widget()):
            self._tip_box.add_widget(widget)
        self._scroll = scroll_view(app.style, self._tip_box)
        self._shutter_button = ShutterButton(app.style, self.press)
        open_photo, self._anyway = (
            TextButton(app.style, app.style.tr(name), act, icon, "plain", True, pos_hint={"top": 0.95})
            for name, act, icon in (
                ("action.open_photo", app.open_photo, "photo"),
                ("camera.use_anyway", self.use_anyway, "forward"),
            )
        )
        self._side = BoxLayout(orientation="vertical", size_hint_x=None)
        buttons = Row(open_photo, self._shutter_button, self._anyway, spacing=pixels(TINY))
        self._below = Column(buttons, padding=(pixels(LARGE), pixels(MEDIUM)))
        self.bind(size=self._arrange)
        for widget in (self._tip, self._below, self._scroll):
            widget.bind(height=self._fit)
        self._show_state(self._state)

    def on_enter(self) -> None:
        """Start the camera."""
        self._app.capture.start(self._show_state)
        self._tick()

    def on_leave(self) -> None:
        """Release the camera."""
        self._tick.cancel()
        self._app.capture.pause()
        self._app.voice.silence()

    def on_key(self, code: int, letter: str | None, modifiers: list[str]) -> bool:
        """Enter and Space: shutter. O: open a photo. U: use anyway. Left and Right: previous and next photo."""
        key = "" if {"ctrl", "alt", "meta"} & set(modifiers) else (letter or "").lower()
        if code in (ENTER, KEYPAD_ENTER, SPACE) and self._trouble is None:
            self.press()
        elif key == "o":
            self._app.open_photo()
        elif key == "u" and self._trouble is None:
            self.use_anyway()
        elif code in (LEFT, RIGHT) and not self._app.capture.session.source.live:
            self._turn(1 if code == RIGHT else -1)
        else:
            return False
        return True

    def press(self) -> None:
        """Take the picture, or start or stop waiting for good light, for which a photo need not wait."""
        if self._is_ready or not self._app.capture.session.source.live:
            self._take()
        else:
            self._waiting = not self._waiting
            self._show_state(self._state)

    def use_anyway(self) -> None:
        """Take the picture whatever the light."""
        self._take(ignore_light=not self._is_ready)

    def explain(self) -> None:
        """Explain the current tip."""
        measure = deciding_measure(self._state.guidance)
        if measure is not None and self._tip.message is not None:
            root = self._app.root
            root.open_sheet(self._style, *why_sheet(self._style, self._tip.message, measure, root.close_sheet))

    @property
    def _is_ready(self) -> bool:
        return self._state.guidance is not None and self._state.guidance.ready

    def _take(self, ignore_light: bool = False) -> None:
        self._waiting, session = False, self._app.capture.session
        frame = session.latest_frame() if ignore_light else session.best_frame()
        if frame is not None:
            self._app.classify(DecodedPhoto(frame.pixels, frame.warnings), ignore_light, session.source.synthetic)

    def _turn(self, step: int) -> None:
        turn = getattr(self._app.capture.session.source, "turn", None)
        if turn is not None:
            turn(step)

    def _draw(self, _: float) -> None:
        frame = self._app.capture.session.latest_frame()
        if frame is not None and frame.number != self._shown_frame:
            self._shown_frame = frame.number
            self.preview.show(frame.pixels)

    def _show_state(self, state: LiveState) -> None:
        self._state = state
        self._show_model()
        self._show_trouble(trouble_of(state), state.detail)
        live, tr = self._app.capture.session.source.live, self._style.tr
        message = message_for(state, live)
        if message is STARTING:
            self.preview.clear()
        self.preview.ready = message.ready
        self.preview.spot = state.guidance.spot if state.guidance else None
        waiting = self._waiting = self._waiting and state.guidance is not None
        if waiting and self._is_ready:
            self._take()
            return
        headline, advice = tr(message.headline), tr(message.advice)
        if message != self._tip.message:
            self._scroll.scroll_y = 1
        self._tip.show(message, tr("camera.waiting", tip=headline) if waiting else headline, advice)
        self._shutter_button.show(
            "photo" if not live else "waiting" if waiting else "take" if message.ready else "wait"
        )
        offer = live and state.guidance is not None and not message.ready
        self._anyway.disabled, self._anyway.opacity = not offer, float(offer)
        if self._app.settings.spoken_tips and headline != self._spoken and state.guidance is not None:
            self._spoken = headline
            self._app.voice.speak(f"{headline}. {advice}")

    def _show_model(self) -> None:
        """Apply the model's crop and DEMO badge; the model may load after the camera."""
        self.preview.crop = self._app.crop
        if self._badge is not None and self._app.demo and not self._badge.children:
            self._badge.add_widget(demo_badge(self._style))

    def _show_trouble(self, trouble: str | None, detail: str) -> None:
        if trouble == self._trouble:
            return
        self._trouble = trouble
        self._trouble_page = trouble_page(self._app, trouble, detail) if trouble else None
        self.preview.clear()
        self._shown_frame = -1
        self._wide = None
        self._arrange()

    def _arrange(self, *_: object) -> None:
        wide = self.width >= max(WIDE * self.height, pixels(MIN_WIDE))
        if wide != self._wide:
            self._wide = wide
            self._build(wide)
        self._fit()

    def _build(self, wide: bool) -> None:
        for parent in (self._side, self):
            parent.clear_widgets()
        if self._trouble_page is not None:
            self.orientation = "vertical"
            self.add_widget(self._title_bar())
            self.add_widget(self._trouble_page)
            return
        self.orientation = "horizontal" if wide else "vertical"
        self._scroll.size_hint_y = 1 if wide else None
        column = self._side if wide else self
        self._top = self._title_bar()
        column.add_widget(self._top)
        self.add_widget(self._viewfinder)
        if wide:
            self.add_widget(self._side)
        column.add_widget(self._scroll)
        column.add_widget(self._below)

    def _fit(self, *_: object) -> None:
        """Give the tip the room that preview and buttons leave; it scrolls if that is too little."""
        height = self._tip.height + 2 * pixels(SMALL)
        if not self._wide:
            room = self.height - self._top.height - self._below.height - pixels(MIN_VIEWFINDER)
            self._scroll.height = max(pixels(TOUCH_TARGET), min(height, room))
        self._side.width = min(pixels(SIDE_PANEL), max(pixels(MIN_SIDE_PANEL), self.width / 2))
        self._tip_box.height = max(height, self._scroll.height)

    def _title_bar(self) -> Widget:
        style, tr = self._style, self._style.tr
        self._badge = Row(size_hint_x=None, pos_hint=MIDDLE)
        self._badge.bind(minimum_width=self._badge.setter("width"))
        self._show_model()
        return Row(
            TextLabel(style, tr("app.name"), "heading", bold=True, lines=1, pos_hint=MIDDLE),
            self._badge,
            IconButton(style, "settings", tr("action.settings"), partial(self._app.push, "settings"), pos_hint=MIDDLE),
            padding=(pixels(LARGE), pixels(TINY), pixels(SMALL), pixels(TINY)),
        )

    def _add_photo_arrows(self) -> None:
        for icon, text_id, step, place in (
            ("back", "camera.previous", -1, {"x": 0}),
            ("forward", "camera.next", 1, {"right": 1}),
        ):
            turn, hint = partial(self._turn, step), {**place, **MIDDLE}
            button = IconButton(self._style, icon, self._style.tr(text_id), turn, "on_viewfinder", pos_hint=hint)
            paint_background(button, self._style, "viewfinder", RADIUS)
            self._viewfinder.add_widget(button)
