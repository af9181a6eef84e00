"""What the person has saved: to look at again, and to delete."""

from pathlib import Path

from kivy.uix.widget import Widget

from mobile_app.keeping import saved_when
from mobile_app.ui.buttons import TextButton
from mobile_app.ui.controller import Controller
from mobile_app.ui.page import Page
from mobile_app.ui.places import list_folder
from mobile_app.ui.rows import LinkRow
from mobile_app.ui.screens.keep import SAVED
from mobile_app.ui.words import Words


def saved(app: Controller) -> Widget:
    """List saved pictures, newest first; a touch asks the model about one again."""
    look, say = app.look, app.look.say
    page = Page(look, say("saved.title"), app.back)
    listing = list_folder(app.folder / SAVED)
    for photo in listing.photos:
        page.add(LinkRow(look, "photo", saved_when(photo), lambda photo=photo: app.check(photo)))
    if listing.left_out:
        page.add(Words(look, say("files.more", count=listing.left_out), "small", "muted"))
    if listing.photos:
        page.footer([TextButton(look, say("saved.delete"), lambda: _ask(app, listing.photos), kind="quiet")])
    else:
        page.add(Words(look, say("saved.none"), tone="muted"))
    return page


def _ask(app: Controller, photos: tuple[Path, ...]) -> None:
    look, say = app.look, app.look.say
    app.shell.open_sheet(
        look,
        Words(look, say("saved.delete_text", count=len(photos))),
        TextButton(look, say("saved.delete"), lambda: _delete(app, photos)),
        TextButton(look, say("action.cancel"), app.shell.close_sheet, kind="quiet"),
    )


def _delete(app: Controller, photos: tuple[Path, ...]) -> None:
    look, say = app.look, app.look.say
    try:
        for photo in photos:
            photo.unlink(missing_ok=True)
    except OSError as error:
        app.shell.open_sheet(
            look,
            Words(look, f"{say('saved.delete_failed')}: {error}"),
            TextButton(look, say("action.close"), app.shell.close_sheet),
        )
        return
    app.restart("saved")
