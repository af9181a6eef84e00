"""The camera preview and the guide that marks the model's crop."""

import cv2
import numpy as np
from kivy.graphics import Color, Line, Rectangle, SmoothLine
from kivy.graphics.texture import Texture
from kivy.properties import BooleanProperty, NumericProperty
from kivy.uix.widget import Widget

from mobile_app.ui.geometry import Box, surrounding_boxes
from mobile_app.ui.style import Style, center_of, pixels
from mobile_app.ui.theme import LARGE, SMALL
from mobile_app.ui.widgets import icon_texture
from triage.photo import CROP_FRACTION, Photo, crop_box

CORNER = 28  # length of the guide's corners, dp


class Preview(Widget):
    """Shows frames in one reused texture, as large as possible with the whole guide in view.

    Attributes:
        ready: the guide is a closed frame with a check mark; otherwise four corners.
        crop_fraction: fraction of each side that the model sees.
        frame_count: frames shown so far.
    """

    ready = BooleanProperty(False)
    crop_fraction = NumericProperty(CROP_FRACTION)

    def __init__(self, style: Style, **options: object):
        super().__init__(**options)
        self.background = "viewfinder"
        self._look = style
        self._shown: tuple[int, int, int, int] = (0, 0, 0, 0)  # part of the frame: left, top, right, bottom
        self._frame_size = (0, 0)
        self._texture: Texture | None = None
        self.frame_count = 0
        with self.canvas:
            # Only around the picture: in software every pixel drawn twice costs time.
            Color(*style.color("viewfinder"))
            self._surround = [Rectangle() for _ in range(4)]
            self._picture_color = Color(1, 1, 1, 0)
            self._picture = Rectangle()
        with self.canvas.after:
            self._lines = [(Color(0, 0, 0, 0), SmoothLine(width=pixels(w), overdraw_width=1)) for w in (3, 1.75)]
            self._corners = [
                (Color(0, 0, 0, 0), [Line(width=pixels(w), cap="round", joint="round") for _ in range(4)])
                for w in (3, 1.75)
            ]
            self._badge_color = Color(1, 1, 1, 0)
            self._badge = Rectangle(size=(pixels(28),) * 2)
        self.bind(pos=self._place, size=self._place, ready=self._place, crop_fraction=self._place)

    def show(self, frame: Photo) -> None:
        """Show a frame, uint8 [height, width, 3] in RGB."""
        height, width = frame.shape[:2]
        if (width, height) != self._frame_size:
            self._frame_size = (width, height)
            self._place()
        left, top, right, bottom = self._shown
        seen = frame[top:bottom, left:right]
        if not seen.size:
            return
        size = (max(1, int(self._picture.size[0])), max(1, int(self._picture.size[1])))
        if size[0] <= seen.shape[1]:
            picture = np.asarray(cv2.resize(seen, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        else:  # the GPU enlarges
            size, picture = (seen.shape[1], seen.shape[0]), seen.copy()
        self._dim(picture)
        if self._texture is None or self._texture.size != size:
            self._texture = Texture.create(size=size, colorfmt="rgb")
            self._texture.flip_vertical()
            if size == self._picture.size:
                self._texture.min_filter = self._texture.mag_filter = "nearest"  # pixel for pixel
            self._picture.texture = self._texture
            self._picture_color.a = 1.0
        self._texture.blit_buffer(picture.ravel(), colorfmt="rgb", bufferfmt="ubyte")
        self.canvas.ask_update()
        self.frame_count += 1

    def _dim(self, picture: Photo) -> None:
        """Halve the brightness outside the guide, in place."""
        height, width = picture.shape[:2]
        scale = width / max(1, self._picture.size[0])
        left, bottom, guide_width, guide_height = self.guide
        first = max(0, round((left - self._picture.pos[0]) * scale))
        last = round((left + guide_width - self._picture.pos[0]) * scale)
        upper = max(0, height - round((bottom + guide_height - self._picture.pos[1]) * scale))
        lower = height - max(0, round((bottom - self._picture.pos[1]) * scale))
        for outside in (picture[:upper], picture[lower:], picture[upper:lower, :first], picture[upper:lower, last:]):
            outside >>= 1

    def clear(self) -> None:
        """Hide picture and guide."""
        self._frame_size, self._texture = (0, 0), None
        self._picture_color.a = 0.0
        self._place()

    @property
    def guide(self) -> tuple[int, int, int, int]:
        """Left, bottom, width, height of the guide in pixels; all 0 without a picture."""
        if not all(self._frame_size):
            return 0, 0, 0, 0
        scale, left, bottom = self._scale_and_origin()
        width, height = self._frame_size
        x, y, w, h = crop_box(width, height, self.crop_fraction)
        return round(left + x * scale), round(bottom + (height - y - h) * scale), round(w * scale), round(h * scale)

    def _scale_and_origin(self) -> tuple[float, float, float]:
        """Return screen pixels per frame pixel, and the left and bottom edge of the whole frame."""
        width, height = self._frame_size
        room = pixels(LARGE)
        fill = max(self.width / width, self.height / height)
        guide = min(
            (self.width - room) / (self.crop_fraction * width), (self.height - room) / (self.crop_fraction * height)
        )
        scale = max(1e-3, min(fill, guide))
        return scale, center_of(self)[0] - width * scale / 2, center_of(self)[1] - height * scale / 2

    def _place(self, *_: object) -> None:
        if not all(self._frame_size) or min(self.size) < 2 * pixels(LARGE):
            self._shown = (0, 0, 0, 0)
            self._mark((*self.pos, 0, 0), (0, 0, 0, 0))
            return
        width, height = self._frame_size
        scale, left, bottom = self._scale_and_origin()
        from_left = max(0, int((self.x - left) / scale))
        from_top = max(0, int((bottom + height * scale - (self.y + self.height)) / scale))
        self._shown = (from_left, from_top, width - from_left, height - from_top)
        shown_width, shown_height = (self._shown[2] - from_left) * scale, (self._shown[3] - from_top) * scale
        self._picture.size = (round(shown_width), round(shown_height))
        self._picture.pos = (round(center_of(self)[0] - shown_width / 2), round(center_of(self)[1] - shown_height / 2))
        self._mark((*self._picture.pos, *self._picture.size), self.guide)

    def _mark(self, picture: Box, guide: tuple[int, int, int, int]) -> None:
        left, bottom, width, height = guide
        right, top = left + width, bottom + height
        for part, box in zip(self._surround, surrounding_boxes((*self.pos, *self.size), picture), strict=True):
            part.pos, part.size = box[:2], box[2:]
        there = width > 0
        mark = self._look.color("on_viewfinder")
        dark = self._look.color("viewfinder")
        for (color, line), rgb in zip(self._lines, (dark, mark), strict=True):
            color.rgba = (*rgb[:3], 1.0 if there and self.ready else 0.0)
            line.rounded_rectangle = (left, bottom, max(1, width), max(1, height), pixels(SMALL))
        arm = min(pixels(CORNER), width / 4, height / 4)
        corners = [
            (left, bottom + arm, left, bottom, left + arm, bottom),
            (right - arm, bottom, right, bottom, right, bottom + arm),
            (left, top - arm, left, top, left + arm, top),
            (right - arm, top, right, top, right, top - arm),
        ]
        for (color, lines), rgb in zip(self._corners, (dark, mark), strict=True):
            color.rgba = (*rgb[:3], 1.0 if there and not self.ready else 0.0)
            for line, points in zip(lines, corners, strict=True):
                line.points = points
        self._badge_color.a = 1.0 if there and self.ready else 0.0
        if there:
            self._badge.texture = icon_texture("ready", pixels(28))
            self._badge.pos = (right - pixels(28 + SMALL), top - pixels(28 + SMALL))
