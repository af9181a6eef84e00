"""Grounds that words stand on: plain areas, cards, hairlines, and icons on them."""

from typing import Any

import numpy as np
from kivy.graphics import Color, Rectangle, SmoothRoundedRectangle
from kivy.graphics.texture import Texture
from kivy.metrics import sp
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from mobile_app.ui.icons import icon_mask
from mobile_app.ui.look import Look, middle, pixels
from mobile_app.ui.theme import LARGE, RADIUS, SMALL

_textures: dict[tuple[str, int], Texture] = {}


def paint(widget: Widget, look: Look, ground: str, radius: float = 0.0, border: str | None = None) -> Color:
    """Fill a widget's area, always under what it shows.

    Args:
        widget: gets an attribute `ground`, by which tests know what its words stand on.
        look: of the widget.
        ground: name of the color.
        radius: of the corners, dp.
        border: name of the color of a hairline around it.

    Returns:
        The filling's color instruction, for widgets that change it.
    """
    widget.ground = ground
    shapes = []
    with widget.canvas.before:
        if border:
            Color(*look.color(border))
            shapes.append((SmoothRoundedRectangle(radius=[pixels(radius)]) if radius else Rectangle(), 0))
        fill = Color(*look.color(ground))
        inset = max(1, pixels(1)) if border else 0
        shapes.append((SmoothRoundedRectangle(radius=[pixels(radius) - inset]) if radius else Rectangle(), inset))

    def place(*_: object) -> None:
        for shape, inset in shapes:
            shape.pos = (widget.x + inset, widget.y + inset)
            shape.size = (max(0, widget.width - 2 * inset), max(0, widget.height - 2 * inset))

    widget.bind(pos=place, size=place)
    place()
    return fill


class Card(BoxLayout):
    """A column of words on a ground of its own, as high as they need (`natural_height`), unless it is made higher."""

    natural_height = NumericProperty(0)

    def __init__(self, look: Look, ground: str = "surface", border: str | None = None, **options: Any):
        options.setdefault("orientation", "vertical")
        options.setdefault("padding", pixels(LARGE))
        options.setdefault("spacing", pixels(SMALL))
        super().__init__(size_hint_y=None, **options)
        self.bind(minimum_height=self.setter("natural_height"), natural_height=self.setter("height"))
        paint(self, look, ground, RADIUS, border)


class Column(BoxLayout):
    """Widgets below each other, as high as they need."""

    def __init__(self, **options: Any):
        options.setdefault("spacing", pixels(SMALL))
        super().__init__(orientation="vertical", size_hint_y=None, **options)
        self.bind(minimum_height=self.setter("height"))


class Row(BoxLayout):
    """Widgets beside each other, as high as the highest."""

    def __init__(self, **options: Any):
        options.setdefault("spacing", pixels(SMALL))
        super().__init__(orientation="horizontal", size_hint_y=None, **options)
        self.bind(minimum_height=self.setter("height"))


def level(*widgets: Widget) -> None:
    """Give widgets with a `natural_height` the height of the highest, now and whenever one of them changes."""

    def set_heights(*_: object) -> None:
        highest = max(widget.natural_height for widget in widgets)
        for widget in widgets:
            widget.height = highest

    for widget in widgets:
        widget.bind(natural_height=set_heights)
    set_heights()


class Icon(Widget):
    """An icon in one color, as large as text of `side` sp; `name` may change."""

    name = StringProperty("")

    def __init__(self, look: Look, name: str, side: float = 24, tone: str = "text", **options: Any):
        self.tone = tone
        self._side = round(sp(side))  # icons grow with the words beside them
        options.setdefault("size_hint", (None, None))
        super().__init__(size=(self._side,) * 2, **options)
        with self.canvas:
            self._color = Color(*look.color(tone))
            self._shape = Rectangle(size=(self._side,) * 2)
        self.bind(pos=self._place, size=self._place, name=self._draw)
        self.name = name
        self._place()

    def _place(self, *_: object) -> None:
        self._shape.pos = (round(middle(self)[0] - self._side / 2), round(middle(self)[1] - self._side / 2))

    def _draw(self, *_: object) -> None:
        self._shape.texture = icon_texture(self.name, self._side)


def icon_texture(name: str, side: int) -> Texture:
    """A white texture whose opacity is the icon; shared."""
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
