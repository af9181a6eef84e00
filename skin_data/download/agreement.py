"""The terms of a data set, which the user must accept before anything is downloaded."""

import html
import re
from dataclasses import dataclass
from pathlib import Path

RECORD = "LICENCE.txt"
"""Written into the data set's folder when the user has agreed, so that the photos never lie there without it."""


@dataclass(frozen=True)
class Terms:
    """Licence of a data set, with the main conditions, a sentence each; the licence's own text is binding."""

    title: str
    page: str
    licence: str
    licence_page: str
    conditions: tuple[str, ...]
    citation: str


def terms_text(terms: Terms, licence_there: str = "") -> str:
    """Write terms for a person to read, with what the server says of the licence."""
    lines = [terms.title, f"  {terms.page}", f"Licence: {terms.licence}", f"  {terms.licence_page}"]
    lines += [f"The server says: {licence_there}"] if licence_there else []
    lines += [f"- {condition}" for condition in terms.conditions]
    return "\n".join([*lines, f"Cite: {terms.citation}"]) + "\n"


def agreed_before(folder: Path, text: str) -> bool:
    """Whether exactly these terms were accepted for this folder."""
    try:
        return (folder / RECORD).read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def plain(statement: str, longest: int = 400) -> str:
    """Return a server's HTML or text on one line, without markup, cut to `longest` characters."""
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", statement)).split())
    return text if len(text) <= longest else text[: longest - 4].rstrip() + " ..."
