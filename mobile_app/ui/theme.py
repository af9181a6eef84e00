"""Colours, font sizes and spacing. No Kivy, so that tests compute contrast without a window."""

from dataclasses import dataclass

Color = tuple[float, float, float, float]
"""Red, green, blue and opacity, each in [0, 1], sRGB."""


def rgb(code: str, alpha: float = 1.0) -> Color:
    """Parse `#rrggbb`."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue, alpha


@dataclass(frozen=True)
class Palette:
    """Colours by purpose.

    Warnings always have an icon and text beside their colour. `*_soft` are the backgrounds of cards with content in the
    colour of that name.

    Attributes:
        background: behind everything.
        surface: cards and bars.
        inset: tracks of progress bars, the surround of a photo.
        viewfinder: around the camera preview, the same in both themes.
        on_viewfinder: text and marks on the viewfinder.
        text: normal text.
        muted: secondary text.
        border: hairlines.
        accent: what can be pressed or is chosen.
        on_accent: content on the accent.
        urgent: see a doctor now.
        soon: see a doctor soon; also warnings.
    """

    background: Color
    surface: Color
    inset: Color
    viewfinder: Color
    on_viewfinder: Color
    text: Color
    muted: Color
    border: Color
    accent: Color
    accent_soft: Color
    on_accent: Color
    urgent: Color
    urgent_soft: Color
    soon: Color
    soon_soft: Color

    def __getitem__(self, name: str) -> Color:
        color: Color = getattr(self, name)
        return color


PALETTES = {
    "light": Palette(
        background=rgb("#F4F6F5"),
        surface=rgb("#FFFFFF"),
        inset=rgb("#E6EBEA"),
        viewfinder=rgb("#0B1110"),
        on_viewfinder=rgb("#FFFFFF"),
        text=rgb("#13201E"),
        muted=rgb("#50605D"),
        border=rgb("#D3DBD9"),
        accent=rgb("#0B6A64"),
        accent_soft=rgb("#E0F0EE"),
        on_accent=rgb("#FFFFFF"),
        urgent=rgb("#A1232B"),
        urgent_soft=rgb("#FBE8E7"),
        soon=rgb("#7D4B00"),
        soon_soft=rgb("#FAEFDA"),
    ),
    "dark": Palette(
        background=rgb("#0E1514"),
        surface=rgb("#18211F"),
        inset=rgb("#24302E"),
        viewfinder=rgb("#060A09"),
        on_viewfinder=rgb("#FFFFFF"),
        text=rgb("#E9F0EE"),
        muted=rgb("#A5B5B1"),
        border=rgb("#2F3C39"),
        accent=rgb("#5FD0C3"),
        accent_soft=rgb("#15302C"),
        on_accent=rgb("#03201C"),
        urgent=rgb("#FFA39B"),
        urgent_soft=rgb("#3B1B1C"),
        soon=rgb("#F1C36B"),
        soon_soft=rgb("#33280F"),
    ),
}
THEMES = tuple(PALETTES)

READABLE = {
    "background": ("text", "muted", "accent", "urgent", "soon"),
    "surface": ("text", "muted", "accent", "urgent", "soon"),
    "inset": ("text", "muted", "accent"),
    "viewfinder": ("on_viewfinder",),
    "accent": ("on_accent",),
    "accent_soft": ("text", "muted", "accent"),
    "urgent_soft": ("text", "muted", "urgent"),
    "soon_soft": ("text", "muted", "soon"),
}
"""Background -> text colours allowed on it. Tests check a contrast of at least 4.5 (WCAG 2.2, 1.4.3) for each pair, and
that every text on every screen uses one of these pairs."""

URGENCY_COLORS = {
    "urgent": ("urgent_soft", "urgent"),
    "soon": ("soon_soft", "soon"),
    "watch": ("accent_soft", "accent"),
}
"""Urgency -> background of its card and colour of its content."""

# In sp.
FONT_SIZES = {"display": 28, "title": 21, "heading": 18, "body": 16, "small": 14}
LINE_HEIGHT = 1.18

# Spacing and radius, in dp.
TINY, SMALL, MEDIUM, LARGE, HUGE = 4, 8, 12, 16, 24
RADIUS = 14
TOUCH_TARGET = 48
"""Smallest side of anything pressable (Material Design and Android accessibility: 48 dp)."""
COLUMN_WIDTH = 640
"""Widest text column, about eighty characters of body text."""
SIDE_PANEL, MIN_SIDE_PANEL = 380, 320
"""Width of the panel beside the preview: half of the window within these limits."""
WIDE = 1.2
"""Windows at least this many times as wide as high use two columns..."""
MIN_WIDE = 840
"""...if they are also this wide (Material Design: expanded windows start at 840 dp)."""
MIN_WIDE_CAMERA = 560
"""The same for the camera: a phone in landscape has no room below the preview."""
MIN_VIEWFINDER = 120
"""Smallest height of the preview, dp; the tip scrolls instead."""
