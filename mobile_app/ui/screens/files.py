"""A file browser for choosing a photo or a folder of photos."""

from functools import partial
from pathlib import Path

from mobile_app.ui.app import SkinApp
from mobile_app.ui.cards import display_path
from mobile_app.ui.focus import focused, refocus
from mobile_app.ui.folders import list_folder, user_folder
from mobile_app.ui.label import TextLabel
from mobile_app.ui.menu import MenuRow, OptionGroup
from mobile_app.ui.page import Page
from mobile_app.ui.widgets import Column


class FilesScreen(Page):
    """Lists one folder at a time.

    Attributes:
        folder: the listed folder.
    """

    def __init__(self, app: SkinApp, choose_folder: bool = False, start: Path | None = None):
        tr = app.style.tr
        super().__init__(app.style, tr("files.title_folder" if choose_folder else "files.title"), app.back)
        self._app, self._choose_folder = app, choose_folder
        self._shortcuts = {
            "files.home": Path.home(),
            "files.pictures": user_folder("PICTURES"),
            "files.downloads": user_folder("DOWNLOAD"),
        }
        self.folder = start or self._shortcuts["files.pictures"]
        self._list()

    def open_folder(self, folder: Path) -> None:
        """List another folder."""
        self.folder = folder
        self._list()
        self.scroll.scroll_y = 1

    def _list(self) -> None:
        style, tr = self._app.style, self._app.style.tr
        listing = list_folder(self.folder)
        held = focused(self.column)
        # Shortcuts to the same folder appear once.
        shortcuts = {path: text_id for text_id, path in reversed(self._shortcuts.items())}
        options = [(path, tr(text_id)) for path, text_id in reversed(shortcuts.items())]
        rows, above = Column(), self.folder.parent
        if above != self.folder:
            rows.add_widget(MenuRow(style, "up", tr("files.up"), partial(self.open_folder, above), end=None))
        for folder in listing.folders:
            rows.add_widget(MenuRow(style, "folder", folder.name, partial(self.open_folder, folder)))
        for photo in listing.photos:
            rows.add_widget(
                TextLabel(style, photo.name, color_name="muted")
                if self._choose_folder
                else MenuRow(style, "photo", photo.name, partial(self._app.classify, photo), end=None)
            )
        self.replace(
            OptionGroup(style, options, self.folder, self.open_folder),
            TextLabel(style, display_path(self.folder), "small", "muted"),
            rows,
        )
        if listing.closed:
            self.add(TextLabel(style, tr("files.closed")))
        elif not listing.photos:
            self.add(TextLabel(style, tr("files.empty"), color_name="muted"))
        if listing.left_out:
            self.add(TextLabel(style, tr("files.more", count=listing.left_out), "small", "muted"))
        if self._choose_folder:
            self.footer(("files.use_folder", "folder", lambda: self._app.use_source(str(self.folder))))
        else:
            self.add(TextLabel(style, tr("files.hint"), "small", "muted"))
        if held:
            refocus(self.column, held.label)
