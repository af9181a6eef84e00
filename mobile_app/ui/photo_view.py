"""The photo of an answer with the model's crop marked."""

import numpy as np
from kivy.graphics.texture import Texture
from kivy.uix.image import Image

from mobile_app.answer import Answer
from mobile_app.shared_page import framed_photo
from mobile_app.ui.widgets import TOP


def photo_view(answer: Answer, height: int, width: int | None = None) -> Image:
    """Return the whole photo as large as fits into this size in pixels, by default as wide as its parent."""
    shown = framed_photo(answer, width or 2 * height)
    texture = Texture.create(size=(shown.shape[1], shown.shape[0]), colorfmt="rgb")
    texture.flip_vertical()
    texture.blit_buffer(np.ascontiguousarray(shown).ravel(), colorfmt="rgb", bufferfmt="ubyte")
    size_hint = (1 if width is None else None, None)
    return Image(texture=texture, fit_mode="contain", size_hint=size_hint, size=(width or height, height), pos_hint=TOP)
