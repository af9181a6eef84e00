"""Labels that wrap their text and are as high as it needs."""

from functools import lru_cache
from typing import Any

from kivy.core.text import Label as CoreLabel
from kivy.metrics import dp
from kivy.uix.label import Label

from mobile_app.ui.style import Style, font_size
from mobile_app.ui.theme import FONT_SIZES, LINE_HEIGHT

STEPS = 8
"""Sizes tried between that of the chosen text size and the normal one."""


class TextLabel(Label):
    """A paragraph as wide as its parent gives it and as high as its text.

    Enlarged text shrinks, at most to its normal size, where a word would break or `lines` would be exceeded.

    Attributes:
        color_name: its colour in the palette.
        size_name: its size in `theme.FONT_SIZES`.
        lines: how many lines it should take at most; 0: any number.
    """

    def __init__(
        self,
        style: Style,
        text: str,
        size: str = "body",
        color_name: str = "text",
        bold: bool = False,
        align: str = "left",
        lines: int = 0,
        **options: Any,
    ):
        self.color_name, self.size_name, self.lines = color_name, size, lines
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
        self.bind(width=self._wrap, text=self._wrap, texture_size=self._grow)
        self._wrap()

    def _wrap(self, *_: object) -> None:
        self.text_size = (max(1, self.width), None)
        self.font_size = fitting_size(self.text, self.size_name, self.width, self.bold, self.lines)

    def _grow(self, *_: object) -> None:
        if self.size_hint_y is None:
            self.height = self.texture_size[1]


def text_width(text: str, size: str, bold: bool = False) -> int:
    """Return the width of a text on one line, pixels."""
    return _width(text, font_size(size), bold)


def text_height(text: str, size: str, width: float, bold: bool = False, lines: int = 0) -> int:
    """Return the height of a `TextLabel` of this width, pixels."""
    return _height(text, fitting_size(text, size, width, bold, lines), width, bold)


def fitting_size(text: str, size: str, width: float, bold: bool = False, lines: int = 0) -> float:
    """Return the font size of a `TextLabel` of this width, pixels."""
    return _fitting(text, font_size(size), float(dp(FONT_SIZES[size])), width, bold, lines)


@lru_cache(maxsize=1024)
def _fitting(text: str, full: float, normal: float, width: float, bold: bool, lines: int) -> float:
    if full <= normal:
        return full

    sizes = [full - (full - normal) * step / STEPS for step in range(STEPS + 1)]
    whole = [size for size in sizes if all(_width(word, size, bold) <= width for word in set(text.split()))]
    allowed = "\n".join("X" * lines)
    short = [size for size in whole if lines and _height(text, size, width, bold) <= _height(allowed, size, width)]
    return (short or whole or sizes)[0]


def _width(text: str, size: float, bold: bool) -> int:
    label = CoreLabel(text=text, font_size=size, bold=bold)
    label.resolve_font_name()
    return int(label.get_extents(text)[0]) + 2  # the renderer rounds once more


def _height(text: str, size: float, width: float, bold: bool = False) -> int:
    label = CoreLabel(text=text, font_size=size, bold=bold, line_height=LINE_HEIGHT, text_size=(max(1, width), None))
    label.resolve_font_name()
    return int(label.render()[1])
