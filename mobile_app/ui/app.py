"""The app itself: it owns the source, the model, the settings and the window, and moves between screens."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any

from kivy.app import App
from kivy.clock import Clock, mainthread
from kivy.core.window import Window
from kivy.metrics import Metrics
from kivy.uix.widget import Widget

from mobile_app.answer import Answer
from mobile_app.answering import Answerer
from mobile_app.phone import SHARED, Phone, Voice
from mobile_app.settings import Settings, read_settings, write_settings
from mobile_app.texts import load_texts
from mobile_app.ui.capture import Capture
from mobile_app.ui.focus import focused, refocus
from mobile_app.ui.look import Look
from mobile_app.ui.pasting import pasted
from mobile_app.ui.screens.camera import CameraScreen
from mobile_app.ui.shell import Shell
from mobile_app.ui.speech import Speech
from mobile_app.ui.system_theme import SystemTheme
from triage.errors import UnusableInput
from triage.photo import CROP_FRACTION, Photo

Screen = Callable[..., Widget]


def screens() -> dict[str, Screen]:
    """Name -> what makes the screen. Those that are not shown at the start are imported when this is called."""
    from mobile_app.ui.screens.about import about
    from mobile_app.ui.screens.answer import AnswerScreen
    from mobile_app.ui.screens.benchmark import BenchmarkScreen
    from mobile_app.ui.screens.checking import checking, light_first
    from mobile_app.ui.screens.files import FilesScreen
    from mobile_app.ui.screens.first_run import first_run
    from mobile_app.ui.screens.saved import saved
    from mobile_app.ui.screens.settings import settings
    from mobile_app.ui.screens.sources import sources
    from mobile_app.ui.screens.trouble import photo_trouble

    return {
        "about": about,
        "answer": AnswerScreen,
        "benchmark": BenchmarkScreen,
        "checking": checking,
        "files": FilesScreen,
        "first_run": first_run,
        "light_first": light_first,
        "photo_trouble": photo_trouble,
        "saved": saved,
        "settings": settings,
        "sources": sources,
    }


class SkinApp(App):
    """See `controller.Controller` for what screens may ask of it."""

    def __init__(
        self, capture: Capture, answerer: Answerer, folder: Path, theme: SystemTheme, phone: Phone | None = None
    ):
        """Nothing is shown yet.

        Args:
            capture: where pictures come from.
            answerer: the model, perhaps still being loaded.
            folder: of the app's own files.
            theme: what the device prefers.
            phone: that the app runs on; None for a desktop.
        """
        super().__init__()
        self.folder = folder
        self.settings: Settings = read_settings(folder)
        self._texts = load_texts()
        self._system_theme = theme
        self._usual_scale = Metrics.fontscale
        self.capture, self.answerer = capture, answerer
        capture.to_screen = lambda act: Clock.schedule_once(lambda _: act())
        capture.crop_fraction = lambda: self.crop_fraction
        self.phone = phone
        self.speech: Voice = phone.voice if phone else Speech()
        self._history: list[tuple[str, Screen]] = []
        self._asked = 0  # answers to anything but the latest question are too late

    # What Kivy calls.

    def build(self) -> Widget:
        """Make the window's content."""
        self.title = self._texts("app.name")
        self.shell = Shell()
        self.shell.on_escape, self.shell.on_paste = self.escape, self.paste
        self.shell.listen()
        Window.bind(on_drop_file=self._dropped)
        for gone, back in (("on_minimize", "on_restore"), ("on_hide", "on_show")):
            Window.bind(**{gone: lambda *_: self.on_pause(), back: lambda *_: self.on_resume()})
        if self.phone:
            rmtree(self.folder / SHARED, ignore_errors=True)
        self._dress()
        self.restart("camera" if self.settings.first_run_seen else "first_run")
        return self.shell

    def on_pause(self) -> bool:
        """A phone puts the app aside, or a desktop its window: the camera is released."""
        self.capture.hide()
        self.speech.hush()
        return True

    def on_resume(self) -> None:
        """It comes back."""
        if isinstance(self.shell.screen, CameraScreen):
            self.shell.screen.entered()

    def open_settings(self, *_: object) -> None:
        """F1 asks for Kivy's own settings, which are none of this app's."""

    def on_stop(self) -> None:
        """The window closes. Kivy calls this twice."""
        self.capture.close()
        self.speech.hush()
        self.answerer.close()

    # What screens ask for.

    @property
    def crop_fraction(self) -> float:
        """Share of each side that the model sees."""
        card = self.answerer.card
        return float(card["input"]["crop_fraction"]) if card else CROP_FRACTION

    @property
    def demo(self) -> bool:
        """The model knows synthetic pictures only."""
        card = self.answerer.card
        return bool(card and card["synthetic"])

    def start_using(self) -> None:
        """The first explanation has been read."""
        problem = self._keep(first_run_seen=True)
        self.restart("camera")
        self._tell_not_kept(problem)

    def go(self, name: str, **options: Any) -> None:
        """Show a screen over this one."""
        make = CameraScreen if name == "camera" else screens()[name]
        self._history.append((name, partial(make, self, **options)))
        self._show()

    def restart(self, name: str, **options: Any) -> None:
        """Show a screen from which escape leads to the camera."""
        self._history = [] if name in ("camera", "first_run") else [("camera", partial(CameraScreen, self))]
        self.go(name, **options)

    def back(self) -> None:
        """Return to the screen before."""
        if len(self._history) > 1:
            self._history.pop()
            self._show()

    def escape(self) -> None:
        """Back, or out of the app from its first screen."""
        if len(self._history) > 1:
            self.back()
        else:
            self.stop()

    def change(self, **settings: Any) -> None:
        """Change settings and show them at once."""
        problem = self._keep(**settings)
        held = self.shell.screen and focused(self.shell.screen)
        self._dress()
        self._show()
        if held:
            refocus(self.shell.screen, held.called)
        self._tell_not_kept(problem)

    def use_source(self, spec: str) -> None:
        """Take pictures from elsewhere and show them."""
        try:
            self.capture.choose(spec)
        except (OSError, UnusableInput) as error:
            self.restart("photo_trouble", what="source", detail=str(error))
        else:
            self.restart("camera")

    def open_photo(self) -> None:
        """Let the person find a photo: in a phone's own picker, or in the folders of a desktop."""
        if self.phone is None:
            self.go("files")
        else:
            self.phone.pick_photo(mainthread(self.check), mainthread(self._no_photo))

    def check(self, photo: Photo | Path | bytes, despite_light: bool = False) -> None:
        """Ask the model about a photo."""
        self._asked += 1
        self.answerer.submit(photo, partial(self._answered, self._asked), despite_light)
        self.restart("checking")

    @mainthread
    def _answered(self, question: int, answer: Answer) -> None:
        if question == self._asked and self._history[-1][0] == "checking":
            self.show_answer(answer)

    def show_answer(self, answer: Answer) -> None:
        """Show what the model said, the light first."""
        if answer.error is not None and self.answerer.problem is not None:
            self.restart("photo_trouble", what="model", detail=self.answerer.problem)
        elif answer.error is not None:
            self.restart("photo_trouble", what="photo", detail=answer.error)
        elif not answer.lighting_confirmed and not answer.despite_light:
            self.restart("light_first", answer=answer)
        else:
            self.restart("answer", answer=answer)

    def paste(self) -> None:
        """Ask about the picture on the clipboard, once the first explanation has been read."""
        if not self.settings.first_run_seen:
            return
        found = pasted()
        if found is None:
            self.restart("photo_trouble", what="clipboard")
        else:
            self.check(found)

    def _keep(self, **settings: Any) -> Exception | None:
        """Change settings. What cannot be written holds until the app ends: gives why."""
        self.settings = replace(self.settings, **settings)
        try:
            write_settings(self.settings, self.folder)
        except (OSError, UnusableInput) as error:
            return error
        return None

    def _tell_not_kept(self, problem: Exception | None) -> None:
        if problem is not None:
            from mobile_app.ui.screens.keep import failed

            failed(self, problem)

    def _no_photo(self, why: str) -> None:
        self.restart("photo_trouble", what="photo", detail=why)

    def _dropped(self, _: Any, path: bytes, *__: object) -> None:
        if not self.settings.first_run_seen:
            return
        dropped = Path(path.decode("utf-8", "surrogateescape"))
        if dropped.is_dir():
            self.use_source(str(dropped))
        else:
            self.check(dropped)

    def _show(self) -> None:
        self.shell.show(self._history[-1][1]())

    def _dress(self) -> None:
        chosen = self.settings.theme
        self.look = Look(self._system_theme.name if chosen == "system" else chosen, self._texts)
        Metrics.fontscale = self._usual_scale * self.settings.font_scale
        Window.clearcolor = self.look.color("ground")
