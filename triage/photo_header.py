"""Photo headers: format, size, orientation, colours and completeness, checked before decoding.

Decoders trust the header: 30 bytes can request gigabytes, and a truncated photo may silently come back half grey. These
checks detect a missing end, and wrong checksums in PNG. Other formats have no checksums.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from triage.color_profile import ADOBE_RGB, UNTAGGED, ColorTag
from triage.errors import UnreadablePhoto
from triage.exif import ORIENTATION, directory, exif_orientation, xmp_orientation
from triage.heif import heif_kind, read_heif_header
from triage.jpeg_stream import read_jpeg

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Chunks that affect decoded pixels (PNG 1.2, section 4.1, and tRNS). Others are removed before decoding: libpng prints
# warnings about odd colour profiles, and OpenCV ignores profiles anyway.
PNG_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
PNG_COLOR_CHUNKS = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
PNG_XMP = b"XML:com.adobe.xmp\0"
PNG_GREY = (0, 4)  # colour types
MAX_PROFILE = 1 << 24
"""Bytes; a larger colour profile is not unpacked. Those of printers have up to 3 MB."""
TIFF_SUBFILE, TIFF_WIDTH, TIFF_HEIGHT, TIFF_PHOTOMETRIC, TIFF_EXTRA_SAMPLES, TIFF_XMP, TIFF_ICC, TIFF_DNG_VERSION = (
    254, 256, 257, 262, 338, 700, 34675, 50706,
)  # fmt: skip
TIFF_REDUCED = 1  # bit of the subfile type: a smaller copy of another image in the file
TIFF_SPACES = {0: "GRAY", 1: "GRAY", 5: "CMYK"}  # photometric interpretations; others become RGB
# Overrides for libtiff, which would rotate each tile by itself and premultiply alpha.
TIFF_DECODED_AS = {ORIENTATION: 1, TIFF_EXTRA_SAMPLES: 0}
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
        kind: "JPEG", "PNG", "WebP", "TIFF", "BMP", "HEIC" or "AVIF".
        width: stored width in pixels, before the orientation is applied.
        height: stored height in pixels.
        orientation: EXIF orientation 1 to 8, to be applied after decoding.
        stream: bytes for the decoder.
        space: "RGB", "GRAY" or "CMYK", as stored.
        colors: what the file says about the meaning of its values.
        scalable: can be decoded at a fraction of its size in little memory.
    """

    kind: str
    width: int
    height: int
    orientation: int
    stream: bytes
    space: str = "RGB"
    colors: ColorTag = UNTAGGED
    scalable: bool = False


def is_photo(start: bytes) -> bool:
    """Return whether the first 64 bytes of a file are those of a photo."""
    return _format_of(start) is not None


def read_header(data: bytes, name: str) -> PhotoHeader:
    """Read the header of an encoded photo and check that it is complete.

    Args:
        data: all bytes of the file.
        name: of the photo in error messages.

    Raises:
        UnreadablePhoto: empty, truncated, damaged, or not one of JPEG, PNG, WebP, TIFF, BMP, HEIC and AVIF.
    """
    if not data:
        raise UnreadablePhoto(name, "empty file")
    reader = _format_of(data)
    if reader is None:
        raise UnreadablePhoto(name, _why_not(data))
    try:
        return reader(data, name)
    except (struct.error, IndexError) as error:
        raise UnreadablePhoto(name, "truncated: the file ends inside its header") from error


def _format_of(data: bytes) -> Callable[[bytes, str], PhotoHeader] | None:
    """Return the reader of a format, of which the first 64 bytes are enough."""
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg
    if data[:8] == PNG_SIGNATURE:
        return _png
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return _tiff
    if data[:2] == b"BM" and len(data) >= 26:
        return _bmp
    return _heif if heif_kind(data) else None


def _why_not(data: bytes) -> str:
    for signature, kind in OTHER_FORMATS:
        if data.startswith(signature):
            return f"{kind} is not supported: export as JPEG"
    return "not a photo: JPEG, PNG, WebP, TIFF, BMP, HEIC or AVIF expected"


def _jpeg(data: bytes, name: str) -> PhotoHeader:
    jpeg = read_jpeg(data, name)
    colors = ColorTag(icc=jpeg.icc) if jpeg.icc is not None else ADOBE_RGB if jpeg.adobe_rgb else UNTAGGED
    space = {1: "GRAY", 4: "CMYK"}.get(jpeg.channels, "RGB")
    scalable = not jpeg.progressive and space != "CMYK"
    return PhotoHeader("JPEG", jpeg.width, jpeg.height, jpeg.orientation, jpeg.data, space, colors, scalable)


def _heif(data: bytes, name: str) -> PhotoHeader:
    kind, width, height, colors = read_heif_header(data, name)
    return PhotoHeader(kind, width, height, 1, data, colors=colors)


def _png(data: bytes, name: str) -> PhotoHeader:
    width, height = struct.unpack_from(">II", data, 16)
    if data[12:16] != b"IHDR":
        raise UnreadablePhoto(name, "damaged PNG: IHDR missing")
    exif = xmp = b""
    colors: dict[bytes, bytes] = {}
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
            exif = data[at + 8 : end - 4]
        elif kind == b"iTXt" and data.startswith(PNG_XMP, at + 8):
            xmp = data[at + 8 : end - 4]
        elif kind in PNG_COLOR_CHUNKS:
            colors.setdefault(kind, data[at + 8 : end - 4])
        if kind == b"IEND":
            orientation = exif_orientation(exif) or xmp_orientation(xmp) or 1
            space = "GRAY" if data[25] in PNG_GREY else "RGB"
            return PhotoHeader("PNG", width, height, orientation, b"".join(kept), space, _png_colors(colors))
        at = end


def _png_colors(chunks: dict[bytes, bytes]) -> ColorTag:
    """Return the colours of a PNG by the chunk that counts most (PNG, third edition, section 4.3)."""
    if len(chunks.get(b"cICP", b"")) == 4:
        return ColorTag(cicp=(chunks[b"cICP"][0], chunks[b"cICP"][1]))
    if b"iCCP" in chunks:
        packed = chunks[b"iCCP"].partition(b"\0")[2][1:]
        unpacking = zlib.decompressobj()
        try:
            icc = unpacking.decompress(packed, MAX_PROFILE)
        except zlib.error:
            icc = b""
        return ColorTag(icc=icc if unpacking.eof else b"")
    if b"sRGB" in chunks:
        return UNTAGGED
    gamma = int.from_bytes(chunks.get(b"gAMA", b""), "big") / 100_000
    primaries = tuple(n / 100_000 for (n,) in struct.iter_unpack(">I", chunks.get(b"cHRM", b"")[:32]))
    # Within 5 % of 1/2.2 sRGB's curve is meant, as libpng assumes.
    return ColorTag(gamma=0 if abs(gamma * 2.2 - 1) < 0.05 else gamma, primaries=primaries)


def _webp(data: bytes, name: str) -> PhotoHeader:
    (riff_size,) = struct.unpack_from("<I", data, 4)
    if riff_size + 8 > len(data):
        raise UnreadablePhoto(name, "truncated WebP: the end of the image is missing")
    width = height = 0
    exif = xmp = b""
    icc = None
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
            exif = data[body : body + length].removeprefix(b"Exif\0\0")
        elif kind == b"XMP ":
            xmp = data[body : body + length]
        elif kind == b"ICCP":
            icc = data[body : body + length]
        at = body + length + (length & 1)
    if not width or not height:
        raise UnreadablePhoto(name, "damaged WebP: no image in it")
    orientation = exif_orientation(exif) or xmp_orientation(xmp) or 1
    return PhotoHeader("WebP", width, height, orientation, data, colors=ColorTag(icc=icc))


def _tiff(data: bytes, name: str) -> PhotoHeader:
    entries = list(directory(data))
    tags = {entry.tag: entry.value for entry in entries}
    blocks = {e.tag: data[e.offset : e.offset + e.length] for e in entries if e.tag in (TIFF_XMP, TIFF_ICC)}
    # Other camera raws (NEF) begin with a thumbnail.
    if TIFF_DNG_VERSION in tags or tags.get(TIFF_SUBFILE, 0) & TIFF_REDUCED:
        raise UnreadablePhoto(name, "camera raw is not supported: export as JPEG")
    width, height = tags.get(TIFF_WIDTH, 0), tags.get(TIFF_HEIGHT, 0)
    if not width or not height:
        raise UnreadablePhoto(name, "damaged or truncated TIFF: its header gives no size")
    orientation = exif_orientation(data) or xmp_orientation(blocks.get(TIFF_XMP, b"")) or 1
    space = TIFF_SPACES.get(tags.get(TIFF_PHOTOMETRIC, 2), "RGB")
    changes = [
        (entry.layout, entry.at, TIFF_DECODED_AS[entry.tag])
        for entry in entries
        if entry.layout and entry.value != TIFF_DECODED_AS.get(entry.tag, entry.value)
    ]
    if changes:
        stream = bytearray(data)
        for layout, at, value in changes:
            struct.pack_into(layout, stream, at, value)
        data = bytes(stream)
    return PhotoHeader("TIFF", width, height, orientation, data, space, ColorTag(icc=blocks.get(TIFF_ICC)))


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
