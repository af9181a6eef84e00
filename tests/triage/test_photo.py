import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from triage.crop import Crop
from triage.errors import SkinDistillError, UnreadablePhoto, UnusableInput
from triage.photo import (
    INPUT_SIZE,
    MAX_SIDE,
    MIN_SIDE,
    check_photo,
    prepare_pixels,
    read_photo,
    small_copy,
    to_tensor,
)
from triage.photo_files import is_photo_file

WIDTH, HEIGHT = 120, 80


def scene() -> np.ndarray:
    """Smooth, so that JPEG hardly changes it, and different in every corner, so that a wrong turn shows."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    return np.stack([60 + 180 * x, 40 + 150 * y, 200 - 120 * x * y], axis=-1).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


LOSSLESS = [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"lossless": True})]
LOSSY = [("JPEG", {"quality": 95}), ("JPEG", {"quality": 95, "progressive": True}), ("WEBP", {"quality": 95})]


@pytest.mark.parametrize(("kind", "options"), LOSSLESS)
def test_lossless_formats_give_the_very_pixels(kind, options):
    np.testing.assert_array_equal(read_photo(encoded(Image.fromarray(scene()), kind, **options)), scene())


@pytest.mark.parametrize(("kind", "options"), LOSSY)
def test_lossy_formats_give_nearly_the_pixels(kind, options):
    decoded = read_photo(encoded(Image.fromarray(scene()), kind, **options)).astype(int)
    assert np.abs(decoded - scene()).mean() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_applied_as_pillow_does(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(scene()), kind, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")).astype(int)
    decoded = read_photo(data).astype(int)
    assert decoded.shape == expected.shape
    assert np.abs(decoded - expected).mean() < 3


def with_xmp(kind: str, packet: bytes) -> bytes:
    """A photo whose orientation stands in XMP alone."""
    image = Image.fromarray(scene())
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        return encoded(image, kind, pnginfo=info)
    if kind == "TIFF":
        return encoded(image, kind, tiffinfo={700: packet})
    return encoded(image, kind, xmp=packet)


@pytest.mark.parametrize("written", ['tiff:Orientation="6"', "><tiff:Orientation>6</tiff:Orientation"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_orientation_in_xmp_alone_is_applied(kind, written):
    packet = f"<x:xmpmeta><rdf:Description {written}></x:xmpmeta>".encode()
    assert read_photo(with_xmp(kind, packet)).shape == (WIDTH, HEIGHT, 3)
    assert read_photo(with_xmp(kind, packet.replace(b"6", b"9"))).shape == (HEIGHT, WIDTH, 3)


def test_the_orientation_of_exif_counts_before_that_of_xmp():
    exif = Image.Exif()
    exif[0x0112] = 3
    data = encoded(Image.fromarray(scene()), "JPEG", exif=exif, xmp=b'<a tiff:Orientation="6">')
    assert read_photo(data).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("most", "shrunk", "shape"), [(9600, 10, (80, 120)), (9599, 9599, (40, 60)), (9599, 1000, (20, 30))]
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_over_the_limit_is_decoded_at_a_fraction(monkeypatch, mode, most, shrunk, shape):
    for name, value in (("MAX_PIXELS", most), ("SHRUNK_PIXELS", shrunk), ("MIN_SIDE", 1)):
        monkeypatch.setattr(f"triage.photo.{name}", value)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.fromarray(scene()).convert(mode), "JPEG", quality=95, exif=exif)
    whole = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    expected = cv2.resize(whole, shape, interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(read_photo(data) - expected).mean() < 4


@pytest.mark.parametrize(("mode", "limit"), [("RGB", 9600), ("RGB", 1000), ("L", 1000), ("CMYK", 9600)])
def test_a_jpeg_is_the_same_where_simplejpeg_is_missing(monkeypatch, mode, limit):
    monkeypatch.setattr("triage.photo.MAX_PIXELS", limit)
    data = encoded(Image.fromarray(scene()).convert(mode), "JPEG", quality=95)
    expected = read_photo(data)
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    np.testing.assert_array_equal(read_photo(data), expected)


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {}), ("JPEG", {"progressive": True})])
def test_other_photos_over_the_limit_are_refused_with_a_way_out(monkeypatch, kind, options):
    monkeypatch.setattr("triage.photo.MAX_PIXELS", 9599)
    with pytest.raises(UnreadablePhoto, match=r"120 x 80.*export"):
        read_photo(encoded(Image.fromarray(scene()), kind, **options))


@pytest.mark.slow
def test_a_photo_of_108_megapixels_is_read_within_300_megabytes(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(scene()).resize((12_000, 9_000)).save(tmp_path / "108.jpg", quality=90, exif=exif)
    code = """
import sys
from triage.photo import read_photo
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
read_photo(sys.argv[1])
before = peak()
print(*read_photo(sys.argv[2]).shape, peak() - before)
"""
    (tmp_path / "small.jpg").write_bytes(encoded(Image.fromarray(scene()), "JPEG"))
    arguments = [sys.executable, "-c", code, str(tmp_path / "small.jpg"), str(tmp_path / "108.jpg")]
    height, width, _, kilobytes = map(int, subprocess.run(arguments, capture_output=True, check=True).stdout.split())
    assert (height, width) == (6_000, 4_500)
    assert kilobytes < 300_000


def tiff(**options: object) -> bytes:
    tifffile = pytest.importorskip("tifffile", reason="tiled TIFFs are written with it")
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, scene(), photometric="rgb", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_a_tiled_tiff_is_turned_whole(byteorder, orientation):
    data = tiff(tile=(32, 32), byteorder=byteorder, extratags=[(274, "H", 1, orientation)])
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(read_photo(data), np.asarray(expected))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_alpha_is_dropped_and_not_multiplied_in(kind, mode):
    image = Image.fromarray(scene()).convert(mode.rstrip("A"))
    transparent = image.convert(mode)
    transparent.putalpha(Image.fromarray(scene()[..., 0]))
    np.testing.assert_array_equal(read_photo(encoded(transparent, kind)), np.asarray(image.convert("RGB")))


def test_the_thumbnail_of_a_camera_raw_is_no_photo():
    with pytest.raises(UnreadablePhoto, match="camera raw is not supported"):
        read_photo(tiff(subfiletype=1))


def test_a_second_exif_segment_does_not_undo_the_first():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.fromarray(scene()), "JPEG", exif=exif)
    second = b"Exif\0\0the rest of a large block"
    at = data.index(b"\xff\xdb")
    data = data[:at] + b"\xff\xe1" + struct.pack(">H", len(second) + 2) + second + data[at:]
    assert ImageOps.exif_transpose(Image.open(io.BytesIO(data))).size == (HEIGHT, WIDTH)
    assert read_photo(data).shape == (WIDTH, HEIGHT, 3)


def test_an_orientation_before_the_end_of_a_cut_directory_is_applied():
    directory = struct.pack(">HHHIHH", 9, 274, 3, 1, 6, 0)
    data = encoded(Image.fromarray(scene()), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08" + directory + b"\x01\x0f")
    assert read_photo(data).shape == (WIDTH, HEIGHT, 3)


@pytest.mark.parametrize("call", ["imdecode", "transpose"])
@pytest.mark.parametrize("code", [None, -4, -2])
def test_want_of_memory_is_not_called_damage(monkeypatch, call, code):
    exif = Image.Exif()
    exif[0x0112] = 5
    data = encoded(Image.fromarray(scene()), "PNG", exif=exif)
    error = MemoryError() if code is None else cv2.error("from OpenCV")
    error.code = code

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(cv2, call, fail)
    with pytest.raises(SkinDistillError) as refused:
        read_photo(data)
    if code == -2:
        assert refused.value.reason == "damaged PNG: from OpenCV"
    else:
        assert not isinstance(refused.value, UnreadablePhoto)  # which would reject the photo
        assert "memory" in str(refused.value) and "120 x 80 pixels" in str(refused.value)


def test_damaged_exif_does_not_cost_the_photo():
    data = encoded(Image.fromarray(scene()), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert read_photo(data).shape == (HEIGHT, WIDTH, 3)


def test_grey_palette_and_transparent_photos_become_rgb():
    image = Image.fromarray(scene())
    grey = read_photo(encoded(image.convert("L"), "PNG"))
    np.testing.assert_array_equal(grey, np.repeat(np.asarray(image.convert("L"))[..., np.newaxis], 3, axis=-1))
    transparent = image.copy()
    transparent.putalpha(0)
    np.testing.assert_array_equal(read_photo(encoded(transparent, "PNG")), scene())
    palette = image.quantize(16)
    np.testing.assert_array_equal(read_photo(encoded(palette, "PNG")), np.asarray(palette.convert("RGB")))


def test_cmyk_jpeg():
    decoded = read_photo(encoded(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95)).astype(int)
    assert np.abs(decoded - scene()).mean() < 4


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_become_eight(suffix):
    _, data = cv2.imencode(suffix, scene()[..., ::-1].astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_photo(data.tobytes()), scene())
    _, data = cv2.imencode(suffix, scene()[..., 0].astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_photo(data.tobytes())[..., 1], scene()[..., 0])


def test_what_follows_the_end_of_a_jpeg_is_ignored():
    data = encoded(Image.fromarray(scene()), "JPEG") + b"motion photo" * 100
    assert read_photo(data).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("kind", "options"), [*LOSSLESS, *LOSSY], ids=lambda value: value if isinstance(value, str) else ""
)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.995])
def test_truncated_photos_are_refused(kind, options, kept):
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind, **options)
    with pytest.raises(UnreadablePhoto) as refused:
        read_photo(data[: int(len(data) * kept)])
    if kind != "TIFF":  # whose directory may stand at either end
        assert "truncated" in refused.value.reason


def test_a_flipped_bit_in_a_png_is_noticed():
    data = bytearray(encoded(Image.fromarray(scene()), "PNG"))
    data[len(data) // 2] ^= 1
    with pytest.raises(UnreadablePhoto, match="checksum"):
        read_photo(bytes(data))


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def resized_header(kind: str) -> bytes:
    """A small photo whose header claims 60000 x 60000 pixels."""
    data = bytearray(encoded(Image.fromarray(scene()), kind, **({"lossless": True} if kind == "WEBP" else {})))
    if kind == "JPEG":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", 60000, 60000)
    elif kind == "WEBP":
        at = data.index(b"VP8L") + 9
        data[at : at + 4] = struct.pack("<I", 16383 | 16383 << 14)
    elif kind == "TIFF":
        for tag in (256, 257):
            at = data.index(struct.pack("<H", tag), struct.unpack_from("<I", data, 4)[0])
            data[at + 2 : at + 12] = struct.pack("<HII", 4, 1, 60000)
    return bytes(data)


@pytest.mark.parametrize("data", [png_claiming(60000, 60000), *map(resized_header, ("JPEG", "WEBP", "TIFF"))])
def test_a_decompression_bomb_is_refused_by_its_header(data):
    with pytest.raises(UnreadablePhoto, match="too large"):
        read_photo(data)


def test_a_side_that_opencv_4_cannot_transform_is_refused():
    assert read_photo(encoded(Image.new("RGB", (MAX_SIDE, MIN_SIDE)), "PNG")).shape == (MIN_SIDE, MAX_SIDE, 3)
    with pytest.raises(UnreadablePhoto, match=r"32 x 32767.*32766"):
        read_photo(encoded(Image.new("RGB", (MIN_SIDE, MAX_SIDE + 1)), "PNG"))
    with pytest.raises(UnreadablePhoto, match="32767 x 32"):
        check_photo(np.zeros((MIN_SIDE, MAX_SIDE + 1, 3), np.uint8))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, I am text", "not a photo"),
        (b"\xff\xd8\xff", "truncated"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(50), "damaged HEIC"),
        (b"\x00\x00\x00\x18ftypavif" + bytes(50), "damaged AVIF"),
        (b"GIF89a" + bytes(50), "GIF"),
        (b"%PDF-1.7", "PDF"),
        (bytes(1000), "not a photo"),
        (encoded(Image.new("RGB", (MIN_SIDE - 1, 100)), "PNG"), "too small"),
        (encoded(Image.fromarray(scene()[..., 0].astype(np.float32)), "TIFF"), "rare kind"),
    ],
    ids=["empty", "text", "jpeg-start", "png-start", "heic", "avif", "gif", "pdf", "zeros", "small", "float-tiff"],
)
def test_the_reason_is_named(data, reason):
    with pytest.raises(UnreadablePhoto) as refused:
        read_photo(data)
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    ("name", "data", "listed"),
    [
        ("a.JPG", b"", True),
        ("a.jfif", b"", True),
        ("a.jpe", b"", True),
        ("a.HEIC", b"", True),
        ("a.txt", encoded(Image.fromarray(scene()), "PNG"), False),
        ("ISIC_0024306", encoded(Image.fromarray(scene()), "JPEG"), True),
        ("photo", encoded(Image.fromarray(scene()), "WEBP"), True),
        ("notes", b"some text that is long enough", False),
        ("empty", b"", False),
    ],
)
def test_files_are_listed_by_suffix_or_by_contents(tmp_path, name, data, listed):
    (tmp_path / name).write_bytes(data)
    assert is_photo_file(tmp_path / name) == listed


@pytest.mark.parametrize("name", ["a b.jpg", "ünïcode 皮膚.jpg", "new\nline.jpg", "no-suffix"])
def test_file_names_do_not_matter(tmp_path, name):
    (tmp_path / name).write_bytes(encoded(Image.fromarray(scene()), "PNG"))
    np.testing.assert_array_equal(read_photo(tmp_path / name), scene())
    np.testing.assert_array_equal(read_photo(str(tmp_path / name)), scene())


def test_paths_that_are_no_photo(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, reason in [
        (tmp_path / "missing.jpg", "not found"),
        (tmp_path, "folder"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("a\0b"), "cannot be opened|not found"),
    ]:
        with pytest.raises(UnreadablePhoto, match=reason):
            read_photo(path)


def test_random_damage_never_escapes_as_another_error(capfd):
    rng = np.random.default_rng(1)
    image = Image.fromarray(scene())
    for kind in ("PNG", "WEBP", "TIFF", "BMP", "JPEG"):
        data = encoded(image, kind)
        for _ in range(60):
            damaged = bytearray(data)
            for at in rng.integers(0, len(data), rng.integers(1, 8)):
                damaged[at] = rng.integers(256)
            try:
                assert read_photo(bytes(damaged)).dtype == np.uint8
            except UnreadablePhoto as error:
                assert error.reason
        if kind == "BMP":  # libjpeg alone reports some damage past every log level
            assert capfd.readouterr().err == ""


def test_prepared_pixels_are_the_centre_averaged():
    # 280 x 560 pixels in blocks of 5 x 10: the crop keeps 224 x 448, and each output pixel covers 1 x 2 of them.
    photo = np.random.default_rng(0).integers(0, 256, (560, 280, 3), dtype=np.uint8)
    crop = photo[56:504, 28:252].astype(np.float64)
    expected = crop.reshape(224, 2, 224, 3).mean(axis=1)
    assert np.abs(prepare_pixels(photo) - expected).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("shape", [(40, 40), (1000, 40), (224, 224), (281, 999), (33, 2000)])
def test_prepared_pixels_have_the_size_asked_for(shape):
    photo = np.full((*shape, 3), 77, np.uint8)
    assert prepare_pixels(photo).shape == (INPUT_SIZE, INPUT_SIZE, 3)
    assert (prepare_pixels(photo, 96, Crop(fraction=1.0)) == 77).all()


def test_to_tensor():
    tensor = to_tensor(np.full((8, 8, 3), 255, np.uint8))
    assert tensor.dtype == np.float32
    assert tensor.shape == (1, 8, 8, 3)
    assert tensor.max() == 1.0


def test_small_copy_keeps_the_aspect_ratio_and_the_mean():
    photo = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), dtype=np.uint8)
    small = small_copy(photo, 224)
    assert small.shape == (126, 224, 3)
    assert abs(small.mean() - photo.mean()) < 1
    assert small_copy(photo[:100, :100], 224).shape == (100, 100, 3)


@pytest.mark.parametrize(
    "pixels", [None, np.zeros((50, 50)), np.zeros((50, 50, 4), np.uint8), np.zeros((50, 50, 3), np.float32)]
)
def test_decoded_pixels_of_another_kind_are_refused(pixels):
    with pytest.raises(UnusableInput, match="Received"):
        check_photo(pixels)


@pytest.mark.parametrize("shape", [(576, 1024), (450, 449), (864, 1536), (1200, 1600), (1800, 500), (449, 3000)])
def test_large_photos_are_nearly_the_centre_averaged(shape):
    rng = np.random.default_rng(2)
    smooth = cv2.resize(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), shape[::-1], interpolation=cv2.INTER_CUBIC)
    photo = cv2.add(smooth, rng.integers(0, 13, smooth.shape, dtype=np.uint8))
    averaged = cv2.resize(np.ascontiguousarray(photo), (INPUT_SIZE, INPUT_SIZE), interpolation=cv2.INTER_AREA)
    change = prepare_pixels(photo, INPUT_SIZE, Crop(fraction=1.0)) - averaged.astype(int)
    assert np.abs(change).mean() < 2
    assert abs(change.mean()) < 0.8  # halving rounds up, by an eighth on average, or a quarter along one side alone
