"""A photo with the part of it that the model saw."""

import cv2
import numpy as np
from kivy.graphics import Color, Rectangle, SmoothLine
from kivy.graphics.texture import Texture
from kivy.uix.widget import Widget

from mobile_app.ui.framing import around
from mobile_app.ui.look import Look, middle, pixels
from mobile_app.ui.surfaces import paint
from mobile_app.ui.theme import SMALL
from triage.photo import Photo

LONGEST = 1024
"""Pixels of the longer side kept for the screen."""
SHADE = 0.5


class PhotoView(Widget):
    """A whole photo as large as fits, shaded outside the crop, which has a frame."""

    def __init__(self, look: Look, photo: Photo, crop: tuple[int, int, int, int], **options: object):
        super().__init__(**options)
        paint(self, look, "sunken", SMALL)
        self._size, self._crop = (photo.shape[1], photo.shape[0]), crop
        shrink = min(1.0, LONGEST / max(self._size))
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
            Color(*look.color("stage")[:3], SHADE)
            self._shades = [Rectangle() for _ in range(4)]
            Color(*look.color("stage"))
            self._under = SmoothLine(width=pixels(2), overdraw_width=1)
            Color(*look.color("on_stage"))
            self._frame = SmoothLine(width=pixels(1), overdraw_width=1)
        self.bind(pos=self._place, size=self._place)
        self._place()

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """Left, bottom, width, height of the crop on the screen."""
        scale, left, bottom = self._scale_and_origin()
        x, y, w, h = self._crop
        low = bottom + (self._size[1] - y - h) * scale
        return round(left + x * scale), round(low), round(w * scale), round(h * scale)

    def _scale_and_origin(self) -> tuple[float, float, float]:
        width, height = self._size
        scale = min(self.width / width, self.height / height)
        return scale, middle(self)[0] - width * scale / 2, middle(self)[1] - height * scale / 2

    def _place(self, *_: object) -> None:
        scale, x, y = self._scale_and_origin()
        width, height = self._size[0] * scale, self._size[1] * scale
        self._picture.pos, self._picture.size = (x, y), (width, height)
        for shade, box in zip(self._shades, around((x, y, width, height), self.frame), strict=True):
            shade.pos, shade.size = box[:2], box[2:]
        left, bottom, width, height = self.frame
        for line in (self._under, self._frame):
            line.rectangle = (left, bottom, max(1, width), max(1, height))
