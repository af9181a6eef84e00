"""The markers of a JPEG (ITU-T T.81, annex B): size, metadata, and what the decoder needs, without the rest.

The decoder is given the quantization and Huffman tables, frames and scans up to the end marker alone, so that each
warning of libjpeg means damage to the picture. Metadata, motion photos and gain maps are left out.
"""

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from triage.errors import UnreadablePhoto
from triage.exif import exif_orientation, says_adobe_rgb, xmp_orientation

SOI, EOI, SOS, APP0, APP1, APP2, APP14, COMMENT = 0xD8, 0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
# Start of frame: 0xC0 to 0xCF without DHT (C4), JPG (C8) and DAC (CC) (T.81, table B.1).
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"
ICC_SIGNATURE = b"ICC_PROFILE\0"
XMP_SIGNATURE = b"http://ns.adobe.com/xap/1.0/\0"
MAX_SCANS = 200
"""A progressive JPEG has about ten; each of thousands would take as long as the whole photo."""
# In a scan 0xFF is stuffed with 0; 0xD0 to 0xD7 restart it.
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


class JpegStream(NamedTuple):
    """A JPEG without what does not change its pixels.

    Attributes:
        width: stored width in pixels.
        height: stored height in pixels.
        channels: 1 (grey), 3, or 4 (CMYK).
        orientation: of EXIF, else of XMP, 1 to 8.
        icc: embedded profile; None if there is none, empty if a part of it is missing.
        adobe_rgb: EXIF says that values are Adobe RGB.
        progressive: its coefficients are all in memory while it is decoded.
        data: for the decoder.
    """

    width: int
    height: int
    channels: int
    orientation: int
    icc: bytes | None
    adobe_rgb: bool
    progressive: bool
    data: bytes


def read_jpeg(data: bytes, name: str) -> JpegStream:
    """Walk the markers of a JPEG to its end.

    Args:
        data: bytes of the file.
        name: of the photo in error messages.

    Raises:
        UnreadablePhoto: damaged, or the end or some scans are missing.
        struct.error, IndexError: it ends inside its header.
    """
    frame = exif = xmp = adobe = b""
    parts: dict[int, bytes] = {}
    kept: list[bytes | memoryview] = [b"\xff\xd8"]
    missing: dict[int, list[int]] = {}
    part_count = frame_marker = scans = 0
    for marker, body, scan in _segments(data, name):
        if marker == APP1:
            # Large blocks continue in further segments without a directory.
            exif = exif or (body[6:] if body.startswith(b"Exif\0\0") else b"")
            xmp = xmp or (body if body.startswith(XMP_SIGNATURE) else b"")
        elif marker == APP2 and body.startswith(ICC_SIGNATURE):
            parts[body[12]], part_count = body[14:], body[13]
        elif marker == APP14 and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body
        if APP0 < marker <= APP14 + 1 or marker == COMMENT:
            continue
        if marker == APP0:
            if not body.startswith(b"JFIF\0"):
                continue
            body = JFIF  # libjpeg warns of odd versions
        elif marker in FRAMES:
            frame, frame_marker = body, marker
            # Approximation bits that each coefficient of each component still lacks; all at first.
            missing = {body[6 + 3 * n]: [-1] * 64 for n in range(body[5])}
        elif marker == SOS:
            if not frame:
                raise UnreadablePhoto(name, "damaged JPEG: its header gives no size")
            scans += 1
            if scans > MAX_SCANS:
                raise UnreadablePhoto(name, f"more than {MAX_SCANS} scans in this JPEG: export it again")
            body = _note_scan(body, frame_marker, missing)
        kept += [bytes((0xFF, marker)), struct.pack(">H", len(body) + 2), body, scan]
    height, width = struct.unpack_from(">HH", frame, 1) if frame else (0, 0)
    if not width or not height:
        raise UnreadablePhoto(name, "damaged JPEG: its header gives no size")
    if any(bits for component in missing.values() for bits in component):
        raise UnreadablePhoto(name, "truncated JPEG: the last scans of the image are missing")
    if adobe:
        # Libjpeg warns of an unknown colour transform and takes it for the usual one.
        usual = 2 if frame[5] == 4 else 1
        kept.insert(1, b"\xff\xee\0\x0e" + adobe[:11] + bytes([adobe[11] if adobe[11] in (0, usual) else usual]))
    return JpegStream(
        width,
        height,
        frame[5],
        exif_orientation(exif) or xmp_orientation(xmp) or 1,
        None if not parts else b"".join(parts[n] for n in sorted(parts)) if len(parts) == part_count else b"",
        says_adobe_rgb(exif),
        frame_marker in PROGRESSIVE,
        b"".join([*kept, b"\xff\xd9"]),
    )


def _segments(data: bytes, name: str) -> Iterator[tuple[int, bytes, memoryview]]:
    """Yield marker, body and, after SOS, coded data, of each segment up to the end marker."""
    at, in_scans = 2, False
    view = memoryview(data)  # a scan of 60 MB is not copied
    while True:
        if data[at] != 0xFF:
            raise UnreadablePhoto(name, "damaged JPEG: a marker is missing")
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte (B.1.1.2)
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker < SOI or (marker == SOI and not in_scans):  # TEM and RSTn stand alone
            at += 2
            continue
        if marker == EOI and not in_scans:
            raise UnreadablePhoto(name, "damaged JPEG: no image data")
        if marker == EOI:
            return
        if marker == SOI:  # of the next picture in the file
            raise UnreadablePhoto(name, "truncated JPEG: the end of the image is missing")
        (length,) = struct.unpack_from(">H", data, at + 2)
        if length < 2:
            raise UnreadablePhoto(name, "damaged JPEG: a segment of no length")
        body = data[at + 4 : at + 2 + length]
        at += 2 + length
        scan = view[:0]
        if marker == SOS:
            in_scans = True
            end = _SCAN_END.search(data, at)
            if end is None:
                raise UnreadablePhoto(name, "truncated JPEG: the end of the image is missing")
            scan = view[at : end.start()]
            at = end.start()
        elif in_scans and at >= len(data):
            raise UnreadablePhoto(name, "truncated JPEG: the end of the image is missing")
        yield marker, body, scan


def _note_scan(body: bytes, frame_marker: int, missing: dict[int, list[int]]) -> bytes:
    """Note which coefficients a scan completes, and return its header as the decoder shall see it."""
    count = body[0]
    components = [body[1 + 2 * n] for n in range(count)]
    first, last, bits = body[1 + 2 * count], body[2 + 2 * count], body[3 + 2 * count] & 15
    if frame_marker not in PROGRESSIVE:
        first, last, bits = 0, 63, 0
        if frame_marker not in LOSSLESS:  # some encoders leave these bytes at 0, which libjpeg warns of and ignores
            body = body[: 1 + 2 * count] + bytes((first, last, bits)) + body[4 + 2 * count :]
    for component in components:
        if component in missing:
            missing[component][first : last + 1] = [bits] * (min(last, 63) + 1 - first)
    return body
