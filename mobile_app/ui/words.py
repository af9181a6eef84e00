"""Words on the screen: they wrap, and are as high as they need."""

from typing import Any

from kivy.core.text import Label as CoreLabel
from kivy.uix.label import Label

from mobile_app.ui.look import Look, type_size
from mobile_app.ui.theme import LINE_HEIGHT


class Words(Label):
    """A paragraph as wide as it is given and as high as its text.

    Attributes:
        tone: name of its color in the palette.
        type_name: name of its size in `theme.TYPE`.
    """

    def __init__(
        self,
        look: Look,
        text: str,
        size: str = "body",
        tone: str = "text",
        bold: bool = False,
        align: str = "left",
        **options: Any,
    ):
        self.tone, self.type_name = tone, size
        options.setdefault("size_hint_y", None)
        super().__init__(
            text=text.encode("utf-8", "replace").decode(),  # names of files may be no UTF-8, which Kivy cannot draw
            font_size=type_size(size),
            line_height=LINE_HEIGHT,
            color=look.color(tone),
            bold=bold,
            halign=align,
            valign="middle",
            **options,
        )
        self.bind(width=self._wrap, texture_size=self._grow)
        self._wrap()

    def _wrap(self, *_: object) -> None:
        self.text_size = (max(1, self.width), None)

    def _grow(self, *_: object) -> None:
        if self.size_hint_y is None:
            self.height = self.texture_size[1]


def natural_width(text: str, size: str, bold: bool = False) -> int:
    """Pixels that a text takes on one line."""
    label = CoreLabel(text=text, font_size=type_size(size), bold=bold)
    label.resolve_font_name()
    return int(label.get_extents(text)[0]) + 2  # the renderer rounds once more


def text_height(text: str, size: str, width: float, bold: bool = False) -> int:
    """Pixels of height that a text takes at a width in pixels."""
    label = CoreLabel(
        text=text, font_size=type_size(size), bold=bold, line_height=LINE_HEIGHT, text_size=(max(1, width), None)
    )
    label.resolve_font_name()
    return int(label.render()[1])
