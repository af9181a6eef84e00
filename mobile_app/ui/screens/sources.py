"""Choice of the frame source."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from kivy.uix.widget import Widget

from mobile_app.ui.menu import MenuRow
from mobile_app.ui.page import Page
from mobile_app.ui.widgets import Column

if TYPE_CHECKING:
    from mobile_app.ui.app import SkinApp


def sources(app: "SkinApp") -> Widget:
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
    if app.phone:
        choices = [choice for choice in choices if choice[1] not in ("source.second_camera", "source.folder")]
    page = Page(style, tr("source.title"), app.back)
    page.add(Column(*(MenuRow(style, icon, tr(title), action, tr(note)) for icon, title, action, note in choices)))
    return page
