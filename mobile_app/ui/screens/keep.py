"""Saving and sharing an answer: only when asked, and saying where it went."""

from pathlib import Path

from kivy.uix.widget import Widget

from mobile_app import keeping
from mobile_app.answer import Answer
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


def keep(app: Controller, answer: Answer) -> None:
    """Save the answer in the private folder."""
    try:
        path = keeping.save(answer, app.folder / SAVED)
    except (OSError, SkinDistillError) as error:
        _failed(app, error)
        return
    _done(app, "save.done", "save.done_text", path.parent)


def share_sheet(app: Controller, answer: Answer) -> None:
    """Ask as what the answer is to be shared."""
    look, say = app.look, app.look.say
    place = user_folder("DOWNLOAD")
    app.shell.open_sheet(
        look,
        _title(app, "share", say("share.title")),
        Words(look, say("share.warning")),
        LinkRow(look, "document", say("share.pdf"), lambda: _share(app, answer, free_path(place, SHARED_NAME, ".pdf"))),
        LinkRow(look, "photo", say("share.image"), lambda: _share(app, answer, free_path(place, SHARED_NAME, ".png"))),
        Words(look, say("share.place", place=path_text(place)), "small", "muted"),
        TextButton(look, say("action.cancel"), app.shell.close_sheet, kind="quiet"),
    )


def _share(app: Controller, answer: Answer, path: Path) -> None:
    try:
        (keeping.to_pdf if path.suffix == ".pdf" else keeping.to_image)(answer, path, app.look.say)
    except (OSError, SkinDistillError) as error:
        _failed(app, error)
        return
    _done(app, "share.done", "share.done_text", path)


def _done(app: Controller, title: str, text: str, path: Path) -> None:
    look, say = app.look, app.look.say
    folder = path if path.is_dir() else path.parent
    app.shell.open_sheet(
        look,
        _title(app, "ready", say(title)),
        Words(look, say(text, place=path_text(path))),
        TextButton(look, say("action.close"), app.shell.close_sheet),
        TextButton(look, say("action.show_folder"), lambda: show_in_file_manager(folder), "folder", "quiet"),
    )


def _failed(app: Controller, error: Exception) -> None:
    look, say = app.look, app.look.say
    app.shell.open_sheet(
        look,
        _title(app, "unreadable", say("share.failed")),
        Words(look, str(error)),
        TextButton(look, say("action.close"), app.shell.close_sheet),
    )


def _title(app: Controller, icon: str, text: str) -> Widget:
    row = Row(spacing=pixels(MEDIUM))
    row.add_widget(Icon(app.look, icon, 28, "accent", pos_hint={"center_y": 0.5}))
    row.add_widget(Words(app.look, text, "title", bold=True, pos_hint={"center_y": 0.5}))
    return row
