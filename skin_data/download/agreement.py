"""The terms of a data set, which the user must accept before anything is downloaded."""

import html
import re
from dataclasses import dataclass
from pathlib import Path

from triage.atomic import write_text
from triage.errors import UnusableInput

RECORD = "LICENCE.txt"
"""Written into the data set's folder when the user has agreed, so that the photos never lie there without it."""


@dataclass(frozen=True)
class Terms:
    """Licence of a data set.

    Attributes:
        title: of the data set.
        page: its web address.
        licence: name of the licence.
        licence_page: address of its text.
        conditions: the main ones, a sentence each; the licence's text is binding.
        citation: of the paper or page.
    """

    title: str
    page: str
    licence: str
    licence_page: str
    conditions: tuple[str, ...]
    citation: str


def terms_text(terms: Terms, licence_there: str = "") -> str:
    """Write terms for a person to read.

    Args:
        terms: of the data set.
        licence_there: what the server says of the licence.
    """
    lines = [terms.title, f"  {terms.page}", f"Licence: {terms.licence}", f"  {terms.licence_page}"]
    if licence_there:
        lines.append(f"The server says: {licence_there}")
    lines += [f"- {condition}" for condition in terms.conditions]
    return "\n".join([*lines, f"Cite: {terms.citation}"]) + "\n"


def agreed_before(folder: Path, text: str) -> bool:
    """Whether exactly these terms were accepted for this folder."""
    try:
        return (folder / RECORD).read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def record_agreement(folder: Path, text: str) -> None:
    """Keep the accepted terms beside the photos.

    Raises:
        UnusableInput: the folder cannot be written to.
    """
    try:
        write_text(folder / RECORD, text)
    except OSError as error:
        raise UnusableInput(f"The folder cannot be written to. Received: {folder} ({error.strerror}).") from error


def plain(statement: str, longest: int = 400) -> str:
    """Return a server's HTML or text on one line, without markup, cut to `longest` characters."""
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", statement)).split())
    return text if len(text) <= longest else text[: longest - 4].rstrip() + " ..."
