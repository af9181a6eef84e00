"""What screens may ask of the app."""

from pathlib import Path
from typing import Any, Protocol

from mobile_app.answer import Answer
from mobile_app.answering import Answerer
from mobile_app.phone import Phone, Voice
from mobile_app.settings import Settings
from mobile_app.ui.capture import Capture
from mobile_app.ui.look import Look
from mobile_app.ui.shell import Shell
from triage.photo import Photo


class Controller(Protocol):
    """The app, as screens see it.

    Attributes:
        look: theme and words.
        settings: what a person has set.
        capture: the running source.
        answerer: the model.
        shell: the window.
        speech: the device's voice.
        phone: that the app runs on; None on a desktop.
    """

    look: Look
    settings: Settings
    capture: Capture
    answerer: Answerer
    shell: Shell
    speech: Voice
    phone: Phone | None

    @property
    def folder(self) -> Path:
        """Where the app keeps its files."""

    @property
    def crop_fraction(self) -> float:
        """Share of each side that the model sees."""

    @property
    def demo(self) -> bool:
        """The model knows synthetic pictures only, or is not loaded yet."""

    def start_using(self) -> None:
        """The first explanation has been read."""

    def go(self, name: str, **options: Any) -> None:
        """Show a screen over this one; `back` returns."""

    def restart(self, name: str, **options: Any) -> None:
        """Show a screen from which escape leads to the camera."""

    def back(self) -> None:
        """Return to the screen before."""

    def change(self, **settings: Any) -> None:
        """Change settings and show them at once."""

    def use_source(self, spec: str) -> None:
        """Take pictures from elsewhere and show them."""

    def open_photo(self) -> None:
        """Let the person find a photo on this device, and ask the model about it."""

    def check(self, photo: Photo | Path | bytes, despite_light: bool = False) -> None:
        """Ask the model about a photo."""

    def show_answer(self, answer: Answer) -> None:
        """Show what the model said."""
