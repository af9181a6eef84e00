"""Where the app starts, on a desktop and on a phone."""

import os
from pathlib import Path

from mobile_app.settings import data_folder

WINDOW = (1280, 720)
LEAST_WINDOW = (320, 480)


def main(source: str = "camera", model: Path | None = None, folder: Path | None = None) -> None:
    """Run the app until its window is closed.

    Args:
        source: as `mobile_app.sources.open_source` takes it.
        model: a release file; None for the demo model that travels with the app.
        folder: of the app's own files; by default this user's.

    Raises:
        UnusableInput: there is no such source, or no such model.
        ModuleNotFoundError: Kivy is not installed.
    """
    folder = folder or data_folder()
    prepare_kivy(folder)
    # What does not need a window is asked before it opens.
    from mobile_app.ui.system_theme import SystemTheme

    theme = SystemTheme()
    from mobile_app.ui.app import SkinApp

    SkinApp(source, model, folder, theme).run()


def prepare_kivy(folder: Path) -> None:
    """Set Kivy up before it is first imported: quiet, without a hand on the command line, its files in our folder."""
    os.environ.setdefault("KIVY_NO_ARGS", "1")
    # In its usual mode Kivy takes standard error for itself, and tracebacks would vanish with its own chatter.
    os.environ.setdefault("KIVY_LOG_MODE", "MIXED")
    os.environ.setdefault("KIVY_NO_CONSOLELOG", "1")
    os.environ.setdefault("KIVY_NO_FILELOG", "1")
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
