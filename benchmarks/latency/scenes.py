"""Rendered photos of the sizes that phones and cameras give; they show no person."""

import cv2
import numpy as np

from triage.photo import Photo

SEED, RENDERED = 7, 640
NOISE = 3.0
"""Standard deviation of the sensor noise in 8-bit levels, added at full size; without it a JPEG is far too small."""
QUALITY = 92
"""About the JPEG quality of phone cameras."""


def scene(width: int, height: int, number: int = 0) -> Photo:
    """Render skin phantom `number`, enlarge it and add noise: uint8 [height, width, 3], RGB."""
    from skin_data.phantom import render_phantom

    phantom, _ = render_phantom(SEED, number, RENDERED)
    side = max(width, height)
    enlarged = cv2.resize(phantom, (side, side), interpolation=cv2.INTER_CUBIC)
    top, left = (side - height) // 2, (side - width) // 2
    pixels = enlarged[top : top + height, left : left + width]
    # A tile of noise, repeated: twelve million normal numbers would take longer than all that is measured.
    tile = np.rint(np.random.default_rng([SEED, number]).normal(0, NOISE, (512, 512, 3))).astype(np.int8)
    noise = np.tile(tile, (-(-height // 512), -(-width // 512), 1))[:height, :width]
    return np.asarray(cv2.add(np.ascontiguousarray(pixels), noise, dtype=cv2.CV_8U), np.uint8)


def encoded(photo: Photo, orientation: int = 1) -> bytes:
    """Return an RGB photo as JPEG with an EXIF orientation (Exif 2.32, tag 0x0112)."""
    _, jpeg = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    data: bytes = jpeg.tobytes()
    if orientation == 1:
        return data
    # One directory with one entry: tag, SHORT, count 1, value.
    directory = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + orientation.to_bytes(2, "big") + bytes(6)
    block = b"Exif\0\0" + directory
    return data[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + data[2:]
