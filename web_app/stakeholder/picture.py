"""A picture with a caption that is its alternative text as well: `st.image` gives pictures none."""

import base64
import html
import io

import streamlit as st
from PIL import Image

from triage.photo import Photo


def show_picture(pixels: Photo, text: str) -> None:
    """Show a picture, uint8 [height, width, 3], with a caption."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    source = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    words = html.escape(text)
    st.html(f'<img src="{source}" alt="{words}" style="width:100%;border-radius:0.5rem"><p>{words}</p>')
