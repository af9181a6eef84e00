"""Colours, font sizes and spacing. No Kivy, so that tests compute contrast without a window."""

Color = tuple[float, float, float, float]
"""Red, green, blue and opacity, each in [0, 1], sRGB."""


# Purpose -> colour in the light and in the dark theme. Warnings always have an icon and text beside their colour.
_COLORS = {
    "background": ("#F4F6F5", "#0E1514"),  # behind everything
    "surface": ("#FFFFFF", "#18211F"),  # cards and bars
    "inset": ("#E6EBEA", "#24302E"),  # tracks of bars, the surround of a photo
    "viewfinder": ("#0B1110", "#060A09"),  # around the camera preview
    "on_viewfinder": ("#FFFFFF", "#FFFFFF"),  # text and marks on the viewfinder
    "text": ("#13201E", "#E9F0EE"),
    "muted": ("#50605D", "#A5B5B1"),  # secondary text
    "border": ("#7C8886", "#66746F"),  # edges of what can be pressed and of cards
    "accent": ("#0B6A64", "#5FD0C3"),  # what can be pressed or is chosen
    "accent_soft": ("#E0F0EE", "#15302C"),  # `*_soft`: background of cards with content in that colour
    "on_accent": ("#FFFFFF", "#03201C"),  # content on the accent
    "urgent": ("#A1232B", "#FFA39B"),  # see a doctor now
    "urgent_soft": ("#FBE8E7", "#3B1B1C"),
    "soon": ("#7D4B00", "#F1C36B"),  # see a doctor soon; also warnings
    "soon_soft": ("#FAEFDA", "#33280F"),
}


def _rgba(code: str) -> Color:
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue, 1.0


PALETTES = {
    theme: {name: _rgba(codes[number]) for name, codes in _COLORS.items()}
    for number, theme in enumerate(("light", "dark"))
}

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
MIN_WIDE = 840
"""Windows with room for text beside text, dp (Material Design: expanded windows)."""
MIN_VIEWFINDER = 120
"""Smallest height of the preview, dp; the tip scrolls instead."""
