"""A photo with the model's crop marked."""

import cv2
import numpy as np
from kivy.graphics import Color, Rectangle, SmoothLine
from kivy.graphics.texture import Texture
from kivy.uix.widget import Widget

from mobile_app.ui.geometry import surrounding_boxes
from mobile_app.ui.style import Style, center_of, pixels
from mobile_app.ui.theme import SMALL
from mobile_app.ui.widgets import paint_background
from triage.photo import Photo

MAX_SIDE = 1024
"""Longer side of the texture, pixels."""
SHADE = 0.5


class PhotoView(Widget):
    """A whole photo, as large as fits, shaded outside the framed crop."""

    def __init__(self, style: Style, photo: Photo, crop: tuple[int, int, int, int], **options: object):
        super().__init__(**options)
        paint_background(self, style, "inset", SMALL)
        self._size, self._crop = (photo.shape[1], photo.shape[0]), crop
        shrink = min(1.0, MAX_SIDE / max(self._size))
        shown = photo
        if shrink < 1:
            shape = (max(1, round(self._size[0] * shrink)), max(1, round(self._size[1] * shrink)))
            shown = np.asarray(cv2.resize(photo, shape, interpolation=cv2.INTER_AREA), np.uint8)
        texture = Texture.create(size=(shown.shape[1], shown.shape[0]), colorfmt="rgb")
        texture.flip_vertical()
        texture.blit_buffer(np.ascontiguousarray(shown).ravel(), colorfmt="rgb", bufferfmt="ubyte")
        with self.canvas:
            Color(1, 1, 1, 1)
            self._picture = Rectangle(texture=texture)
            Color(*style.color("viewfinder")[:3], SHADE)
            self._shades = [Rectangle() for _ in range(4)]
            Color(*style.color("viewfinder"))
            self._halo = SmoothLine(width=pixels(2), overdraw_width=1)
            Color(*style.color("on_viewfinder"))
            self._frame = SmoothLine(width=pixels(1), overdraw_width=1)
        self.bind(pos=self._place, size=self._place)
        self._place()

    def _place(self, *_: object) -> None:
        width, height = self._size
        scale = min(self.width / width, self.height / height)
        x, y = center_of(self)[0] - width * scale / 2, center_of(self)[1] - height * scale / 2
        self._picture.pos, self._picture.size = (x, y), (width * scale, height * scale)
        left, top, w, h = self._crop
        bottom = y + (height - top - h) * scale
        frame = (round(x + left * scale), round(bottom), round(w * scale), round(h * scale))
        boxes = surrounding_boxes((x, y, width * scale, height * scale), frame)
        for shade, box in zip(self._shades, boxes, strict=True):
            shade.pos, shade.size = box[:2], box[2:]
        for line in (self._halo, self._frame):
            line.rectangle = (*frame[:2], max(1, frame[2]), max(1, frame[3]))
