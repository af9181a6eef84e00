"""Labels that wrap their text and are as high as it needs."""

from typing import Any

from kivy.core.text import Label as CoreLabel
from kivy.uix.label import Label

from mobile_app.ui.style import Style, font_size
from mobile_app.ui.theme import LINE_HEIGHT


class TextLabel(Label):
    """A paragraph as wide as its parent gives it and as high as its text.

    Attributes:
        color_name: its colour in the palette.
        size_name: its size in `theme.FONT_SIZES`.
    """

    def __init__(
        self,
        style: Style,
        text: str,
        size: str = "body",
        color_name: str = "text",
        bold: bool = False,
        align: str = "left",
        **options: Any,
    ):
        self.color_name, self.size_name = color_name, size
        options.setdefault("size_hint_y", None)
        super().__init__(
            text=text.encode("utf-8", "replace").decode(),  # Kivy cannot draw file names that are not UTF-8
            font_size=font_size(size),
            line_height=LINE_HEIGHT,
            color=style.color(color_name),
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


def text_width(text: str, size: str, bold: bool = False) -> int:
    """Return the width of a text on one line, pixels."""
    label = CoreLabel(text=text, font_size=font_size(size), bold=bold)
    label.resolve_font_name()
    return int(label.get_extents(text)[0]) + 2  # the renderer rounds once more


def text_height(text: str, size: str, width: float, bold: bool = False) -> int:
    """Return the height of a text wrapped to `width`, pixels."""
    label = CoreLabel(
        text=text, font_size=font_size(size), bold=bold, line_height=LINE_HEIGHT, text_size=(max(1, width), None)
    )
    label.resolve_font_name()
    return int(label.render()[1])
