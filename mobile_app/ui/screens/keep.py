"""Saving and sharing an answer: only when asked, and saying where it went."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kivy.uix.widget import Widget

from mobile_app import keeping
from mobile_app.answer import Answer
from mobile_app.phone import SHARED, Phone
from mobile_app.ui.buttons import TextButton
from mobile_app.ui.controller import Controller
from mobile_app.ui.look import pixels
from mobile_app.ui.passages import path_text
from mobile_app.ui.places import free_path, show_in_file_manager, user_folder
from mobile_app.ui.rows import LinkRow
from mobile_app.ui.surfaces import Icon, Row
from mobile_app.ui.theme import MEDIUM
from mobile_app.ui.words import Words
from triage.errors import SkinDistillError

SAVED = "saved"
"""Folder of saved answers within the app's own."""
SHARED_NAME = "skin-check"
MEDIA_TYPES = {".json": "application/json", ".pdf": "application/pdf", ".png": "image/png"}


def keep(app: Controller, answer: Answer) -> None:
    """Save the answer in the private folder."""
    try:
        path = keeping.save(answer, app.folder / SAVED)
    except (OSError, SkinDistillError) as error:
        failed(app, error)
        return
    where = _place_text(app, "save.done_text", "save.done_text_on_phone", path.parent)
    _done(app, "save.done", where, path.parent)


def share_sheet(app: Controller, answer: Answer) -> None:
    """Ask as what the answer is to be shared."""
    look, say = app.look, app.look.say

    def write_pdf(path: Path) -> None:
        keeping.to_pdf(answer, path, say)

    def write_image(path: Path) -> None:
        keeping.to_image(answer, path, say)

    app.shell.open_sheet(
        look,
        _title(app, "share", say("share.title")),
        Words(look, say("share.warning")),
        LinkRow(look, "document", say("share.pdf"), lambda: hand_over(app, f"{SHARED_NAME}.pdf", write_pdf)),
        LinkRow(look, "photo", say("share.image"), lambda: hand_over(app, f"{SHARED_NAME}.png", write_image)),
        Words(look, _place_text(app, "share.place", "share.place_on_phone", user_folder("DOWNLOAD")), "small", "muted"),
        TextButton(look, say("action.cancel"), app.shell.close_sheet, kind="quiet"),
    )


def hand_over(app: Controller, name: str, write: Callable[[Path], None]) -> None:
    """Give a file to the person: on a phone through its list of apps, on a desktop where downloads go.

    Args:
        app: the app.
        name: of the file; a number is added where there is such a file.
        write: writes the file at a path.
    """
    try:
        if app.phone is None:
            path = free_path(user_folder("DOWNLOAD"), Path(name).stem, Path(name).suffix)
            write(path)
            _done(app, "share.done", app.look.say("share.done_text", place=path_text(path)), path.parent)
        else:
            _to_other_app(app, app.phone, name, write)
    except (OSError, SkinDistillError) as error:
        failed(app, error)


def failed(app: Controller, error: Exception) -> None:
    """Say that something could not be written, and why."""
    look, say = app.look, app.look.say
    app.shell.open_sheet(
        look,
        _title(app, "unreadable", say("share.failed")),
        Words(look, str(error)),
        TextButton(look, say("action.close"), app.shell.close_sheet),
    )


def _to_other_app(app: Controller, phone: Phone, name: str, write: Callable[[Path], None]) -> None:
    folder = app.folder / SHARED
    shutil.rmtree(folder, ignore_errors=True)  # the file before, which its receiver has had time to read
    folder.mkdir(parents=True)
    write(folder / name)
    phone.share(folder / name, MEDIA_TYPES[Path(name).suffix])
    app.shell.close_sheet()


def _place_text(app: Controller, on_desktop: str, on_phone: str, place: Path) -> str:
    # No other app of a phone sees the place, and to name it helps nobody.
    return app.look.say(on_phone) if app.phone else app.look.say(on_desktop, place=path_text(place))


def _done(app: Controller, title: str, text: str, folder: Path) -> None:
    look, say = app.look, app.look.say
    buttons = [TextButton(look, say("action.close"), app.shell.close_sheet)]
    if app.phone is None:
        show = partial(show_in_file_manager, folder)
        buttons.append(TextButton(look, say("action.show_folder"), show, "folder", "quiet"))
    app.shell.open_sheet(look, _title(app, "ready", say(title)), Words(look, text), *buttons)


def _title(app: Controller, icon: str, text: str) -> Widget:
    row = Row(spacing=pixels(MEDIUM))
    row.add_widget(Icon(app.look, icon, 28, "accent", pos_hint={"center_y": 0.5}))
    row.add_widget(Words(app.look, text, "title", bold=True, pos_hint={"center_y": 0.5}))
    return row
