"""What every widget is made with: the colours of the theme, the texts of the language, and sizes in pixels."""

from dataclasses import dataclass

from kivy.metrics import dp, sp
from kivy.uix.widget import Widget

from mobile_app.texts import Texts
from mobile_app.ui.theme import FONT_SIZES, PALETTES, Color


@dataclass(frozen=True)
class Style:
    """Theme and texts. A change of theme makes all widgets anew.

    Attributes:
        theme: one of `theme.PALETTES`.
        tr: returns a text by id, its placeholders filled.
    """

    theme: str
    tr: Texts

    def color(self, name: str) -> Color:
        """Return a colour of the palette."""
        return PALETTES[self.theme][name]


def font_size(name: str) -> float:
    """Return a size of `theme.FONT_SIZES` in pixels, by screen density and font scale."""
    return float(sp(FONT_SIZES[name]))


def pixels(size: float) -> int:
    """Convert dp to whole pixels; text and hairlines on fractions of a pixel blur."""
    return round(float(dp(size)))


def center_of(widget: Widget) -> tuple[float, float]:
    """Return the current centre of a widget; Kivy updates `center` only after it has announced a new `pos`."""
    return widget.x + widget.width / 2, widget.y + widget.height / 2
