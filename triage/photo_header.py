"""Photo headers: format, size, orientation and completeness, checked before decoding.

Decoders trust the header: 30 bytes can request gigabytes, and a truncated photo may silently come back half grey. These
checks detect a missing end, and wrong checksums in PNG. Other formats have no checksums.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from triage.errors import UnreadablePhoto

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Chunks that affect decoded pixels (PNG 1.2, section 4.1, and tRNS). Others are removed before decoding: libpng prints
# warnings about odd colour profiles, and OpenCV ignores profiles anyway.
PNG_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
TIFF_SUBFILE, TIFF_WIDTH, TIFF_HEIGHT, TIFF_ORIENTATION, TIFF_EXTRA_SAMPLES, TIFF_DNG_VERSION = (
    254, 256, 257, 274, 338, 50706,
)  # fmt: skip
TIFF_REDUCED = 1  # bit of the subfile type: a smaller copy of another image in the file
TIFF_LAYOUTS = {3: "H", 4: "I"}  # SHORT and LONG
# Overrides for libtiff, which would rotate each tile by itself and premultiply alpha.
TIFF_DECODED_AS = {TIFF_ORIENTATION: 1, TIFF_EXTRA_SAMPLES: 0}
# JPEG start-of-frame markers: 0xC0 to 0xCF without DHT (C4), JPG (C8) and DAC (CC) (ITU-T T.81, table B.1).
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_SCAN, JPEG_APP1, JPEG_END = 0xDA, 0xE1, b"\xff\xd9"
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
# Signature -> name of unsupported formats; their headers are not checked.
OTHER_FORMATS = (
    (b"GIF8", "GIF"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"II+\x00", "BigTIFF"),
    (b"MM\x00+", "BigTIFF"),
    (b"v/1\x01", "OpenEXR"),
)


@dataclass(frozen=True)
class PhotoHeader:
    """Header of a photo.

    Attributes:
        kind: "JPEG", "PNG", "WebP", "TIFF" or "BMP".
        width: stored width in pixels, before the orientation is applied.
        height: stored height in pixels.
        orientation: EXIF orientation 1 to 8, to be applied after decoding.
        stream: bytes for the decoder.
    """

    kind: str
    width: int
    height: int
    orientation: int
    stream: bytes


def read_header(data: bytes, name: str) -> PhotoHeader:
    """Read the header of an encoded photo and check that it is complete.

    Args:
        data: all bytes of the file.
        name: of the photo in error messages.

    Raises:
        UnreadablePhoto: empty, truncated, damaged, or not one of JPEG, PNG, WebP, TIFF and BMP.
    """
    if not data:
        raise UnreadablePhoto(name, "empty file")
    try:
        if data[:3] == b"\xff\xd8\xff":
            return _jpeg(data, name)
        if data[:8] == PNG_SIGNATURE:
            return _png(data, name)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data, name)
        if data[:4] in (b"II*\x00", b"MM\x00*"):
            return _tiff(data, name)
        if data[:2] == b"BM" and len(data) >= 26:
            return _bmp(data, name)
    except (struct.error, IndexError) as error:
        raise UnreadablePhoto(name, "truncated: the file ends inside its header") from error
    raise UnreadablePhoto(name, _why_not(data))


def _why_not(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        if data[8:12] in HEIF_BRANDS:
            return "HEIC is not supported: export as JPEG"
        if data[8:12] in (b"avif", b"avis"):
            return "AVIF is not supported: export as JPEG"
    for signature, kind in OTHER_FORMATS:
        if data.startswith(signature):
            return f"{kind} is not supported: export as JPEG"
    return "not a photo: JPEG, PNG, WebP, TIFF or BMP expected"


def _jpeg(data: bytes, name: str) -> PhotoHeader:
    width = height = orientation = 0
    at = 2
    while True:
        if data[at] != 0xFF:
            raise UnreadablePhoto(name, "damaged JPEG header")
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte (T.81, B.1.1.2)
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # TEM, RSTn and SOI stand alone
            at += 2
            continue
        if marker == 0xD9:
            raise UnreadablePhoto(name, "damaged JPEG: no image data")
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", body, 1)
        # Large blocks continue in further segments without a directory.
        elif marker == JPEG_APP1 and body[:6] == b"Exif\0\0" and not orientation:
            orientation = _orientation(body[6:])
        elif marker == JPEG_SCAN:
            break
        at += 2 + length
    if not width or not height:
        raise UnreadablePhoto(name, "damaged JPEG: its header gives no size")
    # After the first scan 0xFF is stuffed, so these two bytes are the end marker. Phones append motion photos and other
    # data after it; search from the end, where it usually is.
    if data.rfind(JPEG_END, at) < 0:
        raise UnreadablePhoto(name, "truncated JPEG: the end of the image is missing")
    return PhotoHeader("JPEG", width, height, orientation or 1, data)


def _png(data: bytes, name: str) -> PhotoHeader:
    width, height = struct.unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR":
        raise UnreadablePhoto(name, "damaged PNG: IHDR missing")
    orientation = 1
    kept = [PNG_SIGNATURE]
    at = len(PNG_SIGNATURE)
    view = memoryview(data)
    while True:
        if at + 12 > len(data):
            raise UnreadablePhoto(name, "truncated PNG: the end of the image is missing")
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise UnreadablePhoto(name, "truncated PNG: the end of the image is missing")
        if kind in PNG_PIXEL_CHUNKS:
            if zlib.crc32(view[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
                raise UnreadablePhoto(name, "damaged PNG: a checksum does not match")
            kept.append(bytes(view[at:end]))
        elif kind == b"eXIf":
            orientation = _orientation(data[at + 8 : end - 4])
        if kind == b"IEND":
            return PhotoHeader("PNG", width, height, orientation, b"".join(kept))
        at = end


def _webp(data: bytes, name: str) -> PhotoHeader:
    (riff_size,) = struct.unpack_from("<I", data, 4)
    if riff_size + 8 > len(data):
        raise UnreadablePhoto(name, "truncated WebP: the end of the image is missing")
    width = height = 0
    orientation = 1
    at = 12
    while at + 8 <= riff_size + 8:
        kind, (length,) = data[at : at + 4], struct.unpack_from("<I", data, at + 4)
        body = at + 8
        if kind == b"VP8X":
            width = 1 + int.from_bytes(data[body + 4 : body + 7], "little")
            height = 1 + int.from_bytes(data[body + 7 : body + 10], "little")
        elif kind == b"VP8 " and not width:
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, body + 6))
        elif kind == b"VP8L" and not width:
            (bits,) = struct.unpack_from("<I", data, body + 1)
            width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        elif kind == b"EXIF":
            exif = data[body : body + length]
            orientation = _orientation(exif[6:] if exif[:6] == b"Exif\0\0" else exif)
        at = body + length + (length & 1)
    if not width or not height:
        raise UnreadablePhoto(name, "damaged WebP: no image in it")
    return PhotoHeader("WebP", width, height, orientation, data)


def _tiff(data: bytes, name: str) -> PhotoHeader:
    entries = list(_first_directory(data))
    tags = {tag: value for tag, value, _, _ in entries}
    # Other camera raws (NEF) begin with a thumbnail.
    if TIFF_DNG_VERSION in tags or tags.get(TIFF_SUBFILE, 0) & TIFF_REDUCED:
        raise UnreadablePhoto(name, "camera raw is not supported: export as JPEG")
    width, height = tags.get(TIFF_WIDTH, 0), tags.get(TIFF_HEIGHT, 0)
    if not width or not height:
        raise UnreadablePhoto(name, "damaged or truncated TIFF: its header gives no size")
    orientation = _orientation(data)
    changes = [
        (layout, at, TIFF_DECODED_AS[tag])
        for tag, value, layout, at in entries
        if layout and value != TIFF_DECODED_AS.get(tag, value)
    ]
    if changes:
        stream = bytearray(data)
        for layout, at, value in changes:
            struct.pack_into(layout, stream, at, value)
        data = bytes(stream)
    return PhotoHeader("TIFF", width, height, orientation, data)


def _bmp(data: bytes, name: str) -> PhotoHeader:
    offset, header_size = struct.unpack_from("<II", data, 10)
    if header_size < 40:
        raise UnreadablePhoto(name, "this old kind of BMP is not supported: export as JPEG")
    width, height = (abs(side) for side in struct.unpack_from("<ii", data, 18))
    bits, compression, image_size = struct.unpack_from("<HII", data, 28)
    # Rows are padded to 4 bytes; kinds 0 and 3 are uncompressed, others state their size.
    needed = (width * bits + 31) // 32 * 4 * height if compression in (0, 3) else image_size
    if offset + needed > len(data):
        raise UnreadablePhoto(name, "truncated BMP: the end of the image is missing")
    if not width or not height:
        raise UnreadablePhoto(name, "damaged BMP: its header gives no size")
    return PhotoHeader("BMP", width, height, 1, data)


def _orientation(exif: bytes) -> int:
    """Return the EXIF orientation 1 to 8; 1 if the block is damaged, because the pixels are still good."""
    with suppress(struct.error):
        for tag, value, _, _ in _first_directory(exif):
            if tag == TIFF_ORIENTATION and 1 <= value <= 8:
                return value
    return 1


def _first_directory(data: bytes) -> Iterator[tuple[int, int, str, int]]:
    """Yield tag, first value, its layout and offset for each entry of the first directory (TIFF 6.0, section 2).

    Values other than inline SHORT and LONG yield 0 and an empty layout.
    """
    if data[:2] not in (b"II", b"MM"):
        return
    order = "<" if data[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, values = struct.unpack_from(order + "HHI", data, entry)
        layout = order + TIFF_LAYOUTS[kind] if kind in TIFF_LAYOUTS else ""
        if values * struct.calcsize(layout) > 4:
            layout = ""
        yield tag, struct.unpack_from(layout, data, entry + 8)[0] if layout else 0, layout, entry + 8
