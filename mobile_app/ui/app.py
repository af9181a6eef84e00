"""The Kivy app: owns source, model, settings and window, and navigates between screens."""

from collections.abc import Callable, Mapping
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

from mobile_app.answer import Answer, answer_again, answer_together
from mobile_app.classifier import BackgroundClassifier, Picture
from mobile_app.phone import SHARED_FOLDER, Phone, Voice
from mobile_app.settings import read_settings, write_settings
from mobile_app.sources.photo_folder import PhotoFolder
from mobile_app.texts import load_texts
from mobile_app.ui.capture import Capture
from mobile_app.ui.clipboard import read_clipboard
from mobile_app.ui.desktop_voice import DesktopVoice
from mobile_app.ui.focus import focused, refocus
from mobile_app.ui.root_widget import RootWidget
from mobile_app.ui.style import Style
from mobile_app.ui.system_theme import SystemTheme
from triage.crop import CROP, Crop
from triage.errors import UnusableInput
from triage.photo import DecodedPhoto

MakeScreen = Callable[..., Widget]
DROP_S = 0.1
"""Files of one drop arrive one by one within this time."""


def screens() -> dict[str, MakeScreen]:
    """Return the screens by name; their modules import this one."""
    from mobile_app.ui.screens import (
        about,
        answer,
        benchmark,
        camera,
        checking,
        files,
        first_run,
        questions,
        saved,
        settings,
        sources,
        trouble,
    )

    return {
        "about": about.about,
        "answer": answer.AnswerScreen,
        "benchmark": benchmark.BenchmarkScreen,
        "camera": camera.CameraScreen,
        "checking": checking.checking,
        "files": files.FilesScreen,
        "first_run": first_run.first_run,
        "light_first": checking.light_first,
        "photo_trouble": trouble.photo_trouble,
        "questions": questions.QuestionsScreen,
        "saved": saved.saved,
        "settings": settings.settings,
        "sources": sources.sources,
    }


class SkinApp(App):
    """The app, passed to every screen.

    Attributes:
        capture, classifier, voice: the frame source, the model, and text to speech.
        folder, settings, style: its own files, the person's settings, and what widgets are made with.
        phone: the phone it runs on; None on a desktop.
        offer_sources: the introduction leads to the choice of a source, because nobody has chosen one.
    """

    offer_sources = False

    def __init__(
        self,
        capture: Capture,
        classifier: BackgroundClassifier,
        folder: Path,
        theme: SystemTheme,
        phone: Phone | None = None,
    ):
        super().__init__()
        self.folder, self.phone = folder, phone
        self.settings = read_settings(folder)
        self._texts = load_texts()
        self._system_theme = theme
        self._base_font_scale = Metrics.fontscale
        self.capture, self.classifier = capture, classifier
        capture.run_on_ui_thread = lambda act: Clock.schedule_once(lambda _: act())
        capture.crop, capture.find_spot = lambda: self.crop, classifier.find_spot
        self.voice: Voice = phone.voice if phone else DesktopVoice()
        self._history: list[tuple[str, MakeScreen]] = []
        self._dropped: list[Path] = []
        self._take_dropped = Clock.create_trigger(self._use_dropped, DROP_S)
        self._earlier: Answer | None = None  # about the spot of which another photo is being taken
        self._request = 0  # answers to any but the latest request are dropped

    def build(self) -> Widget:
        """Create the window's content."""
        self.title = self._texts("app.name")
        self.root: RootWidget = RootWidget(self.on_escape_key, self.paste)
        Window.bind(on_drop_file=self._on_drop_file)
        for hidden, shown in (("on_minimize", "on_restore"), ("on_hide", "on_show")):
            Window.bind(**{hidden: lambda *_: self.on_pause(), shown: lambda *_: self.on_resume()})
        if self.phone:
            rmtree(self.folder / SHARED_FOLDER, ignore_errors=True)
        self._apply_theme()
        self.reset_to("camera" if self.settings.first_run_seen else "first_run")
        return self.root

    def on_pause(self) -> bool:
        """Release the camera when the app goes to the background or its window is minimized."""
        self.capture.pause()
        self.voice.silence()
        return True

    def on_resume(self) -> None:
        """Restart the camera."""
        if self._history[-1][0] == "camera":
            self.root.notify("on_enter")

    def open_settings(self, *_: object) -> None:
        """Disable Kivy's own settings on F1."""

    def on_stop(self) -> None:
        """Close everything. Kivy calls this twice."""
        self.capture.close()
        self.voice.silence()
        self.classifier.close()

    @property
    def crop(self) -> Crop:
        """What the model sees of a photo."""
        card = self.classifier.card
        return Crop.recorded(card["input"]) if card else CROP

    @property
    def demo(self) -> bool:
        """Whether the model was trained on synthetic images only."""
        card = self.classifier.card
        return card is not None and card["synthetic"]

    def finish_first_run(self) -> None:
        """Remember that the introduction has been read."""
        self._store_settings(first_run_seen=True)
        self.reset_to("sources" if self.offer_sources else "camera")

    def push(self, name: str, **options: Any) -> None:
        """Open a screen on top of this one."""
        self._history.append((name, partial(screens()[name], self, **options)))
        self._show()

    def reset_to(self, name: str, **options: Any) -> None:
        """Open a screen from which Back leads to the camera."""
        if name != "checking":
            self._earlier = None
        self._history = [] if name in ("camera", "first_run") else [("camera", partial(screens()["camera"], self))]
        self.push(name, **options)

    def back(self) -> None:
        """Return to the previous screen."""
        if len(self._history) > 1:
            self._history.pop()
            self._earlier = None
            self._show()

    def on_escape_key(self) -> None:
        """Go back, or from the first screen ask whether to close the app."""
        if len(self._history) > 1:
            self.back()
        else:
            from mobile_app.ui.cards import open_message

            stop = ("quit.yes", None, self.stop)
            open_message(self, "unsure", self._texts("quit.title"), "", stop, close="action.cancel")

    def change_settings(self, **settings: Any) -> None:
        """Change settings and apply them."""
        self._store_settings(**settings)
        held = self.root.screen and focused(self.root.screen)
        self._apply_theme()
        self._show()
        if held:
            refocus(self.root.screen, held.label)

    def use_source(self, spec: str) -> None:
        """Switch to another source and show it."""
        try:
            self.capture.switch_source(spec)
        except (OSError, UnusableInput) as error:
            self.reset_to("photo_trouble", what="source", detail=str(error))
        else:
            self.reset_to("camera")

    def retry_source(self) -> None:
        """Open the current source again."""
        if self.capture.spec:
            self.use_source(self.capture.spec)
        else:  # dropped files, which have no name of their own
            self.reset_to("camera")

    def open_photo(self) -> None:
        """Let the person choose a photo, in the phone's picker or in the desktop's folders."""
        if self.phone is None:
            self.push("files")
        else:
            refuse = mainthread(lambda why: self.reset_to("photo_trouble", what="photo", detail=why))
            self.phone.pick_photo(mainthread(self.classify), refuse)

    def classify(self, photo: Picture, ignore_light: bool = False, synthetic_photo: bool = False) -> None:
        """Classify a photo and show the answer."""
        self._request += 1
        self.classifier.submit(photo, partial(self._on_answer, self._request), ignore_light, synthetic_photo)
        self.reset_to("checking")

    @mainthread
    def _on_answer(self, request: int, answer: Answer) -> None:
        if request == self._request and self._history[-1][0] == "checking":
            self.show_answer(answer)

    def show_answer(self, answer: Answer) -> None:
        """Show an answer: tips come first if the lighting is poor, and then the card's questions."""
        if answer.error is not None:
            problem = self.classifier.problem
            self.reset_to("photo_trouble", what="model" if problem else "photo", detail=problem or answer.error)
        else:
            self._show_next(answer, "light_first" if answer.reason == "poor_light" else "answer")

    def _show_next(self, answer: Answer, screen: str) -> None:
        card, earlier = self.classifier.card, self._earlier
        if screen == "answer" and earlier and card:
            self.reset_to("answer", answer=answer_together(earlier, answer, card))
        elif screen == "answer" and answer.urgency and card and "answers" in card:
            self.reset_to("questions", answer=answer)
        else:
            self.reset_to(screen, answer=replace(answer, earlier=earlier))

    def answer_anyway(self, answer: Answer) -> None:
        """Classify the photo of an answer again, whatever its lighting."""
        if answer.photo is not None:
            self._earlier = answer.earlier
            self.classify(DecodedPhoto(answer.photo, answer.warnings), True, answer.synthetic_photo)

    def answer_with(self, answer: Answer, given: Mapping[str, object]) -> None:
        """Show an answer with a person's answers to the questions of the card."""
        card = self.classifier.card
        self.reset_to("answer", answer=answer_again(answer, card, given) if card else answer)

    def add_photo(self, answer: Answer) -> None:
        """Let the person take another photo of the spot; Back returns to the answer."""
        from mobile_app.ui.cards import open_message

        self.reset_to("answer", answer=answer)
        self.push("camera")
        self._earlier = answer
        open_message(self, "camera", self._texts("spot.another"), self._texts("spot.another_text"), close="spot.ready")

    def paste(self) -> None:
        """Classify the picture on the clipboard."""
        if not self.settings.first_run_seen:
            return
        found = read_clipboard()
        if isinstance(found, (Path, bytes)):
            self.classify(found)
        else:
            self.reset_to("photo_trouble", what="text" if found else "clipboard")

    def _store_settings(self, **settings: Any) -> None:
        """Change settings; if they cannot be written, the next frame says why, and they last until the app ends."""
        from mobile_app.ui.screens.save_share import show_error

        self.settings = replace(self.settings, **settings)
        try:
            write_settings(self.settings, self.folder)
        except (OSError, UnusableInput) as error:
            why = error
            Clock.schedule_once(lambda _: show_error(self, why))

    def _on_drop_file(self, _: object, path: bytes, *__: object) -> None:
        if not self.settings.first_run_seen:
            return
        self._dropped.append(Path(path.decode("utf-8", "surrogateescape")))
        self._take_dropped()

    def _use_dropped(self, _: float) -> None:
        """A single file is classified, a folder or several files are gone through."""
        dropped, self._dropped = self._dropped, []
        if len(dropped) > 1:
            self.capture.switch_to(PhotoFolder(dropped[0].parent, dropped))
            self.reset_to("camera")
        elif dropped[0].is_dir():
            self.use_source(str(dropped[0]))
        else:
            self.classify(dropped[0])

    def _show(self) -> None:
        self.root.show(self._history[-1][1]())

    def _apply_theme(self) -> None:
        theme = self.settings.theme
        self.style = Style(self._system_theme.name if theme == "system" else theme, self._texts)
        Metrics.fontscale = max(self._base_font_scale, self.settings.font_scale)
        Window.clearcolor = self.style.color("background")
