"""An answer as a page to share: the same lines as a PDF and as a picture."""

import io
import textwrap
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mobile_app.answer import Answer
from mobile_app.texts import Texts
from mobile_app.wording import headline, light_line, likeness, overruled
from triage.atomic import write_bytes
from triage.errors import MissingDependency, UnusableInput

LONGEST_PHOTO = 1200
"""Pixels of the longer side of the photo on the page; the model saw 224."""
FRAME_COLOR = (255, 214, 0)
QUALITY = 90
PAGE_WIDTH, MARGIN, PHOTO_WIDTH = 1000, 60, 560  # of the picture, pixels
TEXT_SIZES = {"title": 40, "strong": 28, "text": 24}  # pixels; points of the PDF are a fifth of ten of them
COLUMNS = {"title": 42, "strong": 62, "text": 72}  # characters a line of the picture
POINTS = {"title": 20, "strong": 13, "text": 11}


@dataclass(frozen=True)
class Line:
    """One paragraph of the page: "title", "strong" or "text"."""

    kind: str
    text: str


def lines_of(answer: Answer, say: Texts) -> tuple[list[Line], list[Line]]:
    """Paragraphs above and below the photo: what it is not first, then what it looks like, then what to do.

    Raises:
        UnusableInput: there is no answer, only an error.
    """
    if answer.assessment is None or answer.photo is None:
        raise UnusableInput(f"There is no answer to share. Received: {answer.error}.")
    above = [
        Line("title", say("answer.not_a_diagnosis")),
        Line("text", say("answer.disclaimer")),
        *([Line("strong", say("app.demo_note"))] if answer.demo else []),
    ]
    below = [Line("text", say("answer.crop")), Line("strong", headline(say, answer))]
    if answer.cannot_tell:
        below.append(Line("text", say(f"answer.cannot_tell_{answer.cannot_tell_why}")))
        if answer.top:
            below.append(Line("text", say("answer.nearest")))
    below += [
        *(Line("text", f"{like.name}: {likeness(say, like)}") for like in answer.top),
        Line("strong", f"{say('answer.next')}: {say(f'answer.{answer.urgency}')}"),
        Line("text", say(f"answer.{answer.urgency}_text")),
        Line("strong", say("answer.signs")),
        *(Line("text", f"- {say(f'sign.{sign}')}") for sign in answer.warning_signs),
        Line("strong" if overruled(answer) else "text", light_line(say, answer)),
    ]
    return above, below


def write_pdf(answer: Answer, path: Path, say: Texts) -> None:
    """Write the page as PDF (A4), whole or not at all."""
    above, below = lines_of(answer, say)
    try:
        from fpdf import FPDF
    except ImportError as error:
        raise _missing("fpdf2") from error
    page = FPDF(format="A4")
    page.set_margin(18)
    page.set_auto_page_break(True, 15)
    page.add_page()
    _paragraphs(page, above)
    page.image(io.BytesIO(_jpeg(answer)), w=105)
    page.ln(2)
    _paragraphs(page, below)
    write_bytes(path, bytes(page.output()))


def write_picture(answer: Answer, path: Path, say: Texts) -> None:
    """Write the page as PNG, whole or not at all."""
    above, below = lines_of(answer, say)
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise _missing("pillow") from error
    fonts = {kind: ImageFont.load_default(size) for kind, size in TEXT_SIZES.items()}
    photo = Image.fromarray(_framed(answer))
    photo = photo.resize((PHOTO_WIDTH, max(1, round(PHOTO_WIDTH * photo.height / photo.width))))
    wrapped = [
        [(line.kind, row) for line in lines for row in textwrap.wrap(line.text, COLUMNS[line.kind])]
        for lines in (above, below)
    ]
    heights = [sum(_row_height(kind) for kind, _ in rows) for rows in wrapped]
    page = Image.new("RGB", (PAGE_WIDTH, sum(heights) + photo.height + 4 * MARGIN), "white")
    draw = ImageDraw.Draw(page)
    y = MARGIN
    for rows in wrapped:
        for kind, row in rows:
            draw.text((MARGIN, y), row, "black", font=fonts[kind])
            y += _row_height(kind)
        if rows is wrapped[0]:
            page.paste(photo, (MARGIN, y + MARGIN // 2))
            y += photo.height + MARGIN
    content = io.BytesIO()
    page.save(content, "PNG")
    write_bytes(path, content.getvalue())


def _row_height(kind: str) -> int:
    return round(1.45 * TEXT_SIZES[kind])


def _paragraphs(page: object, lines: list[Line]) -> None:
    for line in lines:
        page.set_font("Helvetica", "" if line.kind == "text" else "B", POINTS[line.kind])  # type: ignore[attr-defined]
        # The fonts that every PDF reader has know Latin-1 alone.
        text = line.text.encode("latin-1", "replace").decode("latin-1")
        page.multi_cell(0, 0.5 * POINTS[line.kind], text, align="L", new_x="LMARGIN", new_y="NEXT")  # type: ignore[attr-defined]
        page.ln(1)  # type: ignore[attr-defined]


def _framed(answer: Answer) -> np.ndarray:
    """The photo, at most `LONGEST_PHOTO` long, with a frame round what the model saw."""
    photo = np.asarray(answer.photo)
    scale = min(1.0, LONGEST_PHOTO / max(photo.shape[:2]))
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    small = np.ascontiguousarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA))
    left, top, width, height = (round(side * scale) for side in answer.crop)
    cv2.rectangle(small, (left, top), (left + width - 1, top + height - 1), FRAME_COLOR, max(2, max(size) // 300))
    return small


def _jpeg(answer: Answer) -> bytes:
    return cv2.imencode(".jpg", _framed(answer)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def _missing(library: str) -> MissingDependency:
    return MissingDependency(f"Sharing needs {library}. Install it with `pip install 'skin-distill[app]'`.")
