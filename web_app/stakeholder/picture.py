"""Pictures with captions that are their alternative texts as well: `st.image` gives pictures none."""

import base64
import html
import io
from collections.abc import Sequence

import streamlit as st
from PIL import Image

from triage.photo import Photo


def show_picture(pixels: Photo, text: str) -> None:
    """Show a picture, uint8 [height, width, 3], with a caption."""
    show_pictures([(pixels, text)], "100%")


def show_pictures(pictures: Sequence[tuple[Photo, str]], least: str) -> None:
    """Show pictures with captions, as many beside each other as fit.

    Args:
        pictures: uint8 [height, width, 3] and caption of each.
        least: width of a picture in CSS.
    """
    grid = f"display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax({least},1fr))"
    st.html(f'<div style="{grid}">{"".join(_figure(*picture) for picture in pictures)}</div>')


def _figure(pixels: Photo, text: str) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    source = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    words = html.escape(text)
    image = f'<img src="{source}" alt="{words}" style="width:100%;border-radius:0.5rem">'
    return f'<div>{image}<p style="overflow-wrap:anywhere">{words}</p></div>'
