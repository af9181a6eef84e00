"""What every widget is given: the colours of the theme and the words of the language."""

from dataclasses import dataclass

from kivy.metrics import dp, sp
from kivy.uix.widget import Widget

from mobile_app.texts import Texts
from mobile_app.ui.theme import PALETTES, TYPE, Color, Palette


@dataclass(frozen=True)
class Look:
    """Theme and words. Widgets take them when they are made; a change of theme makes them anew.

    Attributes:
        theme: one of `theme.THEMES`.
        say: text by id, with the values of its placeholders.
    """

    theme: str
    say: Texts

    @property
    def palette(self) -> Palette:
        """Colours."""
        return PALETTES[self.theme]

    def color(self, name: str) -> Color:
        """A color of the palette."""
        return self.palette[name]


def type_size(name: str) -> float:
    """Pixels of a size of `theme.TYPE`, by the density of the screen and the chosen font scale."""
    return float(sp(TYPE[name]))


def pixels(size: float) -> int:
    """Whole pixels of a length in dp; text and hairlines on fractions of a pixel blur."""
    return round(dp(size))


def middle(widget: Widget) -> tuple[float, float]:
    """Where the middle of a widget is now.

    Kivy keeps `center`, `top` and `right` and works them out anew only after it has told that `pos` has changed.
    """
    return widget.x + widget.width / 2, widget.y + widget.height / 2


def is_wide(size: tuple[float, float], wide: float, least: float) -> bool:
    """Whether a window of that size in pixels shows picture and words side by side; `least` in dp."""
    width, height = size
    return width >= wide * height and width >= dp(least)
