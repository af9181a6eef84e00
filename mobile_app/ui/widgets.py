"""Basic widgets: painted backgrounds, rows, columns, cards, icons and progress bars."""

from typing import Any

import numpy as np
from kivy.graphics import Color, Rectangle, SmoothRoundedRectangle
from kivy.graphics.texture import Texture
from kivy.metrics import sp
from kivy.properties import ObjectProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile_app.ui.icons import icon_mask
from mobile_app.ui.style import Style, center_of, pixels
from mobile_app.ui.theme import LARGE, RADIUS, SMALL

TOP = {"top": 1}
MIDDLE = {"center_y": 0.5}
BAR_HEIGHT = 6  # dp
_textures: dict[tuple[str, int], Texture] = {}


def paint_background(
    widget: Widget, style: Style, background: str, radius: float = 0.0, border: str | None = None
) -> Color:
    """Fill a widget's area below its content, and return the instruction that holds the colour.

    Args:
        widget: gets an attribute `background`, which tests use to check contrast.
        style: theme.
        background: colour name.
        radius: of the corners, dp.
        border: colour name of a hairline around it.
    """
    widget.background = background
    shapes = []
    with widget.canvas.before:
        if border:
            Color(*style.color(border))
            shapes.append((SmoothRoundedRectangle(radius=[pixels(radius)]) if radius else Rectangle(), 0))
        fill = Color(*style.color(background))
        inset = max(1, pixels(1)) if border else 0
        shapes.append((SmoothRoundedRectangle(radius=[pixels(radius) - inset]) if radius else Rectangle(), inset))

    def place(*_: object) -> None:
        for shape, inset in shapes:
            shape.pos = (widget.x + inset, widget.y + inset)
            shape.size = (max(0, widget.width - 2 * inset), max(0, widget.height - 2 * inset))

    widget.bind(pos=place, size=place)
    place()
    return fill


class Column(BoxLayout):
    """Widgets below each other, as high as they need, or at least so with a `size_hint_y`."""

    def __init__(self, *widgets: Widget, **options: Any):
        super().__init__(**{"spacing": pixels(SMALL), "orientation": "vertical", "size_hint_y": None, **options})
        self.bind(minimum_height=self._grow)
        for widget in widgets:
            self.add_widget(widget)

    def _grow(self, _: object, height: float) -> None:
        self.size_hint_min_y = height
        if self.size_hint_y is None:
            self.height = height


class Row(Column):
    """Widgets beside each other, as high as the highest."""

    def __init__(self, *widgets: Widget, **options: Any):
        super().__init__(*widgets, orientation="horizontal", **options)


class Card(Column):
    """A column on its own background."""

    def __init__(
        self, style: Style, *widgets: Widget, background: str = "surface", border: str | None = None, **options: Any
    ):
        super().__init__(*widgets, **{"padding": pixels(LARGE), **options})
        paint_background(self, style, background, RADIUS, border)


class Bar(Widget):
    """A bar of which a part is coloured, with or without a marker; all fractions of the width, [0, 1].

    Attributes:
        part: begin and end of the coloured part.
    """

    part = ObjectProperty((0.0, 0.0))

    def __init__(self, style: Style, part: tuple[float, float] = (0.0, 0.0), marker: float | None = None):
        thickness = pixels(BAR_HEIGHT if marker is None else 2 * BAR_HEIGHT)
        super().__init__(size_hint_y=None, height=thickness if marker is None else 2 * thickness)
        self._thickness, self._at = thickness, marker
        with self.canvas:
            Color(*style.color("inset" if marker is None else "border"))
            self._track = SmoothRoundedRectangle(radius=[thickness / 2])
            Color(*style.color("accent"))
            self._bar = SmoothRoundedRectangle(radius=[thickness / 2])
            Color(*style.color("text"))
            self._marker = SmoothRoundedRectangle(radius=[pixels(2)], size=(0, 0))
        self.bind(pos=self._place, size=self._place, part=self._place)
        self.part = part

    def _place(self, *_: object) -> None:
        thickness, y = self._thickness, self.y + (self.height - self._thickness) / 2
        self._track.pos, self._track.size = (self.x, y), (self.width, thickness)
        begin, end = (self.width * fraction for fraction in self.part)
        self._bar.pos, self._bar.size = (self.x + begin, y), (max(thickness, end - begin), thickness)
        if self._at is not None:
            self._marker.size = (pixels(4), self.height)
            self._marker.pos = (self.x + self._at * (self.width - pixels(4)), self.y)


class Icon(Widget):
    """An icon in one colour, drawn as large as text of `side` sp."""

    def __init__(self, style: Style, name: str, side: float = 24, color_name: str = "text", **options: Any):
        self._style, self._side = style, round(sp(side))  # icons grow with the text beside them
        super().__init__(**{"size_hint": (None, None), "size": (self._side,) * 2, **options})
        with self.canvas:
            self._color = Color()
            self._shape = Rectangle(size=(self._side,) * 2)
        self.bind(pos=self._place, size=self._place)
        self.show(name, color_name)
        self._place()

    def show(self, name: str, color_name: str) -> None:
        """Show another icon."""
        self._shape.texture, self._color.rgba = icon_texture(name, self._side), self._style.color(color_name)

    def _place(self, *_: object) -> None:
        self._shape.pos = (round(center_of(self)[0] - self._side / 2), round(center_of(self)[1] - self._side / 2))


def icon_texture(name: str, side: int) -> Texture:
    """Return a white texture whose opacity is the icon; shared."""
    if (name, side) not in _textures:
        # Rows run upward in OpenGL.
        white = np.full((side, side, 4), 255, np.uint8)
        white[..., 3] = icon_mask(name, side)[::-1]
        texture = Texture.create(size=(side, side), colorfmt="rgba")

        def fill(target: Texture) -> None:
            target.blit_buffer(white.ravel(), colorfmt="rgba", bufferfmt="ubyte")

        fill(texture)
        texture.add_reload_observer(fill)  # a phone may lose its graphics memory while the app is in the background
        _textures[name, side] = texture
    return _textures[name, side]
