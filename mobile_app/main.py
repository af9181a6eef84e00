"""Entry point of the app, on a desktop and on a phone."""

import atexit
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree

from mobile_app.classifier import DEMO_MODEL, BackgroundClassifier
from mobile_app.phone import Phone
from mobile_app.settings import data_folder
from mobile_app.ui.capture import Capture
from mobile_app.ui.system_theme import SystemTheme
from triage.atomic import check_writable
from triage.errors import UnusableInput
from triage.model_file import SHIPPED_MODEL, read_model

DEMO = "demo"
"""Source of synthetic skin."""
WINDOW = (1280, 720)
MIN_WINDOW = (320, 480)


def main(
    source: str | None = None, model: Path | None = None, folder: Path | None = None, phone: Phone | None = None
) -> None:
    """Run the app until its window is closed.

    Args:
        source: see `mobile_app.sources.open_source`; default: the camera, or the demo for a model of synthetic images.
        model: a release file; None for the package's own, and for the demo model where the source is the demo.
        folder: for the app's files; default: `data_folder()`.
        phone: the phone it runs on; None on a desktop.

    Raises:
        UnusableInput: no such source or model, or no window can be opened.
        ModuleNotFoundError: Kivy is not installed.
    """
    if find_spec("kivy") is None:
        raise ModuleNotFoundError("Kivy is not installed.", name="kivy")
    folder = folder or data_folder()
    prepare_kivy(folder)
    # Before the window opens: mistakes need no window, and the model loads meanwhile.
    demo = source == DEMO or not SHIPPED_MODEL.is_file()
    file = read_model(model or (DEMO_MODEL if demo else SHIPPED_MODEL))
    camera = phone.camera if phone else "camera"
    capture = Capture(source or (DEMO if file.card["synthetic"] else camera))
    classifier, theme = BackgroundClassifier(file.path), SystemTheme()
    from kivy.core.window import Window

    if Window is None:
        raise UnusableInput(
            f"No window can be opened here. Received: DISPLAY={os.environ.get('DISPLAY', '')!r}. "
            "Start the app on a desktop, or under `xvfb-run`."
        )
    from mobile_app.ui.app import SkinApp

    app = SkinApp(capture, classifier, folder, theme, phone)
    app.offer_sources = source is None and capture.spec == "demo"
    app.run()


def prepare_kivy(folder: Path) -> None:
    """Configure Kivy before its first import: quiet, no command line parsing, its files in `folder`."""
    for name, value in (
        ("KIVY_NO_ARGS", "1"),
        ("KIVY_LOG_MODE", "MIXED"),  # otherwise Kivy takes over standard error and swallows tracebacks
        ("KIVY_NO_CONSOLELOG", "1"),
        ("KIVY_NO_FILELOG", "1"),
        ("KIVY_WINDOW", "sdl2"),  # the others end the process if there is no screen
        ("KIVY_HOME", str(folder / "kivy")),
    ):
        os.environ.setdefault(name, value)
    if sys.platform == "linux":
        # Without a screen SDL would draw nowhere, and a person would wait for a window.
        os.environ.setdefault("SDL_VIDEODRIVER", "x11,wayland,kmsdrm")
    try:
        check_writable(Path(os.environ["KIVY_HOME"]) / "config.ini")
    except UnusableInput:  # a read-only home or a full disk: settings then hold until the app ends
        os.environ["KIVY_HOME"] = tempfile.mkdtemp(prefix="skin-distill-")
        atexit.register(rmtree, os.environ["KIVY_HOME"], ignore_errors=True)
    from kivy.config import Config

    for section, key, value in (
        ("kivy", "exit_on_escape", "0"),
        ("kivy", "log_level", "error"),
        ("graphics", "width", str(WINDOW[0])),
        ("graphics", "height", str(WINDOW[1])),
        ("graphics", "minimum_width", str(MIN_WINDOW[0])),
        ("graphics", "minimum_height", str(MIN_WINDOW[1])),
        ("graphics", "multisamples", "0"),  # slow in software; shapes smooth their own edges
        ("input", "mouse", "mouse,disable_multitouch"),  # no red dots on right and middle clicks
    ):
        Config.set(section, key, value)
    # SDL reports touches; Kivy's own search for touch devices prints warnings.
    Config.remove_option("input", "%(name)s")


if __name__ == "__main__":
    main()
