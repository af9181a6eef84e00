"""HEIC and AVIF: what their boxes say of the main picture, and decoding it (ISO/IEC 14496-12 and 23008-12).

Depth maps, gain maps, thumbnails and further pictures are other items of the file, and are left alone. Rotation and
mirroring of the boxes are applied; the EXIF orientation beside them must not be (23008-12, annex A).
"""

import io
import struct
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from triage.color_profile import UNTAGGED, ColorTag
from triage.errors import UnreadablePhoto
from triage.exif import ORIENTATION

HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})


def heif_kind(data: bytes) -> str | None:
    """Return "HEIC" or "AVIF", by the first 64 bytes; None for another format."""
    if data[4:8] != b"ftyp":
        return None
    brands = {data[at : at + 4] for at in (8, *range(16, min(64, int.from_bytes(data[:4], "big")), 4))}
    return "AVIF" if brands & AVIF_BRANDS else "HEIC" if brands & HEIC_BRANDS else None


def read_heif_header(data: bytes, name: str) -> tuple[str, int, int, ColorTag]:
    """Return kind, stored width and height in pixels, and colours of the main picture.

    Raises:
        UnreadablePhoto: truncated or damaged.
        struct.error, IndexError: a box ends too early.
    """
    kind = str(heif_kind(data))
    meta = {}
    for box, start, end in _boxes(data, 0, len(data)):
        if end > len(data):
            raise UnreadablePhoto(name, f"truncated {kind}: the end of the image is missing")
        if box == b"meta":
            meta = {inner: (first, last) for inner, first, last in _boxes(data, start + 4, end)}
    size, profile, cicp = None, None, None
    for box, start, end in _properties_of_main_picture(data, meta):
        if box == b"ispe":
            size = struct.unpack_from(">II", data, start + 4)
        elif box == b"colr" and data[start : start + 4] == b"nclx":
            cicp = struct.unpack_from(">HH", data, start + 4)
        elif box == b"colr":  # "prof" or "rICC"
            profile = data[start + 4 : end]
    if not size or not all(size):
        raise UnreadablePhoto(name, f"damaged {kind}: its header gives no size")
    colors = ColorTag(icc=profile) if profile is not None else ColorTag(cicp=cicp) if cicp else UNTAGGED
    return kind, size[0], size[1], colors


def decode_heic(data: bytes) -> tuple[npt.NDArray[np.integer[Any]], int]:
    """Decode the main picture of a HEIC, upright.

    Returns:
        uint8 or uint16 [height, width, 3] in RGB, and how many values a channel may have, such as 256.

    Raises:
        ImportError: no decoder.
        ValueError, EOFError, SyntaxError, RuntimeError, OSError, IndexError: damaged.
    """
    import pi_heif

    pictures = pi_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    picture = pictures[pictures.primary_index]
    pixels = np.asarray(picture)
    if pixels.ndim == 2:
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB))
    levels = 1 << (8 if pixels.dtype == np.uint8 else int(picture.info["bit_depth"]))
    return np.array(pixels[..., :3]), levels  # a copy: the memory belongs to the decoder


def decode_avif(data: bytes) -> tuple[npt.NDArray[np.uint8], int]:
    """Decode the main picture of an AVIF.

    Returns:
        uint8 [height, width, 3] in RGB, and the orientation that its boxes say, 1 to 8.

    Raises:
        ImportError: no decoder.
        ValueError, SyntaxError, RuntimeError, OSError: damaged.
    """
    from PIL import Image, features

    if not features.check("avif"):
        raise ImportError("Pillow has no AVIF")
    with Image.open(io.BytesIO(data), formats=["AVIF"]) as picture:
        # Pillow puts rotation and mirroring of the boxes in the place of the EXIF orientation.
        return np.array(picture.convert("RGB")), int(picture.getexif().get(ORIENTATION, 1))


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of the content of each box."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        elif size == 0:
            size = end - at
        if at + size < start:
            raise struct.error("a box smaller than its header")
        at += size
        yield kind, start, at


def _properties_of_main_picture(data: bytes, meta: dict[bytes, tuple[int, int]]) -> Iterator[tuple[bytes, int, int]]:
    """Yield the boxes of the properties that belong to the primary item."""
    if b"pitm" not in meta or b"iprp" not in meta:
        return
    start = meta[b"pitm"][0]
    (main,) = struct.unpack_from(">I" if data[start] else ">H", data, start + 4)
    properties: list[tuple[bytes, int, int]] = []
    for box, start, end in _boxes(data, *meta[b"iprp"]):
        if box == b"ipco":
            properties = list(_boxes(data, start, end))
        elif box == b"ipma":
            wide_item, wide_index = data[start], data[start + 3] & 1
            (count,) = struct.unpack_from(">I", data, start + 4)
            at = start + 8
            for _ in range(count):
                (item,) = struct.unpack_from(">I" if wide_item else ">H", data, at)
                at += 4 if wide_item else 2
                size = 2 if wide_index else 1
                indices = data[at + 1 : at + 1 + size * data[at]]
                at += 1 + len(indices)
                for n in range(0, len(indices), size):
                    index = int.from_bytes(indices[n : n + size], "big") & (0x7FFF if wide_index else 0x7F)
                    if item == main and 0 < index <= len(properties):
                        yield properties[index - 1]
