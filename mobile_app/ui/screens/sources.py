"""Choice of the frame source."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kivy.uix.widget import Widget

from mobile_app.ui.app import SkinApp
from mobile_app.ui.menu import MenuRow
from mobile_app.ui.page import Page
from mobile_app.ui.widgets import Column


def sources(app: SkinApp) -> Widget:
    """Build the screen. A phone has one camera here, and no folders."""
    style, tr = app.style, app.style.tr
    camera = app.phone.camera if app.phone else "camera"
    choices: list[tuple[str, str, Callable[[], object], str]] = [
        ("camera", "source.camera", partial(app.use_source, camera), "source.camera_note"),
        ("camera", "source.second_camera", partial(app.use_source, "1"), "source.second_camera_note"),
        ("too_bright", "source.demo", partial(app.use_source, "demo"), "source.demo_note"),
        ("folder", "source.folder", partial(app.push, "files", choose_folder=True), "source.folder_note"),
        ("photo", "action.open_photo", app.open_photo, "source.photo_note"),
        ("save", "saved.title", partial(app.push, "saved"), "saved.note"),
    ]
    missing = {"source.second_camera", "source.folder"} if app.phone else _missing_cameras()
    first, second = "source.camera", "source.second_camera"
    current = {camera: first, "0": first, "1": second, "demo": "source.demo"}.get(app.capture.spec)
    page = Page(style, tr("source.title"), app.back)
    rows = Column()
    if current is None:  # a file, a folder or a set of photos
        name, show = app.capture.session.source.name, partial(app.reset_to, "camera")
        rows.add_widget(MenuRow(style, "document", name, show, end="check"))
    for icon, title, action, note in choices:
        if title not in missing:
            end = "check" if title == current else "forward"
            rows.add_widget(MenuRow(style, icon, tr(title), action, tr(note), end))
    page.add(rows)
    return page


def _missing_cameras() -> set[str]:
    """Return the cameras that are not there, as far as the system tells."""
    if sys.platform != "linux":
        return set()
    names = {"source.camera": "/dev/video0", "source.second_camera": "/dev/video1"}
    return {name for name, device in names.items() if not Path(device).exists()}
