"""Finding a photo, or a folder of photos, on this device."""

from pathlib import Path

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.controller import Controller
from mobile_app.ui.focus import focused, refocus
from mobile_app.ui.look import pixels
from mobile_app.ui.page import Page
from mobile_app.ui.passages import path_text
from mobile_app.ui.places import list_folder, user_folder
from mobile_app.ui.rows import Choice, LinkRow
from mobile_app.ui.surfaces import Column
from mobile_app.ui.theme import SMALL
from mobile_app.ui.words import Words


class FilesScreen(Page):
    """Lists one folder at a time.

    Attributes:
        folder: that is listed.
    """

    def __init__(self, app: Controller, choose_folder: bool = False, start: Path | None = None):
        say = app.look.say
        super().__init__(app.look, say("files.title_folder" if choose_folder else "files.title"), app.back)
        self._app, self._choose_folder = app, choose_folder
        self._places = {
            "files.home": Path.home(),
            "files.pictures": user_folder("PICTURES"),
            "files.downloads": user_folder("DOWNLOAD"),
        }
        if choose_folder:
            self.footer(
                [TextButton(app.look, say("files.use_folder"), lambda: app.use_source(str(self.folder)), "folder")]
            )
        self.folder = start or self._places["files.pictures"]
        self._list()

    def open_folder(self, folder: Path) -> None:
        """List another folder."""
        self.folder = folder
        self._list()
        self.scroll.scroll_y = 1

    def _list(self) -> None:
        look, say = self._app.look, self._app.look.say
        listing = list_folder(self.folder)
        held = focused(self.column)
        self.column.clear_widgets()
        # Where two of them are the same folder, one is enough.
        places = {path: text_id for text_id, path in reversed(self._places.items())}
        options = [(path, say(text_id)) for path, text_id in reversed(places.items())]
        self.add(
            Choice(look, options, self.folder, self.open_folder), Words(look, path_text(self.folder), "small", "muted")
        )
        lines = Column(spacing=pixels(SMALL))
        if self.folder.parent != self.folder:
            lines.add_widget(
                LinkRow(look, "up", say("files.up"), lambda: self.open_folder(self.folder.parent), arrow=False)
            )
        for folder in listing.folders:
            lines.add_widget(LinkRow(look, "folder", folder.name, lambda folder=folder: self.open_folder(folder)))
        for photo in listing.photos:
            lines.add_widget(
                LinkRow(look, "photo", photo.name, lambda photo=photo: self._app.check(photo), arrow=False)
                if not self._choose_folder
                else Words(look, photo.name, tone="muted")
            )
        self.add(lines)
        if listing.closed:
            self.add(Words(look, say("files.closed")))
        elif not listing.photos:
            self.add(Words(look, say("files.empty"), tone="muted"))
        if listing.left_out:
            self.add(Words(look, say("files.more", count=listing.left_out), "small", "muted"))
        if not self._choose_folder:
            self.add(Words(look, say("files.hint"), "small", "muted"))
        if held:
            refocus(self.column, held.called)
