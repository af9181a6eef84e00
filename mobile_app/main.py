"""Where the app starts, on a desktop and on a phone."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from mobile_app.answering import Answerer
from mobile_app.phone import Phone
from mobile_app.settings import data_folder
from mobile_app.ui.capture import Capture
from mobile_app.ui.system_theme import SystemTheme
from triage.errors import UnusableInput
from triage.model_file import read_model

WINDOW = (1280, 720)
LEAST_WINDOW = (320, 480)


def main(
    source: str = "camera", model: Path | None = None, folder: Path | None = None, phone: Phone | None = None
) -> None:
    """Run the app until its window is closed.

    Args:
        source: as `mobile_app.sources.open_source` takes it.
        model: a release file; None for the demo model that travels with the app.
        folder: of the app's own files; by default this user's.
        phone: that the app runs on; None for a desktop.

    Raises:
        UnusableInput: there is no such source or model, or no window can be opened.
        ModuleNotFoundError: Kivy is not installed.
    """
    if find_spec("kivy") is None:
        raise ModuleNotFoundError("Kivy is not installed.", name="kivy")
    folder = folder or data_folder()
    prepare_kivy(folder)
    # What takes no window comes first: mistakes are told without one, and the model is loaded while it opens.
    capture, answerer, theme = Capture(source), Answerer(model and read_model(model).path), SystemTheme()
    from kivy.core.window import Window

    if Window is None:
        raise UnusableInput(
            f"No window can be opened here. Received: DISPLAY={os.environ.get('DISPLAY', '')!r}. "
            "Start the app on a desktop, or under `xvfb-run`."
        )
    from mobile_app.ui.app import SkinApp

    SkinApp(capture, answerer, folder, theme, phone).run()


def prepare_kivy(folder: Path) -> None:
    """Set Kivy up before it is first imported: quiet, without a hand on the command line, its files in our folder."""
    os.environ.setdefault("KIVY_NO_ARGS", "1")
    # In its usual mode Kivy takes standard error for itself, and tracebacks would vanish with its own chatter.
    os.environ.setdefault("KIVY_LOG_MODE", "MIXED")
    os.environ.setdefault("KIVY_NO_CONSOLELOG", "1")
    os.environ.setdefault("KIVY_NO_FILELOG", "1")
    os.environ.setdefault("KIVY_WINDOW", "sdl2")  # others end the process where they find no screen
    if sys.platform == "linux":
        # Where it finds no screen SDL would draw to nowhere, and a person would wait for a window.
        os.environ.setdefault("SDL_VIDEODRIVER", "x11,wayland,kmsdrm")
    os.environ.setdefault("KIVY_HOME", str(folder / "kivy"))
    Path(os.environ["KIVY_HOME"]).mkdir(parents=True, exist_ok=True)
    from kivy.config import Config

    for section, key, value in (
        ("kivy", "exit_on_escape", "0"),
        ("kivy", "log_level", "error"),
        ("graphics", "width", str(WINDOW[0])),
        ("graphics", "height", str(WINDOW[1])),
        ("graphics", "minimum_width", str(LEAST_WINDOW[0])),
        ("graphics", "minimum_height", str(LEAST_WINDOW[1])),
        # Edges are smoothed where they are drawn; a software renderer pays dearly for smoothing all of them.
        ("graphics", "multisamples", "0"),
        # Right and middle clicks must not leave Kivy's red dots.
        ("input", "mouse", "mouse,disable_multitouch"),
    ):
        Config.set(section, key, value)
    # Kivy looks for touch devices by itself and says much about those it may not open; SDL brings the touches, too.
    Config.remove_option("input", "%(name)s")


if __name__ == "__main__":
    main()
