"""Saving and sharing an answer, only when asked, and saying where it went."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mobile_app.answer import Answer
from mobile_app.phone import SHARED_FOLDER
from mobile_app.saved_photos import save
from mobile_app.shared_page import write_pdf, write_png
from mobile_app.ui.app import SkinApp
from mobile_app.ui.buttons import Action
from mobile_app.ui.cards import display_path, open_message
from mobile_app.ui.folders import free_path, show_in_file_manager, user_folder
from triage.errors import SkinDistillError

SAVED_FOLDER = "saved"
"""Folder of saved photos inside the app's own."""
SHARED_NAME = "skin-check"
MEDIA_TYPES = {".json": "application/json", ".pdf": "application/pdf", ".png": "image/png"}


def save_answer(app: SkinApp, answer: Answer) -> None:
    """Save the photo in the private folder."""
    try:
        folder = save(answer, app.folder / SAVED_FOLDER).parent
    except (OSError, SkinDistillError) as error:
        show_error(app, error)
        return
    _show_done(app, "save.done", _place_text(app, "save.done_text", "save.done_text_on_phone", folder), folder)


def open_share_sheet(app: SkinApp, answer: Answer) -> None:
    """Ask in which format to share."""
    tr = app.style.tr
    place = _place_text(app, "share.place", "share.place_on_phone", user_folder("DOWNLOAD"))
    formats = (("share.pdf", "document", ".pdf", write_pdf), ("share.image", "photo", ".png", write_png))
    actions: list[Action] = [
        (title, icon, partial(export_file, app, SHARED_NAME + suffix, partial(write, answer, tr)))
        for title, icon, suffix, write in formats
    ]
    text = f"{tr('share.warning')}\n{place}"
    open_message(app, "share", tr("share.title"), text, *actions, close="action.cancel")


def export_file(app: SkinApp, name: str, write: Callable[[Path], None]) -> None:
    """Write a file for the person: into the downloads folder of a desktop, or through a phone's share list.

    Args:
        app: the app.
        name: file name; on a desktop, a number is added if it exists.
        write: writes the file at a path.
    """
    try:
        if app.phone is None:
            path = free_path(user_folder("DOWNLOAD"), Path(name).stem, Path(name).suffix)
            write(path)
            _show_done(app, "share.done", app.style.tr("share.done_text", place=display_path(path)), path.parent)
            return
        folder = app.folder / SHARED_FOLDER
        shutil.rmtree(folder, ignore_errors=True)  # the previous file; its receiver has had time to read it
        folder.mkdir(parents=True)
        write(folder / name)
        app.phone.share(folder / name, MEDIA_TYPES[Path(name).suffix])
        app.root.close_sheet()
    except (OSError, SkinDistillError) as error:
        show_error(app, error)


def show_error(app: SkinApp, error: Exception, title: str = "share.failed") -> None:
    """Say what could not be written or deleted, and why."""
    open_message(app, "unreadable", app.style.tr(title), str(error))


def _place_text(app: SkinApp, on_desktop: str, on_phone: str, place: Path) -> str:
    # On a phone no other app sees the folder, so its path helps nobody.
    return app.style.tr(on_phone) if app.phone else app.style.tr(on_desktop, place=display_path(place))


def _show_done(app: SkinApp, title: str, text: str, folder: Path) -> None:
    show = ("action.show_folder", "folder", partial(show_in_file_manager, folder))
    open_message(app, "ready", app.style.tr(title), text, *([] if app.phone else [show]))
