"""The page a person can share: the answer as PDF or PNG, with the same text in both."""

import io
import textwrap
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from mobile_app.answer import SIGNS_AT_ONCE, WARNING_SIGNS, Answer
from mobile_app.answer_text import (
    also_text,
    changed_texts,
    file_text,
    headline,
    light_overridden,
    light_text,
    probability_text,
)
from mobile_app.texts import Texts
from mobile_app.version import app_version
from triage.atomic import write_bytes
from triage.errors import MissingDependency, UnusableInput
from triage.photo import Photo

if TYPE_CHECKING:
    from fpdf import FPDF

MAX_PHOTO_SIDE = 1200
"""Longer side of the photo on the page, pixels."""
FRAME_COLOR = (255, 214, 0)
JPEG_QUALITY = 90
PAGE_WIDTH, MARGIN, PHOTO_WIDTH = 1000, 60, 560  # of the PNG, pixels
PDF_PHOTO = (105, 80)  # largest width and height, mm: all of it fits on one page
# Paragraph style -> size in the PNG (pixels), characters a line there, size in the PDF (points).
STYLES = {"title": (40, 42, 20), "strong": (28, 62, 13), "text": (24, 72, 11)}
Paragraph = tuple[str, str]
"""Key of `STYLES`, text."""


def page_lines(answer: Answer, tr: Texts) -> tuple[list[Paragraph], list[Paragraph]]:
    """Return the paragraphs above and below the photo: warning and advice first, then classes and warning signs.

    Raises:
        UnusableInput: there is no answer, only an error.
    """
    if answer.assessment is None or answer.photo is None:
        raise UnusableInput(f"There is no answer to share. Received: {answer.error}.")
    name = f"answer.{answer.urgency}" if answer.urgency else f"answer.reason.{answer.reason}"
    above = [
        ("title", tr("app.name")),
        ("text", tr("share.date", date=f"{datetime.now():%Y-%m-%d %H:%M}")),
        ("strong", tr("answer.not_a_diagnosis")),
        ("text", tr("answer.disclaimer")),
        *([("strong", tr("app.demo_note"))] if answer.demo else []),
        ("strong", f"{tr('answer.next')}: {tr(name)}" if answer.urgency else tr(name)),
        ("text", tr(f"{name}_text")),
    ]
    if answer.unchecked:
        above += [("strong", tr("answer.unchecked")), ("text", tr("answer.unchecked_text"))]
    below = [("text", tr("answer.crop"))]
    if answer.urgency:
        below.append(("strong", headline(tr, answer)))
        if answer.reason:
            below.append(("text", f"{tr(f'answer.reason.{answer.reason}_text')} {tr('answer.nearest')}"))
    below += [("text", f"{entry.name}: {probability_text(tr, entry)}") for entry in answer.rows]
    below += [("text", also)] if (also := also_text(tr, answer)) else []
    below += [("text", text) for text in changed_texts(tr, answer)]
    below.append(("strong" if light_overridden(answer) else "text", light_text(tr, answer)))
    below += [("text", doubts)] if (doubts := file_text(tr, answer)) else []
    for title, signs in (("answer.signs_at_once", SIGNS_AT_ONCE), ("answer.signs", WARNING_SIGNS)):
        below += [("strong", tr(title)), ("text", ", ".join(tr(f"sign.{sign}") for sign in signs))]
    below.append(("text", tr("share.model", model=answer.model_name, version=app_version())))
    return above, below


def write_pdf(answer: Answer, tr: Texts, path: Path) -> None:
    """Write the page as PDF (A4), whole or not at all.

    Raises:
        UnusableInput: there is no answer, or the file cannot be written.
        MissingDependency: the extra `app` is not installed.
    """
    above, below = page_lines(answer, tr)
    try:
        from fpdf import FPDF
    except ImportError as error:
        raise _missing("fpdf2") from error
    page = FPDF(format="A4")
    page.set_margin(18)
    page.set_auto_page_break(True, 15)
    page.add_page()
    _add_paragraphs(page, above)
    jpeg = cv2.imencode(".jpg", framed_photo(answer)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    height, width = np.asarray(answer.photo).shape[:2]
    page.image(io.BytesIO(jpeg.tobytes()), w=min(PDF_PHOTO[0], PDF_PHOTO[1] * width / height))
    page.ln(2)
    _add_paragraphs(page, below)
    _write(path, bytes(page.output()))


def write_png(answer: Answer, tr: Texts, path: Path) -> None:
    """Write the page as PNG; errors as in `write_pdf`."""
    above, below = page_lines(answer, tr)
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise _missing("pillow") from error
    fonts = {style: ImageFont.load_default(size) for style, (size, _, _) in STYLES.items()}
    photo = Image.fromarray(framed_photo(answer))
    photo = photo.resize((PHOTO_WIDTH, max(1, round(PHOTO_WIDTH * photo.height / photo.width))))
    blocks = [
        [(style, row) for style, text in paragraphs for row in textwrap.wrap(text, STYLES[style][1])]
        for paragraphs in (above, below)
    ]
    height = sum(_row_height(style) for rows in blocks for style, _ in rows) + photo.height + 4 * MARGIN
    page = Image.new("RGB", (PAGE_WIDTH, height), "white")
    draw = ImageDraw.Draw(page)
    y = MARGIN
    for rows in blocks:
        for style, row in rows:
            draw.text((MARGIN, y), row, "black", font=fonts[style])
            y += _row_height(style)
        if rows is blocks[0]:
            page.paste(photo, (MARGIN, y + MARGIN // 2))
            y += photo.height + MARGIN
    content = io.BytesIO()
    page.save(content, "PNG")
    _write(path, content.getvalue())


def _row_height(style: str) -> int:
    return round(1.45 * STYLES[style][0])


def _add_paragraphs(page: "FPDF", paragraphs: list[Paragraph]) -> None:
    for style, text in paragraphs:
        points = STYLES[style][2]
        page.set_font("Helvetica", "" if style == "text" else "B", points)
        # The fonts built into every PDF reader are Latin-1 only.
        latin = text.encode("latin-1", "replace").decode("latin-1")
        page.multi_cell(0, 0.5 * points, latin, align="L", new_x="LMARGIN", new_y="NEXT")
        page.ln(1)


def framed_photo(answer: Answer, longest: int = MAX_PHOTO_SIDE) -> Photo:
    """Return the photo, its longer side at most `longest` pixels, with a frame around the model's crop."""
    photo = np.asarray(answer.photo)
    scale = min(1.0, longest / max(photo.shape[:2]))
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    small = np.ascontiguousarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    left, top, width, height = (round(side * scale) for side in answer.crop)
    for color, thickness in (((0, 0, 0), 4), (FRAME_COLOR, 2)):  # seen on light and on dark skin
        thickness *= max(1, max(size) // 600)
        cv2.rectangle(small, (left, top), (left + width - 1, top + height - 1), color, thickness)
    return small


def _write(path: Path, content: bytes) -> None:
    try:
        write_bytes(path, content)
    except OSError as error:
        raise UnusableInput(f"The file could not be written ({error.strerror}). Received: {path}.") from error


def _missing(library: str) -> MissingDependency:
    return MissingDependency(f"Sharing needs {library}. Install it with `pip install 'skin-distill[app]'`.")
