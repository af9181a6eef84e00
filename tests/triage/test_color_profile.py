import struct
import zlib
from functools import partial

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.triage import profiled_photos as profiled
from triage.color_profile import ColorTag, conversion_to_srgb
from triage.photo import decode_photo, read_photo

PHOTO = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
CASES = list(profiled.cases())


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{profile}, {kind}" for profile, kind, *_ in CASES])
def test_colours_are_the_same_in_each_profile_and_format(number):
    pytest.importorskip("skimage", reason="CIEDE2000 is scikit-image's")
    profile, kind, colours, save = CASES[number]
    pytest.importorskip("pillow_heif" if "HEIC" in kind else "PIL")
    if "AVIF" in kind and not cv2.haveImageWriter("x.avif"):
        pytest.skip("lossless AVIF for tests is written by OpenCV 5")
    found = profiled.difference(colours, save)
    assert found.mean() < 0.2
    # A step of ProPhoto in 8 bits of luma and chroma is that large in the darkest tones.
    assert found.max() < (0.7 if (profile, kind) == ("ProPhoto", "JPEG") else 0.5)


def jpeg(**options: object) -> bytes:
    return profiled.saved(PHOTO, "JPEG", quality=95, **options)


@pytest.mark.parametrize("space", profiled.SPACES)
def test_matrix_profiles_give_what_littlecms_gives(space):
    import io

    icc = profiled.rgb_profile(space)
    to_srgb = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"), "RGB", "RGB", renderingIntent=1
    )
    expected = np.asarray(to_srgb.apply(Image.fromarray(PHOTO)))
    pixels = read_photo(profiled.saved(PHOTO, "PNG", icc_profile=icc))
    assert np.abs(pixels.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    "icc",
    [profiled.rgb_profile("sRGB"), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()],
    ids=["by hand", "littlecms"],
)
def test_an_srgb_profile_changes_no_pixel(icc):
    assert conversion_to_srgb(ColorTag(icc=icc)) is None
    np.testing.assert_array_equal(read_photo(jpeg(icc_profile=icc)), read_photo(jpeg()))


def test_a_large_photo_is_converted_as_its_parts_are():
    large = np.tile(PHOTO, (24, 16, 1))
    data = partial(profiled.saved, kind="PNG", icc_profile=profiled.rgb_profile("Display P3"))
    np.testing.assert_array_equal(read_photo(data(large)), np.tile(read_photo(data(PHOTO)), (24, 16, 1)))


def test_a_profile_in_several_segments_is_joined():
    icc = profiled.rgb_profile("Adobe RGB")
    in_parts = icc + bytes(150_000)  # Pillow splits it
    assert jpeg(icc_profile=in_parts).count(b"ICC_PROFILE\0") == 3
    np.testing.assert_array_equal(read_photo(jpeg(icc_profile=in_parts)), read_photo(jpeg(icc_profile=icc)))


def without_second_segment(data: bytes) -> bytes:
    at = data.index(b"ICC_PROFILE\0\2") - 4
    return data[:at] + data[at + 2 + struct.unpack_from(">H", data, at + 2)[0] :]


P3, CMYK = profiled.rgb_profile("Display P3"), profiled.cmyk_profile(5)
LAB = P3[:16] + b"Lab " + P3[20:]


@pytest.mark.parametrize(
    "data",
    [
        jpeg(icc_profile=P3[:200]),
        jpeg(icc_profile=P3[:36] + b"what" + P3[40:]),
        jpeg(icc_profile=P3.replace(b"para", b"wave")),
        jpeg(icc_profile=P3.replace(b"XYZ \0\0\0\0", b"XYZ \0\0\0\0" + b"\x7f" * 4)),
        jpeg(icc_profile=b"no profile"),
        jpeg(icc_profile=LAB),
        jpeg(icc_profile=CMYK),
        jpeg(icc_profile=profiled.grey_profile(2.2)),
        without_second_segment(jpeg(icc_profile=P3 + bytes(150_000))),
    ],
    ids=["cut", "no signature", "odd curve", "odd matrix", "text", "Lab", "CMYK", "grey", "segment missing"],
)
def test_a_profile_that_cannot_be_used_counts_as_srgb_and_is_said(data):
    photo = decode_photo(data)
    np.testing.assert_array_equal(photo.pixels, read_photo(jpeg()))
    assert len(photo.warnings) == 1 and "sRGB" in photo.warnings[0]


@pytest.mark.parametrize(
    "chunk",
    [
        profiled.png_chunk(b"iCCP", b"x\0\0not deflated"),
        profiled.png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1 << 25))),
        profiled.png_chunk(b"cICP", bytes((77, 13, 0, 1))),
        profiled.png_chunk(b"cHRM", bytes(32)),
    ],
    ids=["not deflated", "too large", "unknown primaries", "no primaries"],
)
def test_broken_colours_of_a_png_count_as_srgb_and_are_said(chunk):
    photo = decode_photo(profiled.png(PHOTO, [chunk]))
    np.testing.assert_array_equal(photo.pixels, PHOTO)
    assert photo.warnings


def test_a_good_photo_has_no_warning():
    assert decode_photo(jpeg()).warnings == decode_photo(jpeg(icc_profile=P3)).warnings == ()


def test_high_dynamic_range_is_said():
    assert decode_photo(profiled.png(PHOTO, [profiled.png_chunk(b"cICP", bytes((9, 18, 0, 1)))])).warnings


@pytest.mark.parametrize(
    ("chunks", "same"),
    [
        ([(b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100_000))], True),
        ([(b"gAMA", struct.pack(">I", 45455))], True),
        ([(b"gAMA", struct.pack(">I", 100_000))], False),
        ([(b"cICP", bytes((1, 13, 0, 1))), (b"gAMA", struct.pack(">I", 100_000))], True),
    ],
    ids=["sRGB", "gAMA of sRGB", "gAMA", "cICP of sRGB"],
)
def test_the_chunk_that_counts_most_decides(chunks, same):
    pixels = read_photo(profiled.png(PHOTO, [profiled.png_chunk(*chunk) for chunk in chunks]))
    assert np.array_equal(pixels, PHOTO) == same


def test_grey_photos_with_an_rgb_profile_are_converted_as_rgb():
    grey = PHOTO[..., 0]
    icc = profiled.rgb_profile("ProPhoto")
    pixels = read_photo(profiled.saved(grey, "PNG", icc_profile=icc))
    expected = read_photo(profiled.saved(grey[..., None].repeat(3, axis=2), "PNG", icc_profile=icc))
    np.testing.assert_array_equal(pixels, expected)
    assert not np.array_equal(pixels[..., 0], grey)


def test_adobe_rgb_of_exif_is_converted_as_its_profile():
    # Three directories of one entry: EXIF's offset, the interoperability's offset, its index.
    entries = [(0x8769, 4, 1, 26), (0xA005, 4, 1, 44), (1, 2, 4, int.from_bytes(b"R03\0", "big"))]
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + b"".join(struct.pack(">HHHIII", 1, *entry, 0) for entry in entries)
    said, tagged = read_photo(jpeg(exif=exif)), read_photo(jpeg(icc_profile=profiled.rgb_profile("Adobe RGB")))
    assert np.abs(said.astype(int) - tagged).max() <= 1
    assert not np.array_equal(said, read_photo(jpeg()))
