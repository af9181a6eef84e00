"""Saved photos: classify one again, or delete all."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kivy.uix.widget import Widget

from mobile_app.saved_photos import saved_time
from mobile_app.ui.buttons import TextButton
from mobile_app.ui.folders import list_folder
from mobile_app.ui.label import TextLabel
from mobile_app.ui.menu import MenuRow
from mobile_app.ui.page import Page
from mobile_app.ui.screens.save_share import SAVED_FOLDER

if TYPE_CHECKING:
    from mobile_app.ui.app import SkinApp


def saved(app: "SkinApp") -> Widget:
    """Build the list, newest first."""
    style, tr = app.style, app.style.tr
    page = Page(style, tr("saved.title"), app.back)
    listing = list_folder(app.folder / SAVED_FOLDER)
    for photo in listing.photos:
        page.add(MenuRow(style, "photo", saved_time(photo), partial(app.classify, photo)))
    if listing.left_out:
        page.add(TextLabel(style, tr("files.more", count=listing.left_out), "small", "muted"))
    if listing.photos:
        page.footer([TextButton(style, tr("saved.delete"), lambda: _confirm(app, listing.photos), kind="quiet")])
    else:
        page.add(TextLabel(style, tr("saved.none"), color_name="muted"))
    return page


def _confirm(app: "SkinApp", photos: tuple[Path, ...]) -> None:
    style, tr = app.style, app.style.tr
    app.root.open_sheet(
        style,
        TextLabel(style, tr("saved.delete_text", count=len(photos))),
        TextButton(style, tr("saved.delete"), lambda: _delete(app, photos)),
        TextButton(style, tr("action.cancel"), app.root.close_sheet, kind="quiet"),
    )


def _delete(app: "SkinApp", photos: tuple[Path, ...]) -> None:
    style, tr = app.style, app.style.tr
    try:
        for photo in photos:
            photo.unlink(missing_ok=True)
    except OSError as error:
        app.root.open_sheet(
            style,
            TextLabel(style, f"{tr('saved.delete_failed')}: {error}"),
            TextButton(style, tr("action.close"), app.root.close_sheet),
        )
        return
    app.reset_to("saved")
