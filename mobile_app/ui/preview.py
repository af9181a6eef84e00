"""The camera preview and the guide that marks the model's crop."""

import cv2
import numpy as np
from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from kivy.properties import ObjectProperty
from kivy.uix.widget import Widget

from mobile_app.ui.icons import icon_mask
from mobile_app.ui.style import Style, center_of, pixels
from mobile_app.ui.theme import LARGE, SMALL
from triage.crop import CROP
from triage.photo import Photo
from triage.spot import Spot

CORNER, BADGE = 28, 28  # length of the guide's corners, side of the check mark, dp
RING, RING_MIN = 1.3, 6  # axes of the ring in those of the spot's box, smallest half axis in pixels of the frame


class Preview(Widget):
    """Shows frames in one reused texture, as large as possible with the whole guide in view.

    Attributes:
        ready: the guide is a closed frame with a check mark; otherwise four corners.
        crop: what the model sees of a frame (`triage.crop.Crop`).
        spot: what a ring marks, None for no ring.
        frame_count: frames shown so far.
    """

    crop = ObjectProperty(CROP)

    def __init__(self, style: Style, **options: object):
        super().__init__(**options)
        self.background = "viewfinder"
        self._style = style
        self._shown: tuple[int, int, int, int] = (0, 0, 0, 0)  # part of the frame: left, top, right, bottom
        self._frame_size = (0, 0)
        self._texture: Texture | None = None
        self.ready, self.frame_count = False, 0
        self.spot: Spot | None = None
        with self.canvas:
            # Only around the picture: in software every pixel drawn twice costs time.
            Color(*style.color("viewfinder"))
            self._sides = [Rectangle() for _ in range(4)]
            self._picture_color = Color(1, 1, 1, 0)
            self._picture = Rectangle()
        self.bind(pos=self._place, size=self._place, crop=self._place)

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
        self._draw_guide(picture)
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

    def _draw_guide(self, picture: Photo) -> None:
        """Halve the brightness outside the guide and mark its edge, in place."""
        x, y, width, height = self.crop.box(*self._frame_size)
        from_left, from_top, to_right, _ = self._shown
        scale = picture.shape[1] / (to_right - from_left)
        left, right = (max(0, round(scale * (at - from_left))) for at in (x, x + width))
        top, bottom = (max(0, round(scale * (at - from_top))) for at in (y, y + height))
        for outside in (picture[:top], picture[bottom:], picture[top:bottom, :left], picture[top:bottom, right:]):
            outside >>= 1
        unit = pixels(1) * picture.shape[1] / max(1, self._picture.size[0])  # a dp in pixels of the picture
        if self.ready:
            lines = [[(left, top), (right - 1, top), (right - 1, bottom - 1), (left, bottom - 1), (left, top)]]
        else:
            arm = round(min(CORNER * unit, (right - left) / 4, (bottom - top) / 4))
            lines = [
                [(x + across, y), (x, y), (x, y + down)]
                for x, across in ((left, arm), (right - 1, -arm))
                for y, down in ((top, arm), (bottom - 1, -arm))
            ]
        for name, thickness in (("viewfinder", 6), ("on_viewfinder", 3)):
            color = [255 * channel for channel in self._style.color(name)[:3]]
            points = [np.array(line) for line in lines]
            cv2.polylines(picture, points, False, color, max(1, round(thickness * unit)), cv2.LINE_AA)
            if self.spot is not None:
                self._draw_ring(picture, self.spot, scale, color, max(1, round(thickness * unit)))
        side, gap = round(BADGE * unit), round(SMALL * unit)
        badge = picture[top + gap : top + gap + side, right - gap - side : right - gap]
        if self.ready and badge.shape[:2] == (side, side):
            badge >>= 1
            np.maximum(badge, icon_mask("ready", side)[..., None], out=badge)

    def _draw_ring(self, picture: Photo, spot: Spot, scale: float, color: list[float], thickness: int) -> None:
        """Draw an ellipse around a spot, in place."""
        (width, height), (from_left, from_top, _, _) = self._frame_size, self._shown
        center = round(scale * (spot.x * width - from_left)), round(scale * (spot.y * height - from_top))
        axes = (
            max(RING_MIN * scale, RING * length / 2)
            for length in (scale * spot.width * width, scale * spot.height * height)
        )
        cv2.ellipse(picture, center, tuple(map(round, axes)), 0, 0, 360, color, thickness, cv2.LINE_AA)

    def clear(self) -> None:
        """Hide the picture."""
        self._frame_size, self._texture = (0, 0), None
        self._picture_color.a = 0.0
        self._place()

    def _place(self, *_: object) -> None:
        if not all(self._frame_size) or min(self.size) < 2 * pixels(LARGE):
            self._shown = (0, 0, 0, 0)
            self._surround(self.pos, (0, 0))
            return
        width, height = self._frame_size
        room, (_, _, guide_width, guide_height) = pixels(LARGE), self.crop.box(width, height)
        fill = max(self.width / width, self.height / height)
        guide = min((self.width - room) / guide_width, (self.height - room) / guide_height)
        scale = max(1e-3, min(fill, guide))  # screen pixels per pixel of the frame
        from_left = max(0, int((width - self.width / scale) / 2))
        from_top = max(0, int((height - self.height / scale) / 2))
        self._shown = (from_left, from_top, width - from_left, height - from_top)
        shown_width, shown_height = (self._shown[2] - from_left) * scale, (self._shown[3] - from_top) * scale
        self._picture.size = (round(shown_width), round(shown_height))
        self._picture.pos = (round(center_of(self)[0] - shown_width / 2), round(center_of(self)[1] - shown_height / 2))
        self._surround(self._picture.pos, self._picture.size)

    def _surround(self, place: tuple[float, float], size: tuple[float, float]) -> None:
        (left, bottom), (width, height) = place, size
        right, top = left + width, bottom + height
        boxes = (
            (self.x, self.y, self.width, bottom - self.y),
            (self.x, top, self.width, self.y + self.height - top),
            (self.x, bottom, left - self.x, height),
            (right, bottom, self.x + self.width - right, height),
        )
        for side, box in zip(self._sides, boxes, strict=True):
            side.pos, side.size = box[:2], [max(0, length) for length in box[2:]]
