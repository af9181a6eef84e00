"""HEIC and AVIF: orientation, several pictures, what is beside them, and missing decoders."""

import builtins
import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.triage import profiled_photos as profiled
from triage.errors import UnreadablePhoto
from triage.photo import decode_photo, read_photo
from triage.photo_header import read_header

pillow_heif = pytest.importorskip("pillow_heif", reason="HEIC for tests is written with it")
HEIGHT, WIDTH = 96, 128


def scene() -> np.ndarray:
    """Smooth, and different in every corner."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    return np.stack([60 + 180 * x, 40 + 150 * y, 200 - 120 * x * y], axis=-1).astype(np.uint8)


def heic(*pictures: np.ndarray, **options: object) -> bytes:
    file = pillow_heif.from_pillow(Image.fromarray(pictures[0]))
    for picture in pictures[1:]:
        file.add_from_pillow(Image.fromarray(picture))
    buffer = io.BytesIO()
    file.save(buffer, quality=90, **options)
    return buffer.getvalue()


def avif(picture: np.ndarray, **options: object) -> bytes:
    return profiled.saved(picture, "AVIF", quality=95, **options)


def distance(data: bytes, expected: np.ndarray) -> float:
    pixels = read_photo(data)
    assert pixels.shape == expected.shape
    return float(np.abs(pixels.astype(int) - expected).mean())


WRITERS = {"HEIC": heic, "AVIF": avif}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_the_pixels_are_those_saved(kind, mode):
    image = Image.fromarray(scene()).convert(mode)
    assert distance(WRITERS[kind](np.asarray(image)), np.asarray(image.convert("RGB"))) < 3


def turned(kind: str, orientation: int) -> bytes:
    """Both writers put the orientation in the boxes; that of HEIC leaves it in EXIF, too."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = heic(scene(), exif=exif.tobytes()) if kind == "HEIC" else avif(scene(), exif=exif)
    assert kind == "AVIF" or exif.tobytes()[6:] in data
    return data


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(kind, orientation):
    image = Image.fromarray(scene())
    image.getexif()[0x0112] = orientation
    assert distance(turned(kind, orientation), np.asarray(ImageOps.exif_transpose(image))) < 3


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("kind", WRITERS)
def test_the_boxes_count_and_not_exif(kind, quarters):
    data = turned(kind, 6)
    at = data.index(b"irot") + 4
    data = data[:at] + bytes([quarters]) + data[at + 1 :]
    assert distance(data, np.rot90(scene(), quarters)) < 3


def test_the_main_picture_is_read_of_several():
    other = 255 - scene()[:64, :64]
    assert distance(heic(other, scene(), primary_index=1), scene()) < 3
    assert distance(heic(scene(), other, primary_index=0), scene()) < 3


def test_a_gain_map_and_a_depth_map_beside_it_are_left_alone():
    """Further items of the file, which no property of the main picture names."""
    data = heic(scene(), np.zeros((48, 64), np.uint8), np.zeros((64, 64, 3), np.uint8), primary_index=0)
    header = read_header(data, "photo.heic")
    assert (header.width, header.height) == (WIDTH, HEIGHT)
    assert distance(data, scene()) < 3


def test_ten_bits_become_eight():
    deep = scene().astype(np.uint16) * 257
    pixels = read_photo(profiled.heic(deep, save_nclx_profile=True))
    assert np.abs(pixels.astype(int) - scene()).mean() < 1.5


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.99])
def test_truncated_files_are_refused(kind, kept):
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    data = WRITERS[kind](noise)
    with pytest.raises(UnreadablePhoto):
        read_photo(data[: int(len(data) * kept)])


@pytest.mark.parametrize("kind", WRITERS)
def test_a_size_that_would_take_too_much_memory_is_refused_by_its_header(kind):
    data = WRITERS[kind](scene())
    size = struct.pack(">II", WIDTH, HEIGHT)
    assert size in data
    with pytest.raises(UnreadablePhoto, match="too large"):
        read_photo(data.replace(size, struct.pack(">II", 30_000, 30_000)))


@pytest.mark.parametrize(("kind", "library", "named"), [("HEIC", "pi_heif", "pi-heif"), ("AVIF", "PIL", "pillow")])
def test_a_missing_decoder_is_named(monkeypatch, kind, library, named):
    real = builtins.__import__

    def absent(name, *rest):
        if name.partition(".")[0] == library:
            raise ImportError(name)
        return real(name, *rest)

    data = WRITERS[kind](scene())
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(UnreadablePhoto, match=f"pip install .*{named}"):
        decode_photo(data)
