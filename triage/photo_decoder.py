"""Decoders of each format: from checked bytes to RGB pixels in sRGB.

simplejpeg and OpenCV both decode JPEG with libjpeg-turbo, to the same pixels; simplejpeg also reports damage. Where it
cannot be installed, as on Android, OpenCV decodes and damage inside a JPEG goes unnoticed.
"""

import io
import re
from contextlib import suppress

import cv2
import numpy as np
import numpy.typing as npt

from triage.color_conversion import Conversion, Samples, to_8_bits
from triage.errors import UnreadablePhoto
from triage.heif import decode_avif, decode_heic
from triage.photo_header import PhotoHeader

Photo = npt.NDArray[np.uint8]

NEEDED = {
    "HEIC": 'HEIC needs a decoder: run `pip install "pi-heif>=1,<2"`, or export as JPEG',
    "AVIF": 'AVIF needs a decoder: run `pip install "pillow>=11.3,<14"`, or export as JPEG',
}
# The warning of libjpeg that may be harmless; `jpeg_stream` removes the causes of others.
_LEFT_OVER = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_READ_RGB = int(getattr(cv2, "IMREAD_COLOR_RGB", cv2.IMREAD_COLOR))
_REDUCED = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}
# UnreadablePhoto reports damage; OpenCV would also print it for each photo.
if hasattr(cv2, "setLogLevel"):  # until OpenCV 4.12
    cv2.setLogLevel(0)
else:
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def library_versions() -> str:
    """Return the libraries that decode, with their versions; other versions may give other pixels."""
    from importlib.metadata import PackageNotFoundError, version  # takes 10 ms

    found = [f"opencv {cv2.__version__}"]
    for name in ("pillow", "pi-heif", "simplejpeg"):
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return " ".join(found)


def decode(header: PhotoHeader, name: str, conversion: Conversion | None, shrink: int = 1) -> tuple[Photo, int]:
    """Decode a photo to sRGB.

    Args:
        header: of the photo.
        name: of the photo in error messages.
        conversion: of its colours, suited to `header.space`; None if they are sRGB.
        shrink: divide the sides of a JPEG by 1, 2, 4 or 8.

    Returns:
        uint8 [height, width, 3] in RGB, and the orientation 1 to 8 still to be applied.

    Raises:
        UnreadablePhoto: damaged, or a decoder is not installed.
        cv2.error, MemoryError: as OpenCV and NumPy raise them.
    """
    levels, orientation = 256, header.orientation
    pixels: Samples
    if header.kind in ("HEIC", "AVIF"):
        try:
            if header.kind == "HEIC":
                pixels, levels = decode_heic(header.stream)
            else:
                pixels, orientation = decode_avif(header.stream)
        except ImportError as error:
            raise UnreadablePhoto(name, NEEDED[header.kind]) from error
        except (ValueError, EOFError, SyntaxError, RuntimeError, OSError, IndexError) as error:  # no main picture
            raise UnreadablePhoto(name, f"damaged {header.kind}: {error}") from error
    elif header.kind == "JPEG":
        pixels = _decode_jpeg(header, name, shrink)
        if header.space == "CMYK" and conversion is None:
            pixels = _opencv(header, name)  # turns it into RGB
    elif conversion is None or conversion.space != "CMYK":
        # Conversions start from all bits; otherwise OpenCV reduces 16 bits to 8.
        pixels = _opencv(header, name, cv2.IMREAD_ANYDEPTH if conversion is not None else 0)
        if pixels.dtype not in (np.uint8, np.uint16):
            raise UnreadablePhoto(name, f"damaged {header.kind}, or a rare kind of it: export as JPEG")
        levels = 1 << 8 * pixels.dtype.itemsize
    if conversion is not None:
        pixels = _decode_cmyk(header, name) if conversion.space == "CMYK" else pixels
        pixels = conversion.to_srgb(pixels, levels)
    elif levels != 256:
        pixels = to_8_bits(pixels, levels)
    return np.require(pixels, np.uint8, "W"), orientation


def _decode_jpeg(header: PhotoHeader, name: str, shrink: int) -> Photo:
    # OpenCV versions differ in the formats they apply orientation to, so it is applied later.
    try:
        import simplejpeg
    except ImportError:
        # Since 4.11 OpenCV decodes JPEG to RGB at no cost.
        return _opencv(header, name, _REDUCED.get(shrink, 0))
    sides = {"min_width": -(-header.width // shrink), "min_height": -(-header.height // shrink)}
    space = "CMYK" if header.space == "CMYK" else "RGB"
    try:
        pixels = simplejpeg.decode_jpeg(header.stream, space, **sides)
    except ValueError as error:
        if "Insufficient memory" in str(error):
            raise MemoryError from error
        if not _is_padded(str(error), header.stream):
            damage = str(error).removeprefix("Corrupt JPEG data: ")
            kind = "" if damage != str(error) else ", or a rare kind of it, to be exported as JPEG"
            raise UnreadablePhoto(name, f"damaged JPEG{kind}: {damage}") from error
        pixels = simplejpeg.decode_jpeg(header.stream, space, **sides, strict=False)
    return np.asarray(pixels, np.uint8)


def _is_padded(warning: str, stream: bytes) -> bool:
    """Return whether a warning of libjpeg is about padding: some encoders pad the end of a scan.

    A scan out of step leaves coded data.
    """
    left_over = _LEFT_OVER.search(warning)
    return left_over is not None and len(set(stream[-2 - int(left_over[1]) : -2])) == 1


def _decode_cmyk(header: PhotoHeader, name: str) -> Photo:
    """Decode a JPEG or TIFF to amounts of ink, uint8 [height, width, 4]."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(header.stream), formats=[header.kind]) as picture:
            return np.array(picture.convert("CMYK"))
    except (ValueError, SyntaxError, OSError, KeyError, TypeError) as error:
        raise UnreadablePhoto(name, f"damaged {header.kind}, or a rare kind of it: {error}") from error


def _opencv(header: PhotoHeader, name: str, more_flags: int = 0) -> Photo:
    as_rgb = header.kind == "JPEG" and not more_flags and _READ_RGB != cv2.IMREAD_COLOR
    flags = (_READ_RGB if as_rgb else cv2.IMREAD_COLOR) | cv2.IMREAD_IGNORE_ORIENTATION | more_flags
    decoded = cv2.imdecode(np.frombuffer(header.stream, np.uint8), flags)
    if decoded is None:
        raise UnreadablePhoto(name, f"damaged {header.kind}, or a rare kind of it: export as JPEG")
    return np.asarray(decoded if as_rgb else cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB))
