"""How the app looks: colours, type, spacing. No Kivy, so that contrast can be computed without a window."""

from dataclasses import dataclass

Color = tuple[float, float, float, float]
"""Red, green, blue and opacity, each in [0, 1], sRGB."""


def rgb(code: str, alpha: float = 1.0) -> Color:
    """Read `#rrggbb`."""
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue, alpha


@dataclass(frozen=True)
class Palette:
    """Colours by what they are for.

    The accent marks what can be pressed and what is chosen; warnings have a colour each and always an icon and words
    beside it. `*_soft` are the grounds of cards that carry the colour of the same name.

    Attributes:
        ground: behind everything.
        surface: cards and bars on the ground.
        sunken: hollows: tracks of bars, the surround of a photo.
        stage: behind the camera's picture, the same in both themes.
        on_stage: text and marks on the stage.
        text: words.
        muted: words of second rank.
        line: hairlines.
        accent: what can be pressed.
        on_accent: words on the accent.
        urgent: see a doctor now.
        soon: see one soon; also what needs care.
    """

    ground: Color
    surface: Color
    sunken: Color
    stage: Color
    on_stage: Color
    text: Color
    muted: Color
    line: Color
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
        ground=rgb("#F4F6F5"),
        surface=rgb("#FFFFFF"),
        sunken=rgb("#E6EBEA"),
        stage=rgb("#0B1110"),
        on_stage=rgb("#FFFFFF"),
        text=rgb("#13201E"),
        muted=rgb("#50605D"),
        line=rgb("#D3DBD9"),
        accent=rgb("#0B6A64"),
        accent_soft=rgb("#E0F0EE"),
        on_accent=rgb("#FFFFFF"),
        urgent=rgb("#A1232B"),
        urgent_soft=rgb("#FBE8E7"),
        soon=rgb("#7D4B00"),
        soon_soft=rgb("#FAEFDA"),
    ),
    "dark": Palette(
        ground=rgb("#0E1514"),
        surface=rgb("#18211F"),
        sunken=rgb("#24302E"),
        stage=rgb("#060A09"),
        on_stage=rgb("#FFFFFF"),
        text=rgb("#E9F0EE"),
        muted=rgb("#A5B5B1"),
        line=rgb("#2F3C39"),
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
    "ground": ("text", "muted", "accent", "urgent", "soon"),
    "surface": ("text", "muted", "accent", "urgent", "soon"),
    "sunken": ("text", "muted", "accent"),
    "stage": ("on_stage",),
    "accent": ("on_accent",),
    "accent_soft": ("text", "muted", "accent"),
    "urgent_soft": ("text", "muted", "urgent"),
    "soon_soft": ("text", "muted", "soon"),
}
"""Ground -> what may be written on it. Tests prove a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3) for each pair, and
that every word on every screen is one of these pairs."""

GROUNDS = {"urgent": ("urgent_soft", "urgent"), "soon": ("soon_soft", "soon"), "watch": ("accent_soft", "accent")}
"""Urgency -> ground of its card and color of what stands on it; its icon has the urgency's own name."""

# Type, in sp.
TYPE = {"display": 28, "title": 21, "heading": 18, "body": 16, "small": 14}
LINE_HEIGHT = 1.18

# Spacing and shape, in dp.
TINY, SMALL, MEDIUM, LARGE, HUGE = 4, 8, 12, 16, 24
RADIUS = 14
TARGET = 48
"""Least side of what can be touched (Material Design and Android accessibility: 48 dp)."""
COLUMN = 640
"""Widest column of text: some eighty characters of body type."""
SIDE_PANEL, LEAST_SIDE_PANEL = 380, 320
"""Width of the panel beside the camera's picture; at most half of the window, as long as its words fit."""
WIDE = 1.2
"""Windows at least this many times as wide as high put the picture and the words side by side..."""
LEAST_WIDE = 840
"""...if they are also this wide (Material Design: expanded windows start at 840 dp)."""
LEAST_WIDE_CAMERA = 560
"""The same for the camera: below its picture a phone that lies on its side has no room for words."""
LEAST_STAGE = 120
"""Height of the camera's picture that words never take from it, dp; they scroll instead."""
