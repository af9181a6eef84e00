"""Damage inside a JPEG, and what looks like it."""

import io

import numpy as np
import pytest
from PIL import Image

from triage.errors import UnreadablePhoto
from triage.photo import read_photo

GENERATOR = np.random.default_rng(0)
SCENE = np.asarray(Image.fromarray(GENERATOR.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((240, 160)))
KINDS = {
    "baseline": {},
    "optimized": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts by block": {"restart_marker_blocks": 3},
    "restarts by row": {"restart_marker_rows": 1},
    "4:4:4": {"subsampling": 0},
}
END = b"\xff\xd9"


def jpeg(mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(SCENE).convert(mode).save(buffer, "JPEG", quality=92, **options)
    return buffer.getvalue()


def scan_start(data: bytes) -> int:
    """Where the coded data of the last scan begins."""
    at = data.rindex(b"\xff\xda")
    return at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def half(data: bytes, fraction: float = 0.5) -> bytes:
    """The data up to a fraction of its last scan."""
    start = scan_start(data)
    cut = data[: start + int((len(data) - 2 - start) * fraction)]
    return cut.rstrip(b"\xff")


@pytest.mark.parametrize("behind", [END, END + b"motion photo", jpeg(), jpeg(progressive=True)[20:]])
@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("kind", KINDS)
def test_half_a_jpeg_is_refused_whatever_follows_it(kind, mode, fraction, behind, capfd):
    with pytest.raises(UnreadablePhoto):
        read_photo(half(jpeg(mode, **KINDS[kind]), fraction) + behind)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", KINDS)
def test_lost_bytes_are_noticed(kind):
    data = jpeg(**KINDS[kind])
    start = scan_start(data)
    middle = start + (len(data) - start) // 2
    with pytest.raises(UnreadablePhoto):
        read_photo(data[:middle] + data[middle + 400 :])


def test_lost_last_scans_are_noticed():
    data = jpeg(progressive=True)
    at = len(data)
    for _ in range(data.count(b"\xff\xda") - 1):
        at = data.rindex(b"\xff\xda", 0, at)
        with pytest.raises(UnreadablePhoto, match="scans"):
            read_photo(data[:at] + END)


def test_a_lost_restart_interval_is_noticed():
    data = jpeg(**KINDS["restarts by block"])
    first, second = data.index(b"\xff\xd2"), data.index(b"\xff\xd3")
    with pytest.raises(UnreadablePhoto):
        read_photo(data[:first] + data[second:])


def test_too_many_scans_are_refused():
    data = jpeg(progressive=True)
    at = data.rindex(b"\xff\xda")
    with pytest.raises(UnreadablePhoto, match="scans"):
        read_photo(data[:at] + data[at:-2] * 300 + END)


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new, 1)


HARMLESS = {
    "padding before the end": lambda data: data[:-2] + bytes(7) + END,
    "a second picture behind the first": lambda data: data + jpeg("L"),
    "half a picture behind the first": lambda data: data + half(jpeg()),
    "an odd version of JFIF": lambda data: changed(data, b"JFIF\0\1", b"JFIF\0\7"),
    "an unknown colour transform": lambda data: data[:2] + b"\xff\xee\0\x0eAdobe\0d\0\0\0\0\7" + data[2:],
    "fill bytes": lambda data: changed(data, b"\xff\xda", b"\xff\xff\xff\xda")[:-2] + b"\xff\xff" + END,
    "no spectral range": lambda data: changed(data, b"\0\x3f\0", b"\0\0\0"),
    "a broken colour profile": lambda data: data[:2] + b"\xff\xe2\0\x10ICC_PROFILE\0\3\1" + data[2:],
    "a comment": lambda data: data[:2] + b"\xff\xfe\0\x05abc" + data[2:],
}


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_what_harms_no_pixel_refuses_no_photo(name, mode, capfd):
    data = jpeg(mode)
    np.testing.assert_array_equal(read_photo(HARMLESS[name](data)), read_photo(data))
    assert capfd.readouterr().err == ""


def test_no_photograph_is_refused_and_none_changes(shared_data):
    """Every JPEG that OpenCV decodes without damage is decoded to the same pixels."""
    import cv2

    photos = sorted((shared_data / "data").rglob("*.jpg"))
    for path in photos[:: max(1, len(photos) // 300)]:
        expected = cv2.imread(str(path), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(read_photo(path), expected[..., ::-1], str(path))
