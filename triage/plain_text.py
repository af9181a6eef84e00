"""Text with names of files, which may hold any bytes, for terminals, files and JSON."""

import json
import re
from typing import Any

_SURROGATES = re.compile("[\ud800-\udfff]+")
# Control characters but line feed, which move the cursor, and marks that reverse the direction of writing.
_UNPRINTABLE = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]")


def json_text(value: Any) -> str:
    """Return indented JSON that can be encoded as UTF-8; NaN and inf raise ValueError."""
    return in_utf8(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False), "\\\\")


def in_utf8(text: str, backslash: str = "\\") -> str:
    r"""Return text that can be encoded as UTF-8.

    Python keeps the bytes of a file name that it cannot decode as lone surrogates (PEP 383). They are decoded as UTF-8
    here, and written as `\xff` where they are not.

    Args:
        text: may hold such names.
        backslash: how a backslash is written.
    """
    return _SURROGATES.sub(lambda found: _decoded(found[0]).replace("\\", backslash), text)


def _decoded(surrogates: str) -> str:
    try:
        return surrogates.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # not of a file name
        return surrogates.encode("ascii", "backslashreplace").decode("ascii")


def printable(text: object, keep_lines: bool = True) -> str:
    """Return text that names of files cannot turn into commands to a terminal: what does not print is escaped.

    Args:
        text: may hold names with any character.
        keep_lines: leave line feeds; False for a name alone.
    """
    escaped = _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), in_utf8(str(text)))
    return escaped if keep_lines else escaped.replace("\n", "\\n")
