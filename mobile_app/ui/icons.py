"""Icons as strokes on a grid of 24, rasterized at the size they are shown. Drawn for this app. No Kivy."""

import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Point = tuple[float, float]
Mask = npt.NDArray[np.uint8]

GRID = 24
PEN = 2.0
OVERSAMPLING = 4
"""Pixels drawn per pixel shown along each side, then averaged for smooth edges."""
_SHIFT = 4  # OpenCV's fractional bits


def line(*points: float) -> list[Point]:
    """Return an open stroke through x, y, x, y, ..."""
    return list(zip(points[::2], points[1::2], strict=True))


def closed(*points: float) -> list[Point]:
    """Return a closed stroke."""
    return [*line(*points), (points[0], points[1])]


def arc(x: float, y: float, radius: float, begin: float = 0.0, end: float = 360.0) -> list[Point]:
    """Return part of a circle; degrees, clockwise from three o'clock."""
    steps = max(2, int(abs(end - begin) / 6))
    angles = (math.radians(begin + (end - begin) * step / steps) for step in range(steps + 1))
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def dot(x: float, y: float) -> list[Point]:
    """Return a spot as wide as the pen."""
    return [(x, y), (x, y)]


def rays(x: float, y: float, inner: float, outer: float, count: int = 8, begin: float = 0.0) -> list[list[Point]]:
    """Return strokes away from a centre."""
    angles = [math.radians(begin + 360 * n / count) for n in range(count)]
    return [
        line(x + inner * math.cos(a), y + inner * math.sin(a), x + outer * math.cos(a), y + outer * math.sin(a))
        for a in angles
    ]


def box(left: float, top: float, right: float, bottom: float, radius: float = 2.0) -> list[Point]:
    """Return a rectangle with round corners."""
    r = radius
    corners = (
        (right - r, top + r, -90),
        (right - r, bottom - r, 0),
        (left + r, bottom - r, 90),
        (left + r, top + r, 180),
    )
    points = [point for x, y, begin in corners for point in arc(x, y, r, begin, begin + 90)]
    return [*points, points[0]]


_CORNERS = [line(3, 8, 3, 3, 8, 3), line(16, 3, 21, 3, 21, 8), line(21, 16, 21, 21, 16, 21), line(8, 21, 3, 21, 3, 16)]
_PLUG = [
    line(9, 3, 9, 8),
    line(15, 3, 15, 8),
    [*line(6, 8, 18, 8, 18, 12), *arc(12, 12, 6, 0, 180), (6, 8)],
    line(12, 18, 12, 22),
]

_PAPER = [closed(5, 3, 14, 3, 19.5, 8.5, 19.5, 21, 5, 21)]

STROKES: dict[str, Sequence[list[Point]]] = {
    # Tips; each has its own shape.
    "too_dark": [[*arc(11.5, 12.5, 9, 5.7, 264.3), *arc(16, 8, 7, 219.6, 50.4), arc(11.5, 12.5, 9, 5.7, 6)[0]]],
    "too_bright": [arc(12, 12, 4), *rays(12, 12, 7.5, 10)],
    "glare": [
        [
            *arc(2, 2, 8.4, 8, 82), *arc(2, 18.8, 8.4, -82, -8),
            *arc(18.8, 18.8, 8.4, 188, 262), *arc(18.8, 2, 8.4, 98, 172),
        ],
        line(19, 16, 19, 22), line(16, 19, 22, 19),
    ],
    "uneven": [arc(12, 12, 9), line(12, 3, 12, 21), line(12, 8, 19.6, 8), line(12, 12, 21, 12), line(12, 16, 19.6, 16)],
    "blurry": [
        [(3 + x, 7 + 2 * math.sin(x * math.pi / 4.5)) for x in np.linspace(0, 18, 40)],
        [(3 + x, 12 + 2 * math.sin(x * math.pi / 4.5)) for x in np.linspace(0, 18, 40)],
        [(3 + x, 17 + 2 * math.sin(x * math.pi / 4.5)) for x in np.linspace(0, 18, 40)],
    ],
    "colour_cast": [[(12, 3), *arc(12, 14.5, 6.8, -35, 215), (12, 3)], arc(12, 14.5, 3.2, 10, 100)],
    "too_far": [arc(10.5, 10.5, 7), line(15.7, 15.7, 21, 21), line(10.5, 7.5, 10.5, 13.5), line(7.5, 10.5, 13.5, 10.5)],
    "spot_small": [*_CORNERS, arc(12, 12, 2.2)],
    "spot_cut": [*_CORNERS, arc(12, 12, 8.5)],
    "spot_aside": [*_CORNERS, arc(17, 9, 2.6), line(14, 11, 9, 14), line(12.2, 14.6, 9, 14, 10.6, 11.2)],
    "no_skin": [*_CORNERS, line(9, 9, 15, 15), line(15, 9, 9, 15)],
    "poor_light": [
        [*arc(12, 9.5, 6.5, 125, 415), (14.5, 17), (9.5, 17), arc(12, 9.5, 6.5, 125, 126)[0]], line(10, 21, 14, 21),
    ],
    "ready": [arc(12, 12, 9), line(7.8, 12.3, 10.8, 15.3, 16.4, 9)],
    "hold": [arc(12, 12, 9), line(12, 7, 12, 12, 15.5, 14)],
    # Urgency.
    "urgent": [closed(8, 3, 16, 3, 21, 8, 21, 16, 16, 21, 8, 21, 3, 16, 3, 8), line(12, 7.5, 12, 12.5), dot(12, 16.3)],
    "soon": [closed(12, 3.5, 22, 20.5, 2, 20.5), line(12, 10, 12, 14), dot(12, 17.2)],
    "watch": [
        [*arc(12, 17.5, 11.5, -151, -29), *arc(12, 6.5, 11.5, 29, 151)], arc(12, 12, 3),
    ],
    "unsure": [arc(12, 12, 9), [*arc(12, 9.7, 2.8, 180, 395), (12, 13.3)], dot(12, 16.8)],
    "info": [arc(12, 12, 9), line(12, 11, 12, 16.5), dot(12, 7.6)],
    # Actions.
    "camera": [
        [
            *arc(5, 9, 2, 180, 270), *line(8, 7, 9.5, 4.5, 14.5, 4.5, 16, 7), *arc(19, 9, 2, -90, 0),
            *arc(19, 18, 2, 0, 90), *arc(5, 18, 2, 90, 180), (3, 9),
        ],
        arc(12, 13, 3.7),
    ],
    "photo": [box(3, 4, 21, 20), arc(8.5, 9.5, 1.6), line(4, 18, 10, 13, 13.2, 15.8, 16.5, 12.5, 20.6, 16.5)],
    "folder": [[*line(3, 18, 3, 5.5, 9.5, 5.5, 11.5, 8, 21, 8, 21, 18.5, 3, 18.5)]],
    "retake": [[*arc(12, 12.5, 8, -150, 170)], line(4.2, 4.5, 4.8, 9.2, 9.4, 8.6)],
    "save": [
        line(12, 3, 12, 15), line(7, 10.3, 12, 15.3, 17, 10.3), line(3.5, 15.5, 3.5, 20.5, 20.5, 20.5, 20.5, 15.5),
    ],
    "share": [
        line(12, 15, 12, 3), line(7.5, 7.3, 12, 2.8, 16.5, 7.3),
        line(8, 11, 4.5, 11, 4.5, 21, 19.5, 21, 19.5, 11, 16, 11),
    ],
    "document": [*_PAPER, line(14, 3, 14, 8.5, 19.5, 8.5), line(9, 13, 15.5, 13), line(9, 17, 15.5, 17)],
    "back": [line(20, 12, 4.5, 12), line(11, 5.5, 4.5, 12, 11, 18.5)],
    "up": [line(12, 20, 12, 4.5), line(5.5, 11, 12, 4.5, 18.5, 11)],
    "close": [line(5.5, 5.5, 18.5, 18.5), line(18.5, 5.5, 5.5, 18.5)],
    "forward": [line(9, 5, 16, 12, 9, 19)],
    "settings": [
        line(3, 6.5, 12, 6.5), line(17, 6.5, 21, 6.5), arc(14.5, 6.5, 2.2),
        line(3, 17.5, 6.5, 17.5), line(11.5, 17.5, 21, 17.5), arc(9, 17.5, 2.2),
    ],
    "gauge": [arc(12, 14, 9, 165, 375), line(12, 14, 16.2, 8.8), dot(12, 14)],
    "point": [arc(12, 12, 2.2)],
    "check": [line(4.5, 12.5, 9.8, 18, 19.5, 6.5)],
    # Source problems.
    "absent": [*_PLUG],
    "failed": [*_PLUG],
    "unplugged": [*_PLUG, line(3, 3, 21, 21)],
    "busy": [box(3, 3, 15, 15), box(9, 9, 21, 21)],
    "denied": [box(5, 11, 19, 21), [(8, 11), (8, 7.5), *arc(12, 7.5, 4, 180, 360), (16, 11)], dot(12, 16)],
    "unreadable": [*_PAPER, line(9.5, 11.5, 15, 17), line(15, 11.5, 9.5, 17)],
    "ended": [arc(12, 12, 9), box(9, 9, 15, 15, 0.5)],
}  # fmt: skip


@functools.lru_cache(maxsize=256)
def icon_mask(name: str, side: int) -> Mask:
    """Draw an icon.

    Args:
        name: one of `STROKES`.
        side: pixels, at least 1.

    Returns:
        uint8 [side, side], 255 on the strokes, row 0 on top. Read-only.
    """
    scale = OVERSAMPLING * side / GRID
    mask = np.zeros((OVERSAMPLING * side,) * 2, np.uint8)
    thickness = max(1, round(PEN * scale))
    for stroke in STROKES[name]:
        # A pixel's centre lies half a pixel into it.
        places = np.rint((np.array(stroke) * scale - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.polylines(mask, [places], False, 255, thickness, cv2.LINE_AA, _SHIFT)
    mask = np.asarray(cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    mask.flags.writeable = False
    return mask
