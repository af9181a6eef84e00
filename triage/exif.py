"""Metadata of a photo in EXIF and XMP: orientation and colour space."""

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

ORIENTATION, EXIF_DIRECTORY, INTEROPERABILITY, COLOR_SPACE = 0x0112, 0x8769, 0xA005, 0xA001  # Exif 2.32, section 4.6
INTEROPERABILITY_INDEX, ADOBE_RGB_INDEX, ADOBE_RGB_COLOR_SPACE = 1, b"R03\0", 2
LAYOUTS = {3: "H", 4: "I"}  # SHORT and LONG
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation\s*(?:=\s*[\"']|>)\s*([1-8])\b")


class Entry(NamedTuple):
    """One entry of a directory (TIFF 6.0, section 2).

    Attributes:
        tag: of the entry.
        value: its first value if it is a SHORT or LONG inside the entry, else 0.
        layout: of that value for `struct`; empty if there is none.
        at: offset of the value in the data.
        length: number of values.
        offset: where values that do not fit the entry are.
    """

    tag: int
    value: int
    layout: str
    at: int
    length: int
    offset: int


def directory(data: bytes, start: int | None = None) -> Iterator[Entry]:
    """Yield the entries of a directory of a TIFF or EXIF block, of the first one if `start` is None.

    Raises:
        struct.error: the block ends inside the directory.
    """
    if data[:2] not in (b"II", b"MM"):
        return
    order = "<" if data[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", data, 4)
    at = first if start is None else start
    (entries,) = struct.unpack_from(order + "H", data, at)
    for entry in range(at + 2, at + 2 + 12 * entries, 12):
        tag, kind, count, offset = struct.unpack_from(order + "HHII", data, entry)
        layout = order + LAYOUTS[kind] if kind in LAYOUTS else ""
        if count * struct.calcsize(layout) > 4:
            layout = ""
        value = struct.unpack_from(layout, data, entry + 8)[0] if layout else 0
        yield Entry(tag, value, layout, entry + 8, count, offset)


def exif_orientation(exif: bytes) -> int:
    """Return the orientation 1 to 8; 0 if there is none or the block is damaged, because the pixels are still good."""
    with suppress(struct.error):
        for entry in directory(exif):
            if entry.tag == ORIENTATION and 1 <= entry.value <= 8:
                return entry.value
    return 0


def xmp_orientation(xmp: bytes) -> int:
    """Return the orientation 1 to 8 of an XMP packet; 0 if there is none."""
    found = _XMP_ORIENTATION.search(xmp)
    return int(found[1]) if found else 0


def says_adobe_rgb(exif: bytes) -> bool:
    """Return whether EXIF says Adobe RGB, as cameras do instead of embedding its profile (DCF 2.0, "option file")."""
    with suppress(struct.error, KeyError):
        values = {entry.tag: entry.value for entry in directory(exif)}
        inner = {entry.tag: entry.value for entry in directory(exif, values[EXIF_DIRECTORY])}
        if inner.get(COLOR_SPACE) == ADOBE_RGB_COLOR_SPACE:
            return True
        for entry in directory(exif, inner[INTEROPERABILITY]):
            if entry.tag == INTEROPERABILITY_INDEX:
                return exif[entry.at : entry.at + 4] == ADOBE_RGB_INDEX
    return False
