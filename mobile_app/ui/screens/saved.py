"""Saved photos: classify one again, or delete all."""

from functools import partial
from pathlib import Path

from kivy.uix.widget import Widget

from mobile_app.saved_photos import saved_time
from mobile_app.ui.app import SkinApp
from mobile_app.ui.cards import open_message
from mobile_app.ui.folders import list_folder
from mobile_app.ui.label import TextLabel
from mobile_app.ui.menu import MenuRow
from mobile_app.ui.page import Page
from mobile_app.ui.screens.save_share import SAVED_FOLDER, show_error


def saved(app: SkinApp) -> Widget:
    """Build the list, newest first."""
    style, tr = app.style, app.style.tr
    page = Page(style, tr("saved.title"), app.back)
    listing = list_folder(app.folder / SAVED_FOLDER)
    for photo in listing.photos:
        page.add(MenuRow(style, "photo", saved_time(photo), partial(app.classify, photo)))
    if listing.left_out:
        page.add(TextLabel(style, tr("files.more", count=listing.left_out), "small", "muted"))
    if not listing.photos:
        page.add(TextLabel(style, tr("saved.none"), color_name="muted"))
        return page
    text = tr("saved.delete_text", count=len(listing.photos))
    delete = ("saved.delete", None, partial(_delete, app, listing.photos))
    ask = partial(open_message, app, "unsure", tr("saved.delete"), text, delete, close="action.cancel")
    page.footer(
        ("action.to_camera", "camera", partial(app.reset_to, "camera")), ("saved.delete", "close", ask), stacked=True
    )
    return page


def _delete(app: SkinApp, photos: tuple[Path, ...]) -> None:
    try:
        for photo in photos:
            photo.unlink(missing_ok=True)
    except OSError as error:
        show_error(app, error, "saved.delete_failed")
    else:
        app.reset_to("saved")
