"""Icon and start picture of the app, drawn: a spot on skin in the frame of a camera."""

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

GROUND = (0x0B, 0x6A, 0x64)
"""The app's own accent colour."""
MARK = (0xFF, 0xFF, 0xFF)
SPOT = (0xF2, 0xB8, 0x8B)
ICON_SIDE = 512
LAYER_SIDE = 432
"""An adaptive icon's layers are 108 dp, drawn here at four pixels a dp."""
LAYER_SAFE = 66 / 108
"""Share of a layer that no launcher's mask cuts off."""
START_SIDE = 512
_OVERSAMPLING = 4


def icon() -> bytes:
    """PNG: the mark on a square with round corners."""
    picture, _ = _mark(ICON_SIDE, 0.62)
    return _png(np.dstack([picture, _rounded(ICON_SIDE, ICON_SIDE // 5)]))


def icon_foreground() -> bytes:
    """PNG: the mark alone, for Android's adaptive icons."""
    picture, opacity = _mark(LAYER_SIDE, LAYER_SAFE * 0.86)
    return _png(np.dstack([picture, opacity]))


def icon_background() -> bytes:
    """PNG: the ground alone."""
    return _png(np.full((LAYER_SIDE, LAYER_SIDE, 3), GROUND, np.uint8))


def start_picture() -> bytes:
    """PNG: the mark, shown on `ground_code` until the app draws."""
    picture, _ = _mark(START_SIDE, 0.4)
    return _png(picture)


def ground_code() -> str:
    """The ground's colour as `#RRGGBB`."""
    return "#{:02X}{:02X}{:02X}".format(*GROUND)


def _mark(side: int, share: float) -> tuple[Picture, Picture]:
    """The mark in the middle of the ground, RGB [side, side, 3], and where it is, [side, side]."""
    canvas = side * _OVERSAMPLING
    frame, spot = (np.zeros((canvas, canvas), np.uint8) for _ in range(2))
    radius, center = round(canvas * share / 2), canvas // 2
    pen, reach = round(radius * 0.17), round(radius * 0.62)
    begin, end = center - radius + pen // 2, center + radius - pen // 2
    for x, inward_x in ((begin, 1), (end, -1)):
        for y, inward_y in ((begin, 1), (end, -1)):
            corner = [(x + inward_x * reach, y), (x, y), (x, y + inward_y * reach)]
            cv2.polylines(frame, [np.array(corner, np.int32)], False, 255, pen, cv2.LINE_8)
    cv2.fillPoly(spot, [_spot_outline(center, round(radius * 0.45))], 255)
    picture = np.full((side, side, 3), GROUND, np.float32)
    opacity = np.zeros((side, side), np.uint8)
    for mask, color in ((frame, MARK), (spot, SPOT)):
        shown = np.asarray(cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        picture += shown[..., np.newaxis].astype(np.float32) / 255 * (np.array(color, np.float32) - picture)
        opacity = np.maximum(opacity, shown)
    return np.rint(picture).astype(np.uint8), opacity


def _spot_outline(center: int, radius: int) -> npt.NDArray[np.int32]:
    """A round shape with an uneven border, as spots have."""
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    reach = radius * (1 + 0.05 * np.cos(3 * angles + 0.6) + 0.035 * np.cos(5 * angles))
    points = np.stack([center + reach * np.cos(angles), center + 0.92 * reach * np.sin(angles)], axis=1)
    return np.rint(points).astype(np.int32)


def _rounded(side: int, radius: int) -> Picture:
    canvas, r = side * _OVERSAMPLING, radius * _OVERSAMPLING
    mask = np.zeros((canvas, canvas), np.uint8)
    cv2.rectangle(mask, (r, 0), (canvas - 1 - r, canvas - 1), 255, -1)
    cv2.rectangle(mask, (0, r), (canvas - 1, canvas - 1 - r), 255, -1)
    for x in (r, canvas - 1 - r):
        for y in (r, canvas - 1 - r):
            cv2.circle(mask, (x, y), r, 255, -1)
    return np.asarray(cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _png(picture: Picture) -> bytes:
    channels = [2, 1, 0, 3][: picture.shape[2]]
    _, encoded = cv2.imencode(".png", picture[..., channels])
    return encoded.tobytes()
