"""From an encoded photo to model input: the implementation shared by training, conversion and the app."""

import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from triage.color_conversion import BadProfile, Conversion
from triage.color_profile import UNSUITED, conversion_to_srgb
from triage.crop import CROP, Box, Crop
from triage.errors import SkinDistillError, UnreadablePhoto, UnusableInput
from triage.photo_decoder import decode
from triage.photo_header import PhotoHeader, read_header

Photo = npt.NDArray[np.uint8]
"""uint8 [height, width, 3], sRGB in RGB order."""
Pixels = npt.NDArray[np.uint8]
"""uint8, a photo or one channel of it."""

INPUT_SIZE = 224
"""Default side of the model's input in pixels, as for ImageNet weights."""
MAX_PIXELS = 100_000_000
"""Larger photos are decoded at a fraction of their size, or rejected: 100 megapixels take 300 MB decoded."""
MAX_SCALABLE_PIXELS = 300_000_000
"""Larger JPEGs are rejected; the largest phone cameras have 200 megapixels."""
SHRUNK_PIXELS = 32_000_000
"""Photos over `MAX_PIXELS` have at most so many afterwards, so that they can be turned within 300 MB."""
MIN_SIDE = 32
"""Photos with a shorter side are rejected: too little detail to judge lighting or skin."""
MAX_SIDE = 32_766
"""Photos with a longer side are rejected: OpenCV 4 uses 16-bit coordinates in `samples`."""
MAX_BYTES = 1 << 29
"""Larger files are rejected unread."""

BAR_GREY = 128
"""Of the bars beside a letterboxed photo."""

LINEAR_UP_TO = 3.0
"""Linear interpolation, which uses two pixels along each side, shrinks by at most this factor."""

_NO_MEMORY = -4  # OpenCV's StsNoMem
# EXIF orientation, after the transposition of 5 to 8, -> OpenCV's flip: 1 left and right, 0 up and down, -1 both.
_FLIPS = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}


class DecodedPhoto(NamedTuple):
    """A photo and what was doubtful about its file.

    Attributes:
        pixels: uint8 [height, width, 3], sRGB in RGB order.
        warnings: short phrases, such as that a colour profile is damaged.
    """

    pixels: Photo
    warnings: tuple[str, ...]


def read_photo(source: str | os.PathLike[str] | bytes) -> Photo:
    """Decode a photo as a person sees it; see `decode_photo`."""
    return decode_photo(source).pixels


def decode_photo(source: str | os.PathLike[str] | bytes) -> DecodedPhoto:
    """Decode a photo as a person sees it.

    Applies the orientation, converts colours to sRGB, drops alpha, expands grey to RGB, reduces 10 to 16 bits to 8.
    Reads JPEG (also CMYK and progressive), PNG, WebP, TIFF, BMP, HEIC and AVIF. Detects a missing end, wrong PNG
    checksums, missing and undecodable parts of a JPEG and decoder errors; other damage in WebP, TIFF, BMP, HEIC or AVIF
    goes unnoticed. JPEGs over `MAX_PIXELS` are decoded at a half, a quarter or an eighth, to at most `SHRUNK_PIXELS`.

    Args:
        source: path of a file, also one of universal_pathlib, or the bytes of one.

    Raises:
        UnreadablePhoto: missing, empty, truncated, damaged, not a photo, too large, a side under `MIN_SIDE` or over
            `MAX_SIDE`, or its decoder is not installed.
        SkinDistillError: not enough memory; the photo may be fine.
    """
    if isinstance(source, bytes):
        name, data = "photo in memory", source
    else:
        name, data = str(source), _file_bytes(source if hasattr(source, "read_bytes") else Path(source))
    header = read_header(data, name)
    del data
    shrink = _shrink(header, name)
    _check_sides(-(-header.width // shrink), -(-header.height // shrink), name)
    conversion, warnings = _conversion(header)
    try:
        pixels, orientation = decode(header, name, conversion, shrink)
        return DecodedPhoto(_upright(pixels, orientation), warnings)
    except (cv2.error, MemoryError) as error:
        if isinstance(error, MemoryError) or error.code == _NO_MEMORY:
            raise SkinDistillError(
                f"Not enough memory to decode a photo. Received: {name}, {header.width} x {header.height} "
                "pixels. Close other programs, or run with fewer workers."
            ) from error
        raise UnreadablePhoto(name, f"damaged {header.kind}: {_first_line(error)}") from error


def _shrink(header: PhotoHeader, name: str) -> int:
    """Return what the sides are divided by in decoding.

    Raises:
        UnreadablePhoto: too large.
    """
    pixels = header.width * header.height
    if pixels <= MAX_PIXELS:
        return 1
    if not header.scalable or pixels > MAX_SCALABLE_PIXELS:
        most = (MAX_SCALABLE_PIXELS if header.scalable else MAX_PIXELS) // 1_000_000
        kind = header.kind if header.scalable or header.kind != "JPEG" else "progressive or CMYK JPEG"
        shape = f"{header.width} x {header.height} pixels"
        raise UnreadablePhoto(name, f"too large: {shape}, at most {most} megapixels for {kind}: export a smaller JPEG")
    return next(shrink for shrink in (2, 4, 8) if pixels <= SHRUNK_PIXELS * shrink**2)


def _conversion(header: PhotoHeader) -> tuple[Conversion | None, tuple[str, ...]]:
    """Return the conversion of the photo's colours, if it needs one, and warnings."""
    try:
        conversion = conversion_to_srgb(header.colors)
    except BadProfile as error:
        return None, (str(error),)
    if conversion is None:
        return None, ()
    if conversion.space != header.space and (conversion.space, header.space) != ("RGB", "GRAY"):
        return None, (UNSUITED,)
    return conversion, (conversion.warning,) if conversion.warning else ()


def check_photo(pixels: Any, name: str = "photo in memory") -> Photo:
    """Return decoded pixels unchanged if they are valid.

    Args:
        pixels: must be uint8 [height, width, 3] in RGB.
        name: of the photo in error messages.

    Raises:
        UnusableInput: not a uint8 array of that shape.
        UnreadablePhoto: a side under `MIN_SIDE` or over `MAX_SIDE`.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        received = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise UnusableInput(
            f"A photo in memory must be a uint8 array [height, width, 3] in RGB order. Received: {received}. "
            "Use triage.photo.read_photo to decode a file."
        )
    _check_sides(pixels.shape[1], pixels.shape[0], name)
    return pixels


def center_crop(photo: Photo, crop: Crop = CROP) -> Photo:
    """Return a view of the part of a photo that a crop keeps."""
    return cut(photo, crop.box(photo.shape[1], photo.shape[0]))


def cut(photo: Photo, box: Box) -> Photo:
    """Return a view of a part of a photo; the box must lie inside it."""
    left, top, width, height = box
    return photo[top : top + height, left : left + width]


def prepare_pixels(photo: Photo, size: int = INPUT_SIZE, crop: Crop = CROP) -> Photo:
    """Crop a photo and resize it to the model's input.

    Args:
        photo: uint8 [height, width, 3].
        size: side of the result in pixels.
        crop: what the model sees.

    Returns:
        uint8 [size, size, 3].
    """
    pixels = center_crop(photo, crop)
    if crop.shape != "letterbox":
        return resize_pixels(pixels, size, size)
    scale = size / max(pixels.shape[:2])
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    canvas = np.full((size, size, 3), BAR_GREY, np.uint8)
    cut(canvas, ((size - width) // 2, (size - height) // 2, width, height))[:] = resize_pixels(pixels, width, height)
    return canvas


def resize_pixels(pixels: Photo, width: int, height: int) -> Photo:
    """Resize pixels, uint8 [any, any, 3], to uint8 [height, width, 3].

    Shrinks by area averaging, enlarges by linear interpolation. Pixels at least twice the size both ways are first
    halved repeatedly and interpolated to twice the size: nearly the same result in a sixth of the time or less.
    """
    if pixels.shape[0] >= 2 * height and pixels.shape[1] >= 2 * width:
        twice = _resized(_halved(pixels, 2 * max(width, height)), (2 * width, 2 * height), cv2.INTER_LINEAR)
        return _resized(twice, (width, height), cv2.INTER_AREA)
    pixels = np.ascontiguousarray(pixels)
    shrunk = (min(pixels.shape[1], width), min(pixels.shape[0], height))
    if shrunk != pixels.shape[1::-1]:
        pixels = _resized(pixels, shrunk, cv2.INTER_AREA)
    if shrunk != (width, height):
        pixels = _resized(pixels, (width, height), cv2.INTER_LINEAR)
    return pixels


def _halved(pixels: Photo, size: int) -> Photo:
    """Halve a photo by averaging until its shorter side is below twice `size` and linear interpolation loses little."""

    def is_far(side: int) -> bool:
        return side > LINEAR_UP_TO * size

    while min(pixels.shape[:2]) >= 2 * size or (min(pixels.shape[:2]) >= size and is_far(max(pixels.shape[:2]))):
        height, width = (side // 2 for side in pixels.shape[:2])
        # Drop the last row or column of odd sides: OpenCV is fast for exact halves only.
        pixels = _resized(pixels[: 2 * height, : 2 * width], (width, height), cv2.INTER_AREA)
    while is_far(max(pixels.shape[:2])):
        height, width = (side // 2 if is_far(side) else side for side in pixels.shape[:2])
        pixels = _resized(pixels, (width, height), cv2.INTER_LINEAR)
    return pixels


def small_copy(photo: Pixels, longest: int) -> Pixels:
    """Shrink a photo to at most `longest` pixels on its longer side, keeping the aspect ratio, at bounded cost.

    Photos over twice that size are first brought to twice the size: by dropping pixels from four times on (`thinned`),
    so that 12 megapixels cost no more than a preview frame, otherwise by linear interpolation. Then area averaging.

    Args:
        photo: uint8 [height, width, 3], or one channel of it [height, width]; may be a cropped view.
        longest: pixels, at least 1.

    Returns:
        uint8 of the same number of dimensions, contiguous.
    """
    photo = thinned(photo, longest)
    height, width = photo.shape[:2]
    if max(height, width) <= longest:
        return np.ascontiguousarray(photo)
    shape = _shape_of_copy(photo, longest)
    if max(height, width) > 2 * longest:
        # OpenCV averages exact pairs of pixels about ten times as fast as other ratios.
        photo = _resized(photo, (2 * shape[0], 2 * shape[1]), cv2.INTER_LINEAR)
    return _resized(photo, shape, cv2.INTER_AREA)


def thinned(photo: Pixels, longest: int) -> Pixels:
    """Drop pixels of a photo with a longer side of at least `4 * longest`, down to `2 * longest`; else return it as is.

    `small_copy` gives the same result for the thinned photo.
    """
    if max(photo.shape[:2]) < 4 * longest:
        return photo
    width, height = _shape_of_copy(photo, longest)
    return _resized(photo, (2 * width, 2 * height), cv2.INTER_NEAREST)


def samples(photo: Photo, longest: int) -> Photo:
    """Sample a photo at every second pixel both ways of its `small_copy`, without making the copy.

    Args:
        photo: uint8 [height, width, 3]; may be a cropped view.
        longest: of the copy, pixels.

    Returns:
        uint8 [height, width, 3], contiguous, linearly interpolated.
    """
    height, width = photo.shape[:2]
    if max(height, width) <= longest:
        return np.ascontiguousarray(photo[::2, ::2])
    shape = _shape_of_copy(photo, longest)
    right, down = width / shape[0], height / shape[1]
    # Pixel n of the copy is centred at (n + 1/2) * right - 1/2 in the photo.
    places = np.array([[2 * right, 0, (right - 1) / 2], [0, 2 * down, (down - 1) / 2]])
    taken = cv2.warpAffine(
        photo,
        places,
        ((shape[0] + 1) // 2, (shape[1] + 1) // 2),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(taken, dtype=np.uint8)


def to_tensor(pixels: Photo) -> npt.NDArray[np.float32]:
    """Scale prepared pixels, uint8 [size, size, 3], to float32 [1, size, size, 3] in [0, 1]."""
    tensor = pixels[np.newaxis].astype(np.float32) / np.float32(255)
    return np.asarray(tensor, dtype=np.float32)


def _shape_of_copy(photo: Pixels, longest: int) -> tuple[int, int]:
    """Return width and height of the small copy."""
    height, width = photo.shape[:2]
    scale = longest / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _resized(pixels: Pixels, width_and_height: tuple[int, int], interpolation: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, width_and_height, interpolation=interpolation), dtype=np.uint8)


def _check_sides(width: int, height: int, name: str) -> None:
    shape = f"{width} x {height} pixels"
    if min(width, height) < MIN_SIDE:
        raise UnreadablePhoto(name, f"too small: {shape}, at least {MIN_SIDE} on each side")
    if max(width, height) > MAX_SIDE:
        raise UnreadablePhoto(name, f"too large: {shape}, at most {MAX_SIDE} on each side")


def _file_bytes(path: Any) -> bytes:
    name = str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UnreadablePhoto(name, "a folder, not a photo")
        # Reading a pipe or device could block for ever.
        if not stat.S_ISREG(status.st_mode):
            raise UnreadablePhoto(name, "not a regular file")
        if status.st_size > MAX_BYTES:
            raise UnreadablePhoto(name, f"too large: {status.st_size / 1e6:.0f} MB, at most {MAX_BYTES / 1e6:.0f} MB")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UnreadablePhoto(name, "file not found") from error
    except UnreadablePhoto:
        raise
    except Exception as error:
        # ValueError: a NUL in the name. Libraries that read buckets have errors of their own.
        if isinstance(path, Path) and not isinstance(error, (OSError, ValueError)):
            raise
        raise UnreadablePhoto(name, f"cannot be opened: {getattr(error, 'strerror', None) or error}") from error


def _upright(pixels: Photo, orientation: int) -> Photo:
    """Apply an EXIF orientation (Exif 2.32, tag 0x0112)."""
    # Five times as fast as NumPy.
    if orientation >= 5:
        pixels = np.asarray(cv2.transpose(pixels), dtype=np.uint8)
    if orientation in _FLIPS:
        pixels = np.asarray(cv2.flip(pixels, _FLIPS[orientation]), dtype=np.uint8)
    return np.ascontiguousarray(pixels)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
