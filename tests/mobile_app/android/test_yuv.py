import cv2
import numpy as np
import pytest

from mobile_app.android.yuv import YuvLayout, yuv_to_rgb

WIDTH, HEIGHT = 64, 48
# Flat patches survive the halving of the colours; black, white, primaries and two skins.
COLORS = [
    (0, 0, 0),
    (255, 255, 255),
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (200, 150, 120),
    (60, 40, 30),
    (128, 128, 128),
]


def patches() -> np.ndarray:
    tiles = np.array(COLORS, np.uint8).reshape(2, 4, 3)
    return np.kron(tiles, np.ones((HEIGHT // 2, WIDTH // 4, 1), np.uint8))


def yuv_of(photo: np.ndarray, full_range: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ITU-R BT.601 by its definition, apart from OpenCV."""
    red, green, blue = np.moveaxis(photo.astype(np.float64) / 255, 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    u, v = (blue - luma) / 1.772, (red - luma) / 1.402
    gains = (255, 255, 0) if full_range else (219, 224, 16)
    y = luma * gains[0] + gains[2]
    small = [cv2.resize(c, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA) * gains[1] + 128 for c in (u, v)]
    return tuple(np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in (y, *small))


def padded(plane: np.ndarray, row_stride: int, stride: int = 1) -> bytes:
    """Rows of `row_stride` bytes, values `stride` bytes apart, rubbish between, nothing behind the last value."""
    rows, columns = plane.shape
    lines = np.full((rows, row_stride), 77, np.uint8)
    lines[:, : columns * stride : stride] = plane
    return lines.tobytes()[: row_stride * (rows - 1) + (columns - 1) * stride + 1]


def encoded(photo, full_range=True, turn=0, row_stride=WIDTH, chroma_row_stride=WIDTH // 2, stride=1):
    planes = yuv_of(photo, full_range)
    y, u, v = padded(planes[0], row_stride), *(padded(p, chroma_row_stride, stride) for p in planes[1:])
    layout = YuvLayout(
        WIDTH, HEIGHT, row_stride, chroma_row_stride, stride, len(y), len(y) + len(u), turn, int(full_range)
    )
    return y + u + v, layout


def inner(photo: np.ndarray) -> np.ndarray:
    """Without the seams between patches, where halved colours mix."""
    height, width = photo.shape[0] // 2, photo.shape[1] // 4
    tiles = photo.reshape(2, height, 4, width, 3)
    return tiles[:, 4:-4, :, 4:-4]


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize(
    "strides",
    [{}, {"row_stride": 80, "chroma_row_stride": 48}, {"row_stride": 64, "chroma_row_stride": 64, "stride": 2}],
    ids=["planar", "padded", "alternating"],
)
def test_colours_come_back(full_range, strides):
    photo = patches()
    found = yuv_to_rgb(*encoded(photo, full_range, **strides))
    assert found.shape == photo.shape
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous
    difference = np.abs(inner(found).astype(int) - inner(photo).astype(int))
    assert difference.max() <= 3


def test_lights_and_shadows_of_full_range_are_not_clipped():
    grey = np.broadcast_to(np.arange(0, 256, 4, dtype=np.uint8)[np.newaxis, :, np.newaxis], (HEIGHT, WIDTH, 3))
    found = yuv_to_rgb(*encoded(np.ascontiguousarray(grey)))
    assert np.abs(found.astype(int) - grey.astype(int)).max() <= 1


@pytest.mark.parametrize(("turn", "quarters"), [(0, 0), (90, -1), (180, 2), (270, 1)])
def test_pictures_are_turned_clockwise(turn, quarters):
    photo = patches()
    planes, layout = encoded(photo)
    found = yuv_to_rgb(planes, layout._replace(turn=turn))
    np.testing.assert_array_equal(found, np.rot90(yuv_to_rgb(planes, layout), quarters))
    assert found.flags.c_contiguous
